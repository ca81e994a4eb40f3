/** Two processes that train in one run directory, and what a first checkpoint cut off leaves. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { trainCommand } from "../../cli/train.ts";
import { canMount, needsMount, onSmallDisk } from "../_small_disk.ts";
import {
  checkpointBytes,
  type Flags,
  inFolder,
  namesIn,
  runFlags,
  runTrain,
  words,
  writeSplits,
} from "../_training.ts";
import { listener } from "./_fakes.ts";
import { HOLD_BATCH } from "./_hold.ts";
import { runProcess, startTrain } from "./_process.ts";

const PLUGIN = ["--plugin", fileURLToPath(new URL("./_hold.ts", import.meta.url))];
const FLAGS: Flags = { "training.epochs": "3", "task.metrics": '["acc", "hold"]' };
/** Batches in which a process is held: in the first epoch, and after a checkpoint. */
const [FIRST, LATER] = [2, 20];

async function command(flags: Flags): Promise<{ code: number; out: string[]; err: string[] }> {
  const io = listener();
  const code = await trainCommand(words(flags), { io, listen: () => () => {} });
  return { code, out: io.outLines, err: io.errLines };
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

Deno.test("glovita_train keeps another process off its run directory, and a dead one does not", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = runFlags(files, { ...FLAGS, "logger.group": "same" });
    const directory = join(flags.exp_dir, "precomputed_features", "same", "0");
    const refused = `Cannot train in "${directory}": another process is training in it`;
    const start = [...PLUGIN, ...words(flags)];
    const resume = [...PLUGIN, "--training.resume", directory];
    const held = async (args: readonly string[], batch: number) => {
      const running = startTrain(args, { env: { [HOLD_BATCH]: String(batch) } });
      await running.until(/^held$/);
      return running;
    };
    for (const [args, batch] of [[start, FIRST], [start, LATER], [resume, FIRST]] as const) {
      const running = await held(args, batch);
      const second = await runProcess(batch === LATER || args === resume ? resume : start);
      assertEquals([second.code, second.err], [1, [refused]]);
      running.kill("SIGKILL");
      assertEquals((await running.finished).signal, "SIGKILL");
    }
    const { code, err } = await runProcess(resume);
    assertEquals([code, err], [0, []]);
    assert(!(await namesIn(directory)).includes("run.lock"));
  });
});

Deno.test("glovita_train begins anew where the first checkpoint was never finished", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const whole = await runTrain(files, { "training.epochs": "2" });
    for (const left of [["metrics.json"], ["epoch_0000.pt"], ["epoch_0000.pt", "best.pt"]]) {
      const group = left.join("_");
      const flags = runFlags(files, { "training.epochs": "2", "logger.group": group });
      const { directory } = await runTrain(files, {
        "training.epochs": "1",
        "logger.group": group,
      });
      await Deno.copyFile(
        join(whole.directory, "resolved_config.json"),
        join(directory, "resolved_config.json"),
      );
      const cutOff = async () => {
        for (const name of await namesIn(join(directory, "checkpoints"))) {
          if (!left.includes(name)) await Deno.remove(join(directory, "checkpoints", name));
        }
        await Deno.writeTextFile(
          join(directory, "metrics.json"),
          '{"train": [{"epoch": 0, "loss": 9}], "val": [{"epoch": 0, "loss": 9}]}',
        );
      };
      await cutOff();
      const again = await command(flags);
      assertEquals([again.code, again.err], [0, []]);
      assertEquals(checkpointBytes(directory), checkpointBytes(whole.directory));
      await cutOff();
      const resumed = await command({ "training.resume": directory });
      const notice = `note: "${directory}" has no finished epoch: it begins anew`;
      assertEquals([resumed.code, resumed.err], [0, [notice]]);
      assertEquals(checkpointBytes(directory), checkpointBytes(whole.directory));
      const taken = await command(flags);
      assertEquals(taken.code, 2);
      assertStringIncludes(taken.err.join(), "holds a run, which --training.resume continues");
    }
  });
});

Deno.test({
  name: `glovita_train begins anew after a disk that was full at the first checkpoint${needsMount}`,
  ignore: !canMount,
  async fn() {
    await inFolder(async (folder) => {
      const files = await writeSplits(folder);
      const flags = { "training.epochs": "2", "logger.group": "g" };
      const whole = await runTrain(files, flags);
      const left = new Set<string>();
      for (const size of ["4k", "8k", "12k", "16k", "20k"]) {
        await onSmallDisk(size, async (disk, remount) => {
          const given = runFlags(files, { ...flags, exp_dir: disk });
          const directory = join(disk, "precomputed_features", "g", "0");
          const full = await command(given);
          assertEquals([full.code, full.err.length], [1, 1], full.err.join("\n"));
          assertStringIncludes(full.err[0], "the disk is full");
          const last = await exists(join(directory, "checkpoints", "last.pt"));
          const measured = await exists(join(directory, "metrics.json"));
          left.add(last ? "a run" : measured ? "numbers" : "less");
          await remount("size=4m");
          const { code, err } = await command(last ? { "training.resume": directory } : given);
          assertEquals([code, err], [0, []]);
          assertEquals(checkpointBytes(directory), checkpointBytes(whole.directory));
        });
      }
      assert(left.has("numbers") && left.has("less"), [...left].join());
    });
  },
});
