import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import type { TrainEvent } from "../../../engine/train/events.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { registry } from "../../../registry/registry.ts";
import { lion } from "../../_lion.ts";
import {
  checkpointBytes,
  type Files,
  type Flags,
  inFolder,
  listenTo,
  ofType,
  type Outcome,
  readRunJson,
  runTrain,
  writeSplits,
} from "../../_training.ts";

/** Whatever has state: dropout, shuffle, momentum, a schedule, accumulated gradients. */
const STATEFUL: Flags = {
  "training.epochs": "4",
  "model.head.dropout": "0.5",
  "training.gradient_accumulation_steps": "3",
  "training.gradient_clip_val": "0.5",
  "dataloading.batch_size": "8",
};

/** Trains until something happens. Returns the run directory. */
async function runUntil(
  files: Files,
  flags: Flags,
  stop: (event: TrainEvent) => boolean,
): Promise<string> {
  const abort = new AbortController();
  let directory = "";
  const onEvent = (event: TrainEvent) => {
    if (event.type === "run") directory = event.directory;
    if (stop(event)) abort.abort();
  };
  const { signal } = abort;
  const error = await assertRejects(
    () => runTrain(files, flags, { signal, onEvent }),
    DOMException,
  );
  assertEquals(error, signal.reason);
  return directory;
}

/** Goes on with a run, with nothing given but its directory and perhaps some flags. */
async function resumeRun(directory: string, flags: Flags = {}): Promise<Outcome> {
  const file = readRunJson(directory, "resolved_config.json");
  const given = { "training.resume": directory, ...flags };
  const list = Object.entries(given).map(([path, value]) => flag(path, value));
  return await listenTo(resolveConfig({ file, flags: list }, registry).config);
}

Deno.test("train() resumes to the same bytes, wherever and with whatever optimizer it stopped", async () => {
  registry.add(lion);
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    for (const [index, name] of ["SGD", "AdamW", "RMSprop", "Madgrad", "Muon", "Lion"].entries()) {
      const flags = { ...STATEFUL, "optimizer.name": name };
      const whole = await runTrain(files, flags);
      const epoch = 1 + index % 3;
      const stopped = await runUntil(
        files,
        flags,
        (event) => event.type === "batch" && event.epoch === epoch && event.batch === index,
      );
      const resumed = await resumeRun(stopped);
      assertEquals(resumed.directory, stopped);
      assertEquals(ofType(resumed.events, "run")[0].firstEpoch, epoch);
      for (const file of ["last", "best"]) {
        assertEquals(checkpointBytes(stopped, file), checkpointBytes(whole.directory, file));
      }
      for (const file of ["metrics.json", "resolved_config.json", "config.json"]) {
        assertEquals(readRunJson(stopped, file), readRunJson(whole.directory, file));
      }
      assertEquals({ ...resumed.done, directory: "" }, { ...whole.done, directory: "" });
    }
  });
});

Deno.test("train() resumes a finished run without harm", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const finished = await runTrain(files);
    const before = checkpointBytes(finished.directory);
    const numbers = readRunJson(finished.directory, "metrics.json");
    const { done, events } = await resumeRun(finished.directory);
    assertEquals(done, finished.done);
    assertEquals(events.map(({ type }) => type), ["run", "done"]);
    assertEquals(checkpointBytes(finished.directory), before);
    assertEquals(readRunJson(finished.directory, "metrics.json"), numbers);
  });
});

Deno.test("train() resumes for more epochs, in a directory of any name", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = { "optimizer.scheduler": "none", "training.best_checkpoint_metric": "val_loss" };
    const whole = await runTrain(files, { ...flags, "training.epochs": "4" });
    const short = await runTrain(files, { ...flags, "training.epochs": "2" });
    const moved = join(folder, "kept");
    await Deno.rename(short.directory, moved);
    const { done } = await resumeRun(moved, { "training.epochs": "4" });
    assertEquals([done.directory, done.fold], [moved, 0]);
    assertEquals(checkpointBytes(moved), checkpointBytes(whole.directory));
    const { training } = readRunJson<{ training: Record<string, unknown> }>(
      moved,
      "resolved_config.json",
    );
    assertEquals([training.epochs, training.resume], [4, null]);
  });
});

