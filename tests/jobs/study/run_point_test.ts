import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { FileLock } from "../../../engine/storage/lock.ts";
import type { TrainEvent } from "../../../engine/train/events.ts";
import { pointsOf } from "../../../jobs/study/points.ts";
import { recordPaths, studyStatus } from "../../../jobs/study/records.ts";
import { runPoint } from "../../../jobs/study/run_point.ts";
import type { Study } from "../../../jobs/study/study.ts";
import { ConfigError } from "../../../registry/errors.ts";
import {
  checkpointBytes,
  type Flags,
  inFolder,
  runConfig,
  runTrain,
  writeSplits,
} from "../../_training.ts";

async function studyIn(folder: string, flags: Flags = {}): Promise<Study> {
  const config = { ...runConfig(await writeSplits(folder), flags) };
  const grid = { "optimizer.lr": [0.01, 0.1] };
  const points = pointsOf({ grid, list: null, random: null, folds: null });
  return { name: "rates", folder: join(folder, "rates"), config, points };
}

Deno.test("runPoint() trains a point once, from where it was stopped", async () => {
  await inFolder(async (folder) => {
    const study = await studyIn(folder, { "training.epochs": "3" });
    const [, point] = study.points;
    const abort = new AbortController();
    const trained: number[] = [];
    const onEvent = (event: TrainEvent) => {
      if (event.type !== "epoch") return;
      trained.push(event.epoch);
      if (trained.length === 2) abort.abort();
    };
    await assertRejects(
      () => runPoint(study, point, { signal: abort.signal, onEvent }),
      DOMException,
    );
    assertEquals(studyStatus(study).map(({ state }) => state), ["waiting", "waiting"]);
    const { kept, results } = await runPoint(study, point, { onEvent });
    assertEquals([kept, trained], [false, [0, 1, 2]]);
    const again = await runPoint(study, point, { onEvent });
    assertEquals([again, trained.length], [{ kept: true, results }, 3]);
    const [{ directory, metric, best, test }] = results;
    assertEquals(metric, "val_Accuracy");
    assert(best !== null && test !== null);
    const alone = await runTrain(
      { folder, ...files(folder) },
      { "training.epochs": "3", "optimizer.lr": "0.1" },
    );
    assertEquals(checkpointBytes(directory), checkpointBytes(alone.directory));
    const changed = { ...study, config: { ...study.config, random: 1 } };
    const refused = await assertRejects(() => runPoint(changed, point), DataError);
    assert(refused.message.includes("it was made with another config"), refused.message);
  });
});

function files(folder: string) {
  const of = (name: string) => join(folder, `${name}.h5`);
  return { train: of("train"), val: of("val"), test: of("test") };
}

Deno.test("runPoint() goes on with the folds of a cross-validation, and tells all of them", async () => {
  await inFolder(async (folder) => {
    const study = await studyIn(folder, { "training.cv_folds": "3", "training.epochs": "1" });
    const [point] = study.points;
    const abort = new AbortController();
    const onEvent = ({ type }: TrainEvent) => type === "done" && abort.abort();
    await assertRejects(
      () => runPoint(study, point, { signal: abort.signal, onEvent }),
      DOMException,
    );
    const { results } = await runPoint(study, point);
    assertEquals(results.map(({ directory }) => directory.at(-1)), ["0", "1", "2"]);
    assert(results.every(({ best }) => best !== null));
  });
});

Deno.test("runPoint() records why a point failed, and leaves those of others alone", async () => {
  await inFolder(async (folder) => {
    const study = await studyIn(folder);
    const [point, other] = study.points;
    const wrong = { ...study, config: { ...study.config, task: { metrics: ["none such"] } } };
    await assertRejects(() => runPoint(wrong, point), ConfigError);
    const [{ state, note }] = studyStatus(wrong);
    assertEquals([state, note?.includes("none such")], ["failed", true]);
    assertEquals(studyStatus(study)[0].note, "failed with another config");
    const { kept } = await runPoint(study, point);
    assertEquals([kept, studyStatus(study)[0].state], [false, "done"]);
    using _lock = FileLock.take(recordPaths(study, other).lock, "taken");
    await assertRejects(() => runPoint(study, other), DataError, "another process trains it");
    assertEquals(studyStatus(study)[1].state, "waiting");
  });
});
