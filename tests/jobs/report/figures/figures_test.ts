import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Predictions } from "../../../../engine/data/predictions.ts";
import { drawFigure, type Figure } from "../../../../jobs/report/figures/figure.ts";
import { comparisonFigure, subjectFigures } from "../../../../jobs/report/figures/figures.ts";
import { collectSubjects } from "../../../../jobs/report/subjects.ts";
import { inFolder } from "../../../_training.ts";
import { madeClasses, madeLabels, madeNumbers, madeRun, REGRESSION } from "../_made_runs.ts";
import type { RunFacts } from "../../runs/_runs.ts";

async function figuresOf(predictions: Predictions, facts: RunFacts = {}): Promise<Figure[]> {
  return await inFolder(async (folder) => {
    const path = await madeRun(folder, "data/group/0", predictions, facts);
    return subjectFigures(collectSubjects([path]).subjects[0]);
  });
}

function find(figures: readonly Figure[], id: string): Figure {
  const found = figures.find((figure) => figure.id === id);
  assert(found, `no figure "${id}" among ${figures.map(({ id }) => id).join(", ")}`);
  return found;
}

const CLASSIFIED = ["roc_curves", "pr_curves", "reliability", "scores"];

Deno.test("classes have curves, a confusion matrix and reliability; each is drawn, with its words", async () => {
  const figures = await figuresOf(madeClasses(120, 3, { classNames: ["a", "b & b", "<c>"] }));
  assertEquals(figures.map(({ id }) => id), [
    "learning_curves",
    "confusion_matrix",
    ...CLASSIFIED,
  ]);
  for (const figure of figures) {
    const { wide, phone, title } = await drawFigure(figure);
    for (const svg of [wide, phone]) {
      assertStringIncludes(svg, `<title>${title}</title><desc>`);
      assert(!/NaN|undefined|Infinity/.test(svg), title);
    }
    const columns = figure.table.columns.length;
    assert(columns > 1 && figure.table.rows.every((row) => row.length === columns), title);
  }
});

Deno.test("the confusion matrix counts as the evaluation does", async () => {
  const scores = Float32Array.of(0.9, 0.1, 0.2, 0.8, 0.6, 0.4);
  const labels = { values: Int32Array.of(0, 0, 1), width: 1 };
  const figures = await figuresOf(
    madeClasses(3, 2, { classNames: ["cat", "dog"], scores, labels }),
  );
  const { table, description } = find(figures, "confusion_matrix");
  assertEquals(table, {
    columns: ["true \\ predicted", "cat", "dog"],
    rows: [["cat", "1 (50%)", "1 (50%)"], ["dog", "1 (100%)", "0"]],
  });
  assertStringIncludes(description, "1 of 3 predictions are right.");
});

Deno.test("the curve of two classes is that of the second one, with its area and interval", async () => {
  const figures = await figuresOf(madeClasses(100, 2, { classNames: ["benign", "malignant"] }));
  const { table: { rows, columns }, description } = find(figures, "roc_curves");
  assertEquals([rows.length, rows[0][0], columns[1]], [1, "malignant", "AUC"]);
  assert(
    /AUC: malignant 0\.\d+ \[0\.\d+, [01]\.\d+\]\. The band is/.test(description),
    description,
  );
  assertEquals([rows[0][2] !== "–", rows[0].at(-1)], [true, "1"]);
});

/** The band around a curve, as it is drawn. */
function bandOf(figure: Figure): { readonly low: number; readonly high: number }[] {
  const spec = figure.spec(480);
  assert("layer" in spec);
  const [{ data, mark }] = spec.layer as { data: { values: [] }; mark: { type: string } }[];
  assertEquals(mark.type, "area");
  return data.values;
}

