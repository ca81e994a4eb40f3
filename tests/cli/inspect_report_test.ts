import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { createInspectReport, renderInspection } from "../../cli/inspect_report.ts";
import { inspect } from "../../jobs/inspect/inspect.ts";
import { slideFeatures } from "../../plugins/dataset/slide_features.ts";
import { configure } from "../../registry/configure.ts";
import { PRODUCERS, SLIDES } from "../_slides.ts";
import { H5_FOLDER } from "../engine/storage/testdata.ts";
import { listener } from "./_fakes.ts";

Deno.test("renderInspection() shows slides by class, split and patient", async () => {
  const { root, ...dataset } = PRODUCERS.clam;
  const found = await inspect(root, { config: [configure(slideFeatures, dataset)] });
  const lines = renderInspection(JSON.parse(JSON.stringify(found).replaceAll(SLIDES, "slides")));
  assertEquals(lines, [
    "slides/clam/features/h5_files: 40 slides, 32 wide, float32",
    "  files      40 .h5",
    "  layout     bags of instances",
    "  instances  885 in all; per slide: min 1, median 22, max 52",
    "  values     885 rows read, no NaN, no Inf",
    '  labels     "label" of "slides/clam/dataset.csv", 40 rows',
    "",
    "  class   slides  train  val  test  patients  train  val  test",
    "  normal      20      9    6     5        13      6    4     3",
    "  tumor       20      9    5     6        13      6    3     4",
    "  all         40     18   11    11        26     12    7     7",
    "",
    '  splits  "slides/clam/splits/task_100/splits_0.csv"',
    "  leaks   none",
    "",
    "  no problems",
  ]);
});

Deno.test("renderInspection() shows a table of folds", async () => {
  const { root, ...dataset } = PRODUCERS.stamp;
  const found = await inspect(root, { config: [configure(slideFeatures, dataset)], scan: false });
  const lines = renderInspection(found);
  const head = lines.indexOf("  fold  train  val  test  leaks");
  assertEquals(lines.slice(head + 1, head + 5), [
    "  0        23    6    11      0",
    "  1        23    6    11      0",
    "  2        26    6     8      0",
    "  3        25    5    10      0",
  ]);
  assertStringIncludes(lines.join("\n"), "\n  values     not read\n");
});

Deno.test("renderInspection() shows datasets, attributes and classes of a file", async () => {
  const path = join(H5_FOLDER, "instance_f32_gzip_shuffle.h5");
  const lines = renderInspection(await inspect(path));
  assertEquals(lines.slice(0, 6), [
    `${path}: instances, 40 samples, 6 wide, float32`,
    "  values  40 rows read, no NaN, no Inf",
    "",
    "  dataset   dtype    shape    stored",
    "  features  float32  (40, 6)  chunks (8, 6), shuffle, gzip, fletcher32",
    "  labels    uint8    (40,)    in one piece",
  ]);
});

Deno.test("renderInspection() cuts long lists, and says how many are left", async () => {
  const found = await inspect(H5_FOLDER, { scan: false });
  const text = renderInspection(found).join("\n");
  const [, count] = / (\d+) problems\n/.exec(text)!;
  assertEquals(found.problems.length, Number(count));
  assertStringIncludes(text, `    … and ${Number(count) - 20} more; --json lists all`);
});

Deno.test("renderInspection() shows names as they are, but no control characters", () => {
  const problems = ['Cannot read "\u001b[31m.h5": it is truncated'];
  const lines = renderInspection({
    kind: "other",
    path: "\u001b[31m.h5",
    datasets: [],
    problems,
    notices: [],
  });
  assertEquals(lines.filter((line) => line.includes("\u001b")), []);
});

Deno.test("createInspectReport() writes a line now and then, where notes go", async () => {
  const io = listener();
  let time = 0;
  const report = await createInspectReport(io, () => time);
  const step = { step: "headers", path: "slides", total: 5000 } as const;
  report.show({ ...step, done: 1 });
  time += 10_000;
  report.show({ ...step, done: 2000 });
  report.show({ ...step, done: 2001 });
  time += 10_000;
  report.show({ step: "values", path: "slides", done: 12_345, total: 99_999 });
  report.close();
  assertEquals([io.outLines, io.errLines], [[], [
    "reading headers of slides: 2,000 of 5,000 files",
    "reading values of slides: 12,345 of 99,999 rows",
  ]]);
});
