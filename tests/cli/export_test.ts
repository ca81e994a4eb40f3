/** `glovita_export` as a user types it. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { exportCommand } from "../../cli/export.ts";
import { inFolder, namesIn, runTrain, writeSplits } from "../_training.ts";
import { listener } from "./_fakes.ts";

async function run(...words: readonly string[]) {
  const io = listener();
  const code = await exportCommand(words, { io, listen: () => () => {} });
  return { code, out: io.outLines, err: io.errLines };
}

Deno.test("glovita_export says what the file takes, how it was checked, and where it is", async () => {
  await inFolder(async (folder) => {
    const { directory } = await runTrain(await writeSplits(folder));
    const output = join(folder, "new.onnx");
    const { code, out, err } = await run("--exp_dir", directory, "--output", output);
    assertEquals([code, err, out.length], [0, [], 5]);
    assertEquals(out.slice(0, 3), [
      `model ${directory}/checkpoints/best.pt`,
      "inputs: features [batch, 6]",
      "outputs: scores [batch, 3], logits [batch, 3]",
    ]);
    const checked = "checked on 16 samples of the run's data: scores differ from the checkpoint's";
    assert(out[3].startsWith(`${checked} by at most `), out[3]);
    assertMatch(out[3], /, logits by (0|[1-9]e-[0-9]+)$/);
    assertEquals(
      out[4],
      `exported: ${output}, ${(Deno.statSync(output).size / 1e3).toFixed(1)} kB`,
    );

    const last = join(directory, "checkpoints", "last.pt");
    await Deno.remove(join(folder, "test.h5"));
    const again = await run("--checkpoint_path", last, "--precision", "16");
    assertEquals([again.code, again.out[0]], [0, `model ${last}`]);
    assert(again.err[0].startsWith("note: the run's data cannot be read, random numbers are"));
    assertEquals((await namesIn(directory)).includes("model.onnx"), true);
  });
});

Deno.test("glovita_export names what is wrong with a command line", async () => {
  await inFolder(async (folder) => {
    assertEquals((await run("--exp_dir", folder)).code, 1);
    const missing = await run();
    assertEquals([missing.code, missing.err[0].startsWith("exp_dir: expected a run")], [2, true]);
    const { code, err } = await run("--exp_dir", folder, "--precision", "8", "--format", "tf");
    assertEquals([code, err.length], [2, 2]);
    assertEquals((await run("--help")).code, 0);
  });
});
