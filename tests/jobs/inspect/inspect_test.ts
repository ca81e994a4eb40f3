import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { FeatureWriter } from "../../../engine/features/feature_writer.ts";
import { inspect } from "../../../jobs/inspect/inspect.ts";
import { precomputedFeatures } from "../../../plugins/dataset/precomputed_features.ts";
import { slideFeatures } from "../../../plugins/dataset/slide_features.ts";
import "../../../plugins/mod.ts";
import { configure } from "../../../registry/configure.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { SLIDES, writeSlide, writeTensor } from "../../_slides.ts";
import { writeHdf5 } from "../../_training.ts";
import {
  H5_FOLDER,
  NPY_FOLDER,
  readManifest,
  TemporaryFolder,
} from "../../engine/storage/testdata.ts";
import { inspectAs } from "./_found.ts";

Deno.test("inspect() finds nothing wrong with good feature files, and says what they are", async () => {
  for (const [name, good] of Object.entries(readManifest().good)) {
    const { problems, layout, dtype, scan, ...found } = await inspectAs(
      "feature_file",
      join(H5_FOLDER, name),
    );
    const stored = good.dtype === ">f4" ? "float32" : good.dtype;
    assertEquals([problems, layout, dtype], [[], good.layout, stored], name);
    const { shape } = found.datasets.find((dataset) => dataset.name === "features")!;
    assertEquals([found.embedDim, shape], [shape.at(-1), good.shape ?? shape], name);
    assertEquals(scan, { rows: shape[0], nanRows: 0, infRows: 0 }, name);
    const lengths = found.instances && [found.instances.min, found.instances.max];
    const { lengths: wanted } = good;
    if (wanted) assertEquals(lengths, [Math.min(...wanted), Math.max(...wanted)], name);
  }
});

Deno.test("inspect() says what is wrong with each bad feature file", async () => {
  for (const name of Object.keys(readManifest().bad)) {
    const path = join(H5_FOLDER, name);
    const { kind, problems, notices } = await inspect(path);
    if (kind === "slide") {
      // Features without labels are those of a slide.
      assertEquals([problems, notices.length], [[], 1], name);
      continue;
    }
    assertEquals(problems.length, 1, name);
    assertMatch(problems[0], /^Cannot (read|use|inspect) "/, name);
    assertStringIncludes(problems[0], path, name);
  }
});

Deno.test("inspect() shows chunks, compression and attributes", async () => {
  const packed = await inspectAs("feature_file", join(H5_FOLDER, "instance_f32_gzip_shuffle.h5"));
  const { chunks, filters } = packed.datasets.find(({ name }) => name === "features")!;
  assertEquals([chunks, filters], [[8, 6], ["shuffle", "gzip", "fletcher32"]]);
  const stamp = join(SLIDES, "stamp", "uni2-0a1b2c3d", "00001", "00001_1.h5");
  const slide = await inspectAs("slide", stamp);
  assertEquals([slide.key, slide.dtype, slide.shape], ["feats", "float16", [48, 32]]);
  assertEquals([slide.attributes.unit, slide.attributes.tile_size_px], ["um", 224]);
});

Deno.test("inspect() counts bags, classes and patients of a packed file", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("bags.h5");
  const writer = await FeatureWriter.create(path, { embedDim: 2 });
  for (const [bag, label] of [0, 2, 2].entries()) {
    writer.appendBag(new Float32Array(2 + 4 * bag), label);
  }
  writer.close();
  const { instances, targets, samples } = await inspectAs("feature_file", path);
  assertEquals([samples, instances], [3, { min: 1, median: 3, max: 5, total: 9 }]);
  const counts = targets?.classes.map(({ name, all }) => [name, all.samples]);
  assertEquals(counts, [["0", 1], ["2", 2]]);
});

