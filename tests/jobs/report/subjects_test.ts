import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { evaluatePredictions } from "../../../jobs/evaluate/evaluate.ts";
import { collectSubjects } from "../../../jobs/report/subjects.ts";
import { inFolder } from "../../_training.ts";
import { madeClasses, madeNumbers, madeRun, REGRESSION } from "./_made_runs.ts";

Deno.test("a run is shown by its test split, with the numbers of its table", async () => {
  await inFolder(async (folder) => {
    const predictions = madeClasses(60, 3);
    const path = await madeRun(folder, "data/group/0", predictions);
    const { title, subjects: [subject], notices } = collectSubjects([path]);
    assertEquals([title, subject.name, subject.dataset, subject.split, notices], [
      "group",
      "group",
      "data",
      "test",
      [],
    ]);
    const { metrics } = evaluatePredictions(predictions);
    assertEquals(subject.evaluation!.metrics.Accuracy, metrics.Accuracy);
    assertEquals([subject.headline, subject.folds], ["Accuracy", undefined]);
  });
});

Deno.test("a run without a test split is shown by its validation split, and --split chooses", async () => {
  await inFolder(async (folder) => {
    const path = await madeRun(folder, "data/group/0", madeClasses(60, 3), { split: "val" });
    assertEquals(collectSubjects([path]).subjects[0].split, "val");
    assertEquals(collectSubjects([path], { split: "test" }).subjects[0].split, undefined);
  });
});

Deno.test("numbers that training has written are taken as they are", async () => {
  await inFolder(async (folder) => {
    const predictions = madeClasses(60, 3);
    const path = await madeRun(folder, "data/group/0", predictions);
    const written = evaluatePredictions(predictions, { resamples: 7 });
    const file = join(path, "metrics_test.json");
    Deno.writeTextFileSync(file, JSON.stringify(written));
    const bootstrap = () => collectSubjects([path]).subjects[0].evaluation!.bootstrap.resamples;
    assertEquals(bootstrap(), 7);
    Deno.writeTextFileSync(file, '{"metrics": {"Accuracy": {"value": 1}}}');
    assertEquals(bootstrap(), 1000);
    Deno.writeTextFileSync(file, "[]");
    const { message } = assertThrows(() => collectSubjects([path]), DataError);
    assertEquals(message, `Cannot read "${file}": it holds no evaluation`);
  });
});

Deno.test("metrics that the run was trained with are among its numbers", async () => {
  await inFolder(async (folder) => {
    const config = { task: { metrics: ["kappa", "mae"] } };
    const path = await madeRun(folder, "data/group/0", madeClasses(60, 3), { config });
    const names = Object.keys(collectSubjects([path]).subjects[0].evaluation!.metrics);
    assertEquals([names.some((name) => /kappa/i.test(name)), names.includes("MAE")], [true, false]);
  });
});

Deno.test("folds of a group are one subject; one of them alone says which it is", async () => {
  await inFolder(async (folder) => {
    for (const fold of [0, 1, 2]) {
      await madeRun(folder, `data/group/${fold}`, madeClasses(60 + fold * 3, 3));
    }
    const { subjects: [group, ...others] } = collectSubjects([join(folder, "data/group")]);
    assertEquals([group.name, group.runs.length, group.folds?.folds, others], ["group", 3, 3, []]);
    assertEquals(group.evaluation!.n.samples, 60 + 63 + 66);
    const { subjects: [run] } = collectSubjects([join(folder, "data/group/1")]);
    assertEquals([run.name, run.runs.length, run.folds], ["group/1", 1, undefined]);
  });
});

Deno.test("a folder of experiments leaves out what is damaged, and says so", async () => {
  await inFolder(async (folder) => {
    await madeRun(folder, "data/a/0", madeClasses(60, 3));
    await madeRun(folder, "other/a/0", madeNumbers(60), { config: REGRESSION });
    const broken = await madeRun(folder, "data/b/0", madeClasses(60, 3));
    const table = join(broken, "predictions_test.csv");
    Deno.writeTextFileSync(table, "id,predicted,prob_0,prob_1\na,0,0.25,0.75\n");
    const { subjects, notices } = collectSubjects([folder]);
    assertEquals(subjects.map(({ name }) => name).sort(), ["data/a", "other/a"]);
    const problem = `Cannot read "${table}": line 2: it predicts 0, its probabilities say 1`;
    assertEquals(notices, [`left out: ${problem}`]);
    assertEquals(assertThrows(() => collectSubjects([broken]), DataError).message, problem);
  });
});

Deno.test("runs without labels or tables have no evaluation", async () => {
  await inFolder(async (folder) => {
    const { labels: _labels, ...unlabelled } = madeClasses(60, 3);
    const path = await madeRun(folder, "data/group/0", unlabelled);
    assertEquals(collectSubjects([path]).subjects[0].evaluation, undefined);
    Deno.removeSync(join(path, "predictions_test.csv"));
    assertEquals(collectSubjects([path]).subjects[0].evaluation, undefined);
  });
});

Deno.test("a path without runs is refused by its name", async () => {
  await inFolder((folder) => {
    const missing = join(folder, "x");
    const refused = (path: string) =>
      assertThrows(() => collectSubjects([path]), DataError).message;
    assertEquals(
      refused(missing),
      `Cannot report on "${missing}": it is not a run, a group of runs or a folder of them`,
    );
    assert(refused(folder).endsWith("there are no runs in it"));
    return Promise.resolve();
  });
});
