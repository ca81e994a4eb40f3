import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { FileLock } from "../../../engine/storage/lock.ts";
import { readRecord, recordPaths, studyStatus, writeRecord } from "../../../jobs/study/records.ts";
import { configOf, type Study } from "../../../jobs/study/study.ts";

Deno.test("studyStatus() tells waiting, running, done and failed points apart", async () => {
  const points = [..."abcdef"].map((name) => ({
    name,
    settings: { "optimizer.lr": name },
    fold: 1,
  }));
  const study: Study = { name: "s", folder: Deno.makeTempDirSync(), config: {}, points };
  const [waiting, stopped, running, done, failed, other] = points;
  const paths = recordPaths(study, stopped);
  Deno.mkdirSync(paths.folder);
  const hash = (point: typeof waiting) => configOf(study, point).hash;
  const results = [{ directory: "d", metric: "val_Accuracy", best: 0.5, test: null }];
  for (
    const [point, record] of [
      [stopped, { state: "begun" }],
      [running, { state: "begun" }],
      [done, { state: "done", results }],
      [failed, { state: "failed", reason: "the loss became NaN" }],
      [other, { state: "done", results, config: "changed" }],
    ] as const
  ) {
    await writeRecord(recordPaths(study, point).record, { config: hash(point), ...record });
  }
  using _lock = FileLock.take(recordPaths(study, running).lock, "taken");
  const status = studyStatus(study);
  assertEquals(status.map(({ state }) => state), [
    ...["waiting", "waiting", "running", "done", "failed", "failed"] as const,
  ]);
  assertEquals(status.map(({ index }) => index), [1, 2, 3, 4, 5, 6]);
  assertEquals(status[1].note, "stopped before its end, goes on there");
  assertEquals([status[3].results, status[4].note], [results, "the loss became NaN"]);
  assertEquals(status[5].note?.startsWith("it was made with another config: remove "), true);
  Deno.writeTextFileSync(paths.record, '{"state": "odd"}');
  assertThrows(() => readRecord(paths.record), DataError, "it is not the record of a point");
  Deno.removeSync(study.folder, { recursive: true });
});
