/** Packing that is stopped or killed, and goes on. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { inFolder } from "../../_training.ts";
import { contentOf, namesIn, packInto, PRODUCERS } from "./_slides.ts";

const SCRIPT = fileURLToPath(new URL("_hold.ts", import.meta.url));
const ALL = ["bags_test.h5", "bags_train.h5", "bags_val.h5"];

function contents(folder: string) {
  return Promise.all(ALL.map((name) => contentOf(join(folder, "packed", name))));
}

Deno.test("pack() stops within a slide's time, and goes on with what is not finished", async () => {
  await inFolder(async (folder) => {
    const abort = new AbortController();
    const stopping = packInto(folder, PRODUCERS.clam, {
      signal: abort.signal,
      onEvent(event) {
        if (event.type === "progress" && event.split === "val" && event.done === 3) abort.abort();
      },
    });
    await assertRejects(() => stopping, DOMException);
    assertEquals(namesIn(folder), ["bags_train.h5"]);
    const { files, notices } = await packInto(folder, { ...PRODUCERS.clam, resume: "true" });
    assertEquals(files.map(({ kept }) => kept), [true, false, false]);
    assertEquals(
      notices,
      ["val", "test"].map((split) => `${split}: no finished file is there, packed anew`),
    );
    await inFolder(async (other) => {
      await packInto(other, PRODUCERS.clam);
      assertEquals(await contents(folder), await contents(other));
    });
  });
});

Deno.test("pack() goes on where its process was killed, and clears up", async () => {
  await inFolder(async (folder) => {
    const process = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--no-check", "--allow-read", "--allow-write", "--allow-ffi"],
        ...["--allow-env", "--allow-sys", SCRIPT, folder, JSON.stringify(PRODUCERS.trident)],
        ...["val", "2"],
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const { value } = await reader.read();
    assertEquals(value, "held\n");
    process.kill("SIGKILL");
    await reader.cancel();
    await process.status;
    const left = namesIn(folder);
    assertEquals(left.filter((name) => !name.endsWith(".tmp")), ["bags_train.h5"]);
    assertEquals(left.filter((name) => name.startsWith(".bags_val.h5.")).length, 1);
    const { files } = await packInto(folder, { ...PRODUCERS.trident, resume: "true" });
    assertEquals(files.map(({ kept }) => kept), [true, false, false]);
    assertEquals(namesIn(folder), ALL);
    await inFolder(async (other) => {
      await packInto(other, PRODUCERS.trident);
      assertEquals(await contents(folder), await contents(other));
    });
  });
});
