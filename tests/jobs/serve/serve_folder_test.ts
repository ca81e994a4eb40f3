import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { serveFolder } from "../../../jobs/serve/serve_folder.ts";
import { inFolder } from "../../_training.ts";

Deno.test("serveFolder() serves what is in the folder, with the headers that threads need", async () => {
  await inFolder(async (folder) => {
    const site = join(folder, "site");
    await Deno.mkdir(site);
    await Deno.writeTextFile(join(site, "index.html"), "<p>here");
    await Deno.writeTextFile(join(site, "a b.wasm"), "1234");
    await Deno.writeTextFile(join(folder, "secret.txt"), "not for the web");
    await Deno.symlink(join(folder, "secret.txt"), join(site, "link.txt"));
    await using served = await serveFolder(site, { port: 0, base: "/below/" });
    const ask = async (path: string, method = "GET") => {
      const response = await fetch(new URL(path, served.url), { method });
      return {
        ...response,
        status: response.status,
        headers: response.headers,
        text: await response.text(),
      };
    };
    const { status, headers, text } = await ask("./");
    assertEquals([status, text], [200, "<p>here"]);
    assertEquals(
      ["cross-origin-opener-policy", "cross-origin-embedder-policy", "content-type"].map((name) =>
        headers.get(name)
      ),
      ["same-origin", "require-corp", "text/html; charset=utf-8"],
    );
    const wasm = await ask("a%20b.wasm", "HEAD");
    assertEquals([wasm.headers.get("content-type"), wasm.headers.get("content-length")], [
      "application/wasm",
      "4",
    ]);
    for (const path of ["no.txt", "%2e%2e%2fsecret.txt", "link.txt", "/index.html", "%ff"]) {
      assertEquals((await ask(path)).status, 404, path);
    }
    assertEquals((await ask("./", "POST")).status, 405);
  });
});

Deno.test("serveFolder() refuses what is not a folder, and a port that is in use", async () => {
  await inFolder(async (folder) => {
    const missing = join(folder, "missing");
    await assertRejects(
      () => serveFolder(missing, { port: 0 }),
      DataError,
      "there is no such folder",
    );
    const file = join(folder, "a.txt");
    await Deno.writeTextFile(file, "");
    await assertRejects(() => serveFolder(file, { port: 0 }), DataError, "it is not a folder");
    await using served = await serveFolder(folder, { port: 0 });
    const port = Number(new URL(served.url).port);
    await assertRejects(() => serveFolder(folder, { port }), DataError, `port ${port} is in use`);
  });
});
