/** Pages of runs that do not tell one class per sample: what they show and hand out is what infer writes. */
import {
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { join } from "node:path";
import { exportModel } from "../../jobs/export/export.ts";
import { infer } from "../../jobs/predict/infer.ts";
import { serveFolder } from "../../jobs/serve/serve_folder.ts";
import { loadHdf5Library } from "../../engine/storage/hdf5/library.ts";
import { bagFlags, writeBagSplits } from "../_bags.ts";
import { chromium, TestBrowser } from "../_chromium.ts";
import {
  classSamples,
  type Dataset,
  DIM,
  type Files,
  inFolder,
  runTrain,
  writeSplits,
} from "../_training.ts";
import { choose, farthest, press, ready, rowsOf, statusOf, trainEpoch } from "./_pages.ts";

/** Targets that are told from the first features. */
function samples(columns: number, target: (feature: number) => number) {
  return (count: number, seed: number): Record<string, Dataset> => {
    const { features } = classSamples(count, seed);
    const data = Float32Array.from({ length: count * columns }, (_, at) => {
      const row = Math.floor(at / columns);
      return target(Number(features.data[row * DIM + at % columns]));
    });
    return { features, labels: { data, shape: [count, columns] } };
  };
}

/** Flags of a run that learns something. */
const QUICK = { "optimizer.lr": "0.1", "optimizer.warmup_epochs": "0" };

const LABELS = ["mass", "effusion", "hernia"];

/** What a page shows of a test file, which is what infer writes of it. */
interface Told {
  readonly status: string;
  /** The model, and the files or slides. */
  readonly model: string;
  readonly headings: readonly string[];
  /** Names of the columns. */
  readonly columns: readonly string[];
  /** First row of the table, and of infer's. */
  readonly first: readonly string[];
  readonly expected: readonly string[];
  /** What stands below the buttons. */
  readonly notes: readonly string[];
}

/** Names classes, as feature files do. */
async function nameClasses(path: string, names: readonly string[]): Promise<void> {
  const { h5wasm } = await loadHdf5Library();
  const file = new h5wasm.File(path, "a");
  file.create_attribute("class_names", JSON.stringify(names));
  file.close();
}

/** Files of three labels per sample, with names. */
async function writeLabelled(folder: string): Promise<Files> {
  const files = await writeSplits(folder, samples(3, (feature) => Number(feature > 0.5)));
  for (const path of [files.train, files.val, files.test]) await nameClasses(path, LABELS);
  return files;
}

/** Drops the test file on the page of a run, or of a group. */
async function tell(browser: TestBrowser, exp_dir: string, test: string): Promise<Told> {
  const site = join(exp_dir, "page");
  await exportModel({ exp_dir, browser: site });
  await using served = await serveFolder(site, { port: 0 });
  const { page, complaints } = await browser.open(served.url);
  await ready(page);
  await choose(page, "#content", test);
  await page.waitForSelector(".scroll[role=region], #status.error");
  const texts = (selector: string) =>
    page.$$eval(selector, (all) => all.map((one) => one.textContent ?? ""));
  const status = await statusOf(page);
  const [model] = await texts("header p");
  await press(page, "Download CSV");
  const said = rowsOf(await browser.downloaded("test.csv"));
  const pred_output = join(exp_dir, "infer.csv");
  await infer([{ exp_dir, split: "test", pred_output }]);
  const expected = rowsOf(await Deno.readFile(pred_output));
  // Measured: 3e-7.
  assertLess(farthest(said, expected), 1e-4);
  const told = {
    ...{ status, model, headings: await texts("h2") },
    columns: await texts(".scroll[role=region] th"),
    first: await texts(".scroll[role=region] tbody tr:first-child td"),
    expected: Object.values(expected[0]),
    notes: await texts("section div > p.quiet"),
  };
  assertEquals(complaints, []);
  await page.close();
  return told;
}

/** Columns are as named, and the first row is infer's, rounded. */
function requireRow({ columns, first, expected }: Told, names: readonly string[]): void {
  assertEquals(columns, names);
  assertEquals(first.length, expected.length);
  for (const [at, text] of first.entries()) {
    assertAlmostEquals(Number(text), Number(expected[at]), 1e-4, columns[at]);
  }
}

/** Trains an epoch in the page; what it says, and what the curves are called. */
async function trainOnce(browser: TestBrowser, exp_dir: string, { train, val }: Files) {
  await using served = await serveFolder(join(exp_dir, "page"), { port: 0 });
  const { page, complaints } = await browser.open(`${served.url}train.html`);
  await trainEpoch(page, { train, val });
  const curves = await page.$$eval("figcaption", (all) => all.map((one) => one.textContent));
  const status = await statusOf(page);
  assertEquals(complaints, []);
  await page.close();
  return { status, curves };
}

Deno.test({
  name: "pages of other targets show and hand out what infer writes",
  ignore: chromium === undefined,
  async fn(t) {
    await inFolder(async (folder) => {
      await using browser = await TestBrowser.start();

      for (const columns of [1, 2]) {
        await t.step(`regression of ${columns}`, async () => {
          const files = await writeSplits(folder, samples(columns, (feature) => 3 * feature - 2));
          const { directory, done } = await runTrain(files, {
            ...QUICK,
            "data.task": "Regression",
            "data.num_classes": String(columns),
            "model.head.head_type": "regression",
            "model.head.out_dim": String(columns),
            "logger.group": `regression_${columns}`,
          });
          const told = await tell(browser, directory, files.test);
          requireRow(
            told,
            columns === 1
              ? ["id", "label", "value"]
              : ["id", "label 0", "label 1", "value 0", "value 1"],
          );
          const [, error] = /^test.h5: 18 samples predicted, mean absolute error (.*)$/
            .exec(told.status) ?? [];
          assertAlmostEquals(Number(error), done.test!.test_MAE, 1e-4);
          assertEquals(told.notes, []);
          const { status, curves } = await trainOnce(browser, directory, files);
          assertMatch(status, /^Epoch 1 of 1: loss [\d.]+, mean absolute error [\d.]+$/);
          assertEquals(curves, ["Loss", "Mean absolute error"]);
        });
      }

      await t.step("several labels", async () => {
        const files = await writeLabelled(folder);
        const flags = { ...QUICK, "data.subtask": "multilabel", "logger.group": "labels" };
        const { directory } = await runTrain(files, flags);
        const told = await tell(browser, directory, files.test);
        requireRow(told, [
          "id",
          ...["label", "predicted", "prob"].flatMap((kind) =>
            LABELS.map((name) => `${kind} ${name}`)
          ),
        ]);
        assertMatch(
          told.status,
          /^test.h5: 18 samples predicted, all labels right in [\d.]+% of them$/,
        );
        assertEquals(told.notes, ["A label is predicted above 0.5."]);
        const { status, curves } = await trainOnce(browser, directory, files);
        assertMatch(status, /^Epoch 1 .* accuracy [\d.]+ \(all labels of a sample right\)$/);
        assertEquals(curves, ["Loss", "Accuracy"]);
      });

      await t.step("folds of features as one model", async () => {
        const files = await writeSplits(folder);
        const flags = { "training.cv_folds": "2", "logger.group": "folds" };
        const { directory } = await runTrain(files, flags);
        const told = await tell(browser, join(directory, ".."), files.test);
        assertStringIncludes(told.model, "precomputed_features/folds, the mean of 2 models.");
        requireRow(told, [
          ...["id", "label", "predicted"],
          ...["prob", "sd"].flatMap((kind) => [0, 1, 2].map((at) => `${kind} ${at}`)),
        ]);
        assertMatch(told.status, /^test.h5: 18 samples predicted, [\d.]+% as labelled$/);
        assertEquals(told.notes, ["sd is the standard deviation over the models."]);
      });

      await t.step("folds of bags as one model", async () => {
        const files = await writeBagSplits(folder);
        const flags = bagFlags({ "training.cv_folds": "2", "logger.group": "bags" });
        const { directory } = await runTrain(files, flags);
        const told = await tell(browser, join(directory, ".."), files.test);
        requireRow(told, ["id", "label", "predicted", "prob 0", "prob 1", "sd 0", "sd 1"]);
        assertMatch(told.headings[0], /^0: predicted class [01]$/);
        assertStringIncludes(told.model, "precomputed_features/bags, the mean of 2 models.");
      });
    });
  },
});
