/** Runs that are killed or stopped, as processes of their own, and go on. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import {
  checkpointBytes,
  type Flags,
  inFolder,
  namesIn,
  readRunJson,
  runFlags,
  runTrain,
  words,
  writeSplits,
} from "../_training.ts";
import { runProcess, startTrain } from "./_process.ts";

/** Enough epochs to be killed in, and everything that has state. */
const STATEFUL: Flags = {
  "training.epochs": "80",
  "model.head.dropout": "0.5",
  "dataloading.batch_size": "8",
  "dataloading.num_workers": "1",
  "training.gradient_accumulation_steps": "3",
  "training.gradient_clip_val": "0.5",
  "optimizer.name": "SGD",
};

/** Run directory that a group has. */
function groupDirectory(folder: string, group: string): string {
  return join(folder, "experiments", "precomputed_features", group, "0");
}

Deno.test("glovita_train that was killed goes on to the bytes of a run that never was", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const whole = await runTrain(files, STATEFUL);
    const directory = groupDirectory(folder, "killed");
    let command = words(runFlags(files, { ...STATEFUL, "logger.group": "killed" }));
    // Lines come when an epoch is done: the process dies in one of those after it.
    for (const epoch of [1, 7, 20]) {
      const running = startTrain(command);
      await running.until(new RegExp(`^epoch ${epoch}/80:`));
      running.kill("SIGKILL");
      const { signal } = await running.finished;
      assertEquals(signal, "SIGKILL", "the run was over before it could be killed");
      command = ["--training.resume", directory];
    }
    const { code, out, err } = await runProcess(command);
    assertEquals([code, err], [0, []]);
    assertStringIncludes(out.join("\n"), ", from epoch ");
    assertEquals(checkpointBytes(directory), checkpointBytes(whole.directory));
    assertEquals(checkpointBytes(directory, "best"), checkpointBytes(whole.directory, "best"));
    assertEquals(
      readRunJson(directory, "metrics.json"),
      readRunJson(whole.directory, "metrics.json"),
    );

    const finished = await runProcess(command);
    assertEquals([finished.code, finished.err], [0, []]);
    assertEquals(finished.out.slice(-2), out.slice(-2));
    assertEquals(checkpointBytes(directory), checkpointBytes(whole.directory));
  });
});

Deno.test("glovita_train stops at SIGTERM and says how to continue", async () => {
  for (const workers of ["0", "1"]) {
    await inFolder(async (folder) => {
      const files = await writeSplits(folder);
      const flags = {
        ...STATEFUL,
        "training.epochs": "2000",
        "dataloading.num_workers": workers,
        "logger.group": "stopped",
      };
      const running = startTrain(words(runFlags(files, flags)));
      await running.until(/^epoch 3\/2000:/);
      running.kill("SIGTERM");
      const { code, err } = await running.finished;
      const directory = groupDirectory(folder, "stopped");
      assertEquals([code, err], [143, [
        "SIGTERM: stopping after this batch; once more stops at once",
        `interrupted; continue with: glovita_train --training.resume ${directory}`,
      ]]);
      const files_ = [
        ...await namesIn(directory),
        ...await namesIn(join(directory, "checkpoints")),
      ];
      assert(!files_.some((name) => name.startsWith(".") || name.endsWith(".tmp")), `${files_}`);
    });
  }
});
