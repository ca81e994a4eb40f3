/** Runs that are killed or stopped, as processes of their own, and go on. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { registry } from "../../registry/registry.ts";
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
import { HOLD_BATCH, HOLD_EPOCH, holdingMetric } from "./_hold.ts";
import { runProcess, startTrain } from "./_process.ts";

registry.add(holdingMetric);

/** Everything that has state, and eleven batches an epoch. */
const STATEFUL: Flags = {
  "training.epochs": "12",
  "task.metrics": '["acc", "hold"]',
  "model.head.dropout": "0.5",
  "dataloading.batch_size": "8",
  "dataloading.num_workers": "1",
  "training.gradient_accumulation_steps": "3",
  "training.gradient_clip_val": "0.5",
  "optimizer.name": "SGD",
};

const PLUGIN = ["--plugin", fileURLToPath(new URL("./_hold.ts", import.meta.url))];

/** Batches at which a process is killed, and the epoch that was done last: training, validation. */
const HELD = [[13, 1], [31, 3], [28, 5]] as const;

/** Run directory that a group has. */
function groupDirectory(folder: string, group: string): string {
  return join(folder, "experiments", "precomputed_features", group, "0");
}

Deno.test("glovita_train that was killed goes on to the bytes of a run that never was", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const whole = await runTrain(files, STATEFUL);
    const directory = groupDirectory(folder, "killed");
    let command = [...PLUGIN, ...words(runFlags(files, { ...STATEFUL, "logger.group": "killed" }))];
    for (const [batch, epoch] of HELD) {
      const running = startTrain(command, { env: { [HOLD_BATCH]: String(batch) } });
      await running.until(/^held$/);
      running.kill("SIGKILL");
      const { signal, out } = await running.finished;
      assertEquals(signal, "SIGKILL");
      assertStringIncludes(out.at(-2)!, `epoch ${epoch}/12: `);
      command = [...PLUGIN, "--training.resume", directory];
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
        "dataloading.num_workers": workers,
        "logger.backend": "hold",
        "logger.group": "stopped",
      };
      const command = [...PLUGIN, ...words(runFlags(files, flags))];
      const running = startTrain(command, { env: { [HOLD_EPOCH]: "2" } });
      await running.until(/^held$/);
      running.kill("SIGTERM");
      const { code, out, err } = await running.finished;
      const directory = groupDirectory(folder, "stopped");
      assertStringIncludes(out.at(-1)!, "epoch 3/12: ");
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