Deno.test("train() does not look for the initial weights of a run that it resumes", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const first = await runTrain(files);
    const weights = join(folder, "weights.pt");
    await Deno.writeFile(weights, checkpointBytes(first.directory));
    const started = await runTrain(files, { "training.init_checkpoint": weights });
    await Deno.remove(weights);
    const { done } = await resumeRun(started.directory);
    assertEquals(done, started.done);
  });
});

Deno.test("train() names what keeps it from resuming", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { directory } = await runTrain(files);
    const last = join(directory, "checkpoints", "last.pt");
    const bytes = await Deno.readFile(last);

    const wrong: [Flags, string][] = [
      [{ "training.seed": "5" }, "its run has seed 0, training.seed is 5"],
      [
        { "training.best_checkpoint_metric": "val_loss" },
        "its best checkpoint was chosen by val_Accuracy, now it would be val_loss",
      ],
      [{ "optimizer.name": "SGD" }, 'it has no entry "momentum_buffer"'],
    ];
    for (const [flags, message] of wrong) {
      const error = await assertRejects(() => resumeRun(directory, flags), DataError);
      assertEquals(error.message, `Cannot resume from "${last}": ${message}`);
    }

    await Deno.writeFile(last, bytes.subarray(0, bytes.length / 2));
    const damaged = await assertRejects(() => resumeRun(directory), DataError);
    assertStringIncludes(damaged.message, `"${last}"`);
    assert(!damaged.message.includes("\n"));

    await Deno.writeFile(last, bytes);
    await Deno.writeTextFile(join(directory, "metrics.json"), "{}");
    const metrics = await assertRejects(() => resumeRun(directory), DataError);
    assertEquals(metrics.message, `Cannot read "${directory}/metrics.json": it holds no metrics`);

    await Deno.remove(last);
    const missing = await assertRejects(() => resumeRun(directory), DataError);
    assertEquals(
      missing.message,
      `Cannot resume from "${last}": it does not exist, no epoch was finished`,
    );
  });
});

const THREE_FOLDS: Flags = { "training.cv_folds": "3", "training.epochs": "2" };

Deno.test("train() runs the folds of a cross-validation in one group", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { results, events } = await runTrain(files, THREE_FOLDS);
    const parents = new Set(results.map(({ directory }) => join(directory, "..")));
    assertEquals(parents.size, 1);
    assertEquals(results.map(({ directory }) => directory.at(-1)), ["0", "1", "2"]);
    assertEquals(results.map(({ fold }) => fold), [0, 1, 2]);
    assertEquals(ofType(events, "run").map(({ folds, samples }) => [folds, samples.train]), [
      [3, 40],
      [3, 40],
      [3, 40],
    ]);
    const other = await runTrain(files, { ...THREE_FOLDS, "data.test_features_file": "none" });
    assertEquals(ofType(other.events, "run")[0].samples, { train: 40, val: 20, test: 24 });
  });
});

Deno.test("train() resumes a cross-validation with the folds that are left", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const whole = await runTrain(files, THREE_FOLDS);
    let fold = -1;
    const stopped = await runUntil(files, THREE_FOLDS, (event) => {
      if (event.type === "run") fold = event.fold;
      return fold === 1 && event.type === "batch" && event.epoch === 1 && event.batch === 1;
    });
    assertEquals(stopped.at(-1), "1");
    const { results, events } = await resumeRun(stopped);
    assertEquals(results.map(({ fold }) => fold), [1, 2]);
    assertEquals(ofType(events, "run").map(({ firstEpoch }) => firstEpoch), [1, 0]);
    for (const { directory, fold } of results) {
      assertEquals(checkpointBytes(directory), checkpointBytes(whole.results[fold].directory));
      assertEquals(
        readRunJson(directory, "config.json"),
        readRunJson(whole.results[fold].directory, "config.json"),
      );
    }
    // From the first fold on, nothing is trained a second time.
    const again = await resumeRun(join(stopped, "..", "0"));
    assertEquals(ofType(again.events, "run").map(({ firstEpoch }) => firstEpoch), [
      2,
      2,
      2,
    ]);
    assertEquals(ofType(again.events, "epoch").length, 0);

    const moved = join(folder, "kept");
    await Deno.rename(stopped, moved);
    const error = await assertRejects(() => resumeRun(moved), ConfigError);
    assertEquals(
      error.message,
      `training.resume: expected the directory of a fold, 0 to 2, received "${moved}"`,
    );
  });
});
