import { assertEquals, assertMatch } from "@std/assert";
import { serveCommand } from "../../cli/serve.ts";
import type { StopSignal } from "../../cli/signals.ts";
import { inFolder } from "../_training.ts";
import { listener } from "./_fakes.ts";

Deno.test("glovita_serve says where it serves, until a signal ends it", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/index.html`, "<p>here");
    const io = listener();
    const started = Promise.withResolvers<void>();
    let stop: (signal: StopSignal) => void = () => {};
    const ending = serveCommand([folder, "--port", "0"], {
      io: { ...io, out: (line: string) => (io.out(line), started.resolve()) },
      listen: (onSignal) => {
        stop = onSignal;
        return () => {};
      },
    });
    await started.promise;
    const [, url] = /^serving .* at (\S+),/.exec(io.outLines[0])!;
    assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    assertEquals(await (await fetch(url)).text(), "<p>here");
    stop("SIGINT");
    assertEquals(await ending, 130);
  });
});

Deno.test("glovita_serve names what is wrong with a command line", async () => {
  await inFolder(async (folder) => {
    const run = async (...words: readonly string[]) => {
      const io = listener();
      return [await serveCommand(words, { io, listen: () => () => {} }), io.errLines[0]];
    };
    assertEquals(await run(), [2, "DIR: expected a folder"]);
    assertEquals((await run(folder, folder))[0], 2);
    assertEquals((await run(folder, "--port", "70000"))[0], 2);
    const missing = `${folder}/missing`;
    assertEquals(await run(missing), [1, `Cannot serve "${missing}": there is no such folder`]);
    assertEquals((await run("--help"))[0], 0);
  });
});
