/** Streams that take nothing more do not end a training. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { consoleIo, writeNote } from "../../cli/io.ts";
import { listener } from "./_fakes.ts";
import { inFolder, namesIn, runFlags, words, writeSplits } from "../_training.ts";

const SCRIPT = fileURLToPath(new URL("../../cli/train.ts", import.meta.url));
const LINUX = Deno.build.os === "linux";

Deno.test("consoleIo goes on where the console throws", () => {
  const { log, error } = console;
  const full = () => {
    throw new Error("No space left on device (os error 28)");
  };
  try {
    console.log = full;
    console.error = full;
    consoleIo.out("lost");
    consoleIo.err("lost");
  } finally {
    [console.log, console.error] = [log, error];
  }
});

Deno.test("writeNote() writes one line, whatever names are in it", () => {
  const io = listener();
  for (const name of ["a\nb", "\r\u001b[2Ka", "é"]) writeNote(io, `"${name}" is left out`);
  assertEquals(io.errLines, [
    'note: "a\\nb" is left out',
    'note: "\\r\\u001b[2Ka" is left out',
    'note: "é" is left out',
  ]);
});

/** Trains with its streams redirected by a shell. Returns the exit code, once it has ended. */
async function train(args: readonly string[], redirect: string): Promise<number> {
  const shell = `"$0" "$@" ${redirect}`;
  const deno = [Deno.execPath(), "run", "--quiet", "--no-check", "--no-prompt", "-A", SCRIPT];
  const { code } = await new Deno.Command("sh", {
    args: ["-c", shell, ...deno, ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return code;
}

Deno.test({
  name: "glovita_train ends well with full and closed streams, and fails with its own exit codes",
  ignore: !LINUX,
  async fn() {
    await inFolder(async (folder) => {
      const files = await writeSplits(folder);
      const redirects = [">/dev/full", ">/dev/full 2>&1", ">&-", ">&- 2>&-"];
      for (const [i, redirect] of redirects.entries()) {
        const flags = runFlags(files, { "logger.group": String(i) });
        assertEquals(await train(words(flags), redirect), 0, redirect);
        const checkpoints = join(
          flags.exp_dir,
          "precomputed_features",
          String(i),
          "0",
          "checkpoints",
        );
        assert((await namesIn(checkpoints)).includes("epoch_0001.pt"), redirect);
        assertEquals(await train([...words(flags), "--training.epochs=0"], redirect), 2, redirect);
        const missing = { ...flags, "data.train_features_file": join(folder, "none.h5") };
        assertEquals(
          await train(words({ ...missing, "logger.group": "x" }), redirect),
          1,
          redirect,
        );
      }
    });
  },
});

Deno.test("glovita_train goes on when nobody reads its lines any more", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--no-prompt",
        "-A",
        SCRIPT,
        ...words(runFlags(files)),
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    await process.stdout.cancel();
    await process.stderr.cancel();
    const { code } = await process.status;
    assertEquals(code, 0);
  });
});