Deno.test("inspect() reads labels as the dataset does", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("multilabel.h5");
  await writeHdf5(path, {
    features: { data: new Float32Array(6), shape: [3, 2] },
    labels: { data: Float32Array.of(0, 1, 1, 1, 0, 1), shape: [3, 2] },
  });
  const wrong = await inspectAs("feature_file", path);
  assertEquals(wrong.problems, [
    `Cannot read "${path}": dataset "labels" has 2 dimensions, class labels have 1`,
  ]);
  assertEquals(wrong.notices, [
    "labels of 2 columns are for data.subtask multilabel or regression",
  ]);
  const right = await inspectAs("feature_file", path, { labels: "multilabel" });
  assertEquals(right.problems, []);
  assertEquals(right.targets?.classes.map(({ all }) => all.samples), [1, 3]);
  const regression = await inspectAs("feature_file", path, { labels: "regression" });
  assertEquals(regression.targets?.values["0"], { min: 0, median: 0, max: 1, total: 1 });

  const files = { train_features_file: path, val_features_file: path };
  const dataset = { num_classes: 3, subtask: "multilabel", ...files } as const;
  const config = [configure(precomputedFeatures, dataset)];
  const { problems } = await inspectAs("feature_file", path, { config });
  assertEquals(problems, [
    `Cannot use "${path}": dataset "labels" has 2 targets per sample, data.num_classes is 3`,
  ]);
});

Deno.test("inspect() refuses classes beyond data.num_classes", async () => {
  const path = join(H5_FOLDER, "instance_f32.h5");
  const config = [configure(slideFeatures, { num_classes: 3 })];
  const { problems } = await inspectAs("feature_file", path, { config });
  assertEquals(problems, [
    `Cannot use "${path}": dataset "labels" holds class 3 at 0, data.num_classes is 3`,
  ]);
});

Deno.test("inspect() reads values only where it is asked to", async () => {
  const path = join(H5_FOLDER, "features_nan.h5");
  const quick = await inspectAs("feature_file", path, { scan: false });
  assertEquals([quick.problems, quick.scan], [[], undefined]);
  const { problems, scan } = await inspectAs("feature_file", path);
  assertEquals(problems, [`Cannot use "${path}": dataset "features", row 2 holds NaN`]);
  assertEquals(scan, { rows: 6, nanRows: 1, infRows: 0 });
});

Deno.test("inspect() knows slides by their content: tensors and arrays", async () => {
  using folder = new TemporaryFolder();
  const path = await writeTensor(
    folder.file("slide.pt"),
    [1, 3, 2],
    Float32Array.of(1, 2, 3, Infinity, 5, 6),
  );
  const { format, instances, embedDim, problems } = await inspectAs("slide", path);
  assertEquals([format, instances, embedDim], ["PyTorch", 3, 2]);
  assertEquals(problems, [`Cannot use "${path}": row 1 holds Inf`]);
  assertEquals((await inspectAs("slide", join(NPY_FOLDER, "f4_le.npy"))).format, "NumPy");
});

Deno.test("inspect() refuses a slide without instances", async () => {
  using folder = new TemporaryFolder();
  const path = await writeSlide(folder.file("slide.h5"), [0, 2]);
  const { problems } = await inspectAs("slide", path);
  assertEquals(problems, [`Cannot use "${path}": it holds no instances`]);
});

Deno.test("inspect() says what it cannot inspect", async () => {
  using folder = new TemporaryFolder();
  const text = folder.file("notes.md");
  await Deno.writeTextFile(text, "Slides of May");
  const expected: [string, string][] = [
    [
      text,
      `Cannot inspect "${text}": it is text that begins "Slides of May", not a feature file or a ` +
      "checkpoint",
    ],
    [folder.file("nothing"), `Cannot read "${folder.file("nothing")}": the file does not exist`],
    [
      join(SLIDES, "clam", "patches", "00001_1.h5"),
      `Cannot use "${join(SLIDES, "clam", "patches", "00001_1.h5")}": it has no dataset of ` +
      'features (features, feats, patch_embeddings), it holds "coords"',
    ],
  ];
  for (const [path, problem] of expected) {
    assertEquals((await inspectAs("other", path)).problems, [problem]);
  }
});

Deno.test("inspect() tells how far it is, and stops", async () => {
  const path = join(H5_FOLDER, "instance_f32.h5");
  const steps: unknown[] = [];
  await inspect(path, { onProgress: (progress) => steps.push(progress) });
  assertEquals(steps, [{ step: "values", path, done: 40, total: 40 }]);
  await assertRejects(() => inspect(path, { signal: AbortSignal.abort() }), DOMException);
});

Deno.test("inspect() refuses options that contradict each other", async () => {
  const both = { labels_file: "a.csv", split_file: "a.json", split_column: "split" };
  const config = [configure(slideFeatures, both)];
  const message = "expected data.split_file or data.split_column, not both";
  await assertRejects(() => inspect(SLIDES, { config }), ConfigError, message);
});
