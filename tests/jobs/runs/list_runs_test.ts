import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { listRuns } from "../../../jobs/runs/list_runs.ts";
import { inFolder } from "../../_training.ts";
import { writeRun } from "./_runs.ts";

const CV = { training: { cv_folds: 3 } };

Deno.test("listRuns() lists groups of all datasets by the time of their start", async () => {
  await inFolder(async (folder) => {
    await writeRun(folder, "bags/late/0", { info: { started: "2026-03-01T00:00:00.000Z" } });
    await writeRun(folder, "cells/first/0", { info: { started: "2026-01-01T00:00:00.000Z" } });
    await writeRun(folder, "bags/middle/4", { info: { started: "2026-02-01T00:00:00.000Z" } });
    Deno.mkdirSync(join(folder, "bags", "empty", "0"), { recursive: true });
    Deno.mkdirSync(join(folder, "notes"));
    Deno.writeTextFileSync(join(folder, "notes", "0"), "");
    const names = (path: string) =>
      listRuns(path).map(({ dataset, group }) => `${dataset}/${group}`);
    assertEquals(names(folder), ["cells/first", "bags/middle", "bags/late"]);
    assertEquals(names(join(folder, "bags")), ["bags/middle", "bags/late"]);
    assertEquals(names(join(folder, "bags", "late")), ["bags/late"]);
    assertEquals(names(join(folder, "bags", "late", "0")), ["bags/late"]);
    assertEquals(names(join(folder, "notes")), []);
  });
});

Deno.test("listRuns() gives the folds of a group as one run: mean and deviation, sums of epochs", async () => {
  await inFolder(async (folder) => {
    for (const [fold, value] of [0.5, 0.6, 0.9].entries()) {
      const facts = { config: CV, accuracy: [0, 0, value], test: value / 2, info: { seconds: 2 } };
      await writeRun(folder, `data/cv/${fold}`, facts);
    }
    const [{ runs, best, test, ...run }] = listRuns(folder);
    assertEquals([run.state, run.folds, run.epochs, run.seconds], [
      "finished",
      { found: 3, planned: 3 },
      { done: 9, planned: 9 },
      6,
    ]);
    assertEquals([best?.metric, test?.metric], ["val_Accuracy", "test_Accuracy"]);
    assertAlmostEquals(best!.value, 2 / 3, 1e-12);
    assertAlmostEquals(best!.sd!, Math.sqrt((1 / 36 + 1 / 225 + 49 / 900) / 2), 1e-12);
    assertAlmostEquals(test!.value, 1 / 3, 1e-12);
    assertEquals(runs.map(({ fold }) => fold), [0, 1, 2]);
  });
});

Deno.test("listRuns() says where a mean is not over all folds", async () => {
  await inFolder(async (folder) => {
    await writeRun(folder, "data/cv/0", { config: CV, test: 0.5 });
    await writeRun(folder, "data/cv/1", { config: CV });
    await writeRun(folder, "data/cv/2", { config: CV, test: 0.7 });
    const [{ best, test }] = listRuns(folder);
    assertEquals([best?.folds, test?.folds], [undefined, 2]);
    assertAlmostEquals(test!.value, 0.6, 1e-12);
  });
});

Deno.test("listRuns() keeps groups whose folds are missing, unfinished or damaged", async () => {
  await inFolder(async (folder) => {
    await writeRun(folder, "data/a_missing/0", { config: CV });
    await writeRun(folder, "data/b_unfinished/0", { config: CV });
    await writeRun(folder, "data/b_unfinished/1", { config: CV, accuracy: [0.5] });
    await writeRun(folder, "data/c_damaged/0", { config: CV });
    const broken = await writeRun(folder, "data/c_damaged/1", { config: CV });
    Deno.writeTextFileSync(broken.file("resolvedConfig"), "{");
    const found = listRuns(folder).map(({ state, folds, epochs, head }) => [
      state,
      `${folds.found}/${folds.planned}`,
      `${epochs.done}/${epochs.planned}`,
      head,
    ]);
    assertEquals(found, [
      ["unfinished", "1/3", "3/9", "classification"],
      ["unfinished", "2/3", "4/9", "classification"],
      ["damaged", "2/3", "3/undefined", "classification"],
    ]);
  });
});

Deno.test("listRuns() refuses what is not a folder", () => {
  const message = 'Cannot list runs: "no such folder" is not a folder';
  assertThrows(() => listRuns("no such folder"), DataError, message);
});