Deno.test("the band of perfect scores has no width, that of others holds the curve", async () => {
  const labels = { values: Int32Array.from({ length: 40 }, (_, at) => at % 2), width: 1 };
  const scores = Float32Array.from({ length: 80 }, (_, at) => (at >> 1) % 2 === at % 2 ? 0.9 : 0.1);
  const perfect = await figuresOf(madeClasses(40, 2, { labels, scores }));
  for (const id of ["roc_curves", "pr_curves"]) {
    for (const { low, high } of bandOf(find(perfect, id))) assertEquals([low, high], [1, 1]);
  }
  const figures = await figuresOf(madeClasses(200, 2));
  const roc = find(figures, "roc_curves");
  const band = bandOf(roc);
  // The table has the curve at every tenth, the band is drawn at every fiftieth.
  const curve = roc.table.rows[0].slice(2).map(Number);
  curve.forEach((height, at) => {
    const { low, high } = band[at * 5];
    assert(
      low - 1e-4 <= height && height <= high + 1e-4 && low <= high,
      `${low} ${height} ${high}`,
    );
  });
  assert(band.some(({ low, high }) => high - low > 0.02));
});

Deno.test("more classes than 30 are shown by the pairs that are confused most", async () => {
  const figures = await figuresOf(madeClasses(400, 40));
  assertEquals(figures.map(({ id }) => id), ["learning_curves", "confused_pairs", ...CLASSIFIED]);
  const { table: { rows } } = find(figures, "confused_pairs");
  const counts = rows.map((row) => Number(row[2]));
  assertEquals(rows.length, 30);
  assertEquals(counts, counts.toSorted((a, b) => b - a));
  assertStringIncludes(find(figures, "roc_curves").description, "The other 36 classes are grey");
});

Deno.test("labels have a row each", async () => {
  const figures = await figuresOf(madeLabels(80, 3), {
    config: { data: { subtask: "multilabel" } },
  });
  assertEquals(figures.map(({ id }) => id), ["learning_curves", "labels", ...CLASSIFIED]);
  const { rows } = find(figures, "labels").table;
  assertEquals(
    rows.map(([name, ...counts]) => [name, counts.reduce<number>((a, b) => a + Number(b), 0)]),
    [
      ["label 0", 80],
      ["label 1", 80],
      ["label 2", 80],
    ],
  );
});

Deno.test("regression has points, residuals and errors by target", async () => {
  const figures = await figuresOf(madeNumbers(90), { config: REGRESSION });
  assertEquals(figures.map(({ id }) => id), [
    "learning_curves",
    "predicted_true",
    "residuals",
    "mae_by_target",
  ]);
  for (const figure of figures) assert(!(await drawFigure(figure)).wide.includes("NaN"));
  const { rows } = find(figures, "residuals").table;
  assertEquals(rows.reduce((sum, row) => sum + Number(row[2]), 0), 90);
});

Deno.test("a run of one epoch has points in its curves", async () => {
  const figures = await figuresOf(madeClasses(30, 3), { accuracy: [0.5] });
  const { wide } = await drawFigure(find(figures, "learning_curves"));
  assert(!/NaN|Infinity/.test(wide));
  assertEquals(find(figures, "learning_curves").table.rows.length, 1);
});

Deno.test("folds have a dot each, and runs are compared with their intervals", async () => {
  await inFolder(async (folder) => {
    for (const fold of [0, 1]) await madeRun(folder, `data/cv/${fold}`, madeClasses(60 + fold, 3));
    await madeRun(folder, "data/single/0", madeClasses(90, 3));
    const { subjects } = collectSubjects([folder]);
    const cv = subjects.find(({ name }) => name === "cv")!;
    const folds = find(subjectFigures(cv), "folds");
    assertEquals(folds.table.columns.slice(0, 3), ["metric", "fold 0", "fold 1"]);
    const [figure] = comparisonFigure(subjects);
    await drawFigure(figure);
    await drawFigure(folds);
    const rows = new Map(figure.table.rows.map(([name, number]) => [name, String(number)]));
    assert(/^0\.\d+ ± 0\.\d+$/.test(rows.get("cv")!), rows.get("cv"));
    assert(/^0\.\d+ \[0\.\d+, [01]\.\d+\]$/.test(rows.get("single")!), rows.get("single"));
    assertEquals(comparisonFigure([cv]), []);
  });
});
