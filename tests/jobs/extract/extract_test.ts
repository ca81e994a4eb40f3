import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import * as v from "valibot";
import { DataError } from "../../../engine/errors.ts";
import { openFeatureFile } from "../../../engine/features/feature_file.ts";
import { Hdf5File } from "../../../engine/storage/hdf5/hdf5.ts";
import { loadHdf5Library } from "../../../engine/storage/hdf5/library.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { extractFeatures } from "../../../jobs/extract/extract.ts";
import { resolveExtractConfig } from "../../../registry/config/extract.ts";
import { flag } from "../../../registry/config/flag.ts";
import type { EncoderPlugin } from "../../../registry/plugin.ts";
import { extract, extractConfig, extractionRegistry, WIDTH } from "../../_extraction.ts";
import { canMount, needsMount, onSmallDisk } from "../../_small_disk.ts";

interface Content {
  readonly features: number[][];
  readonly labels: number[];
  readonly ids: readonly string[];
  readonly attributes: ReadonlyMap<string, unknown>;
}

async function read(path: string, labels: "class" | "regression" = "class"): Promise<Content> {
  const file = await openFeatureFile(path, { labels });
  const { h5wasm } = await loadHdf5Library();
  const handle = new h5wasm.File(path, "r");
  const ids = handle.get("sample_ids");
  const names = ids !== null && "value" in ids ? ids.value as unknown as string[] : [];
  handle.close();
  using open = await Hdf5File.open(path);
  const rows = await open.dataset("features");
  const values = rows.readRows(0, rows.rows);
  return {
    features: Array.from(
      { length: file.length },
      (_, i) => [...values.subarray(i * WIDTH, (i + 1) * WIDTH)],
    ),
    labels: [...file.labels.values],
    ids: names,
    attributes: open.attributes(),
  };
}

const one = { split: "train", output_filename: "out.h5", precision: "32" };

Deno.test("extractFeatures() extracts a fraction of the training split where one is asked for", async () => {
  const flags = { precision: "32", "data.data_fraction": "0.5" };
  const { files, events } = await extract(Deno.makeTempDirSync(), flags);
  assertEquals(files.map(({ split, samples }) => [split, samples]), [["train", 11], ["val", 22]]);
  const notices = events.flatMap((event) => event.type === "notice" ? event.message : []);
  assertEquals(notices.filter((line) => line.includes("data_fraction")), [
    "11 of 22 training samples are extracted (data.data_fraction 0.5)",
  ]);
  const half = await read(files[0].file);
  const { files: [all] } = await extract(Deno.makeTempDirSync(), one);
  const whole = await read(all.file);
  const rows = half.ids!.map((id) => whole.ids!.indexOf(id));
  assertEquals(half.features, rows.map((row) => whole.features[row]));
  assertEquals(half.labels, rows.map((row) => whole.labels[row]));
  assertEquals(rows.toSorted((a, b) => a - b), rows);
  assertEquals(half.attributes.get("data_fraction"), 0.5);
});

Deno.test("extractFeatures() writes one row per sample, in the dataset's order", async () => {
  const folder = Deno.makeTempDirSync();
  const { files, events } = await extract(folder);
  assertEquals(files.map(({ split, samples, skipped, kept }) => [split, samples, skipped, kept]), [
    ["train", 22, 0, false],
    ["val", 22, 0, false],
  ]);
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
    "agg_joint_tiny_v1_0_made_up_train_size2_float16.h5",
    "agg_joint_tiny_v1_0_made_up_val_size2_float16.h5",
  ]);
  const { labels, ids, attributes } = await read(files[0].file);
  assertEquals(labels, Array.from({ length: 22 }, (_, i) => i % 3));
  assertEquals(ids[4], "class 1/bild-ä-4.png");
  assertEquals(attributes.get("encoder"), '{"encoder_type":"tiny","type":"tiny/v1.0","scale":1}');
  assertEquals(attributes.get("class_names"), '["a","b","c"]');
  assertEquals(attributes.get("image_size"), "2x2");
  assertEquals(attributes.get("samples"), 22);
  const told = events.map((event) => event.type === "notice" ? event.message : event.type);
  assertEquals(told, [
    "the dataset has no test split",
    "the encoder has its initial weights: nothing was learned",
    ...["split", "progress", "file"],
    ...["split", "progress", "file"],
  ]);
});

Deno.test("extractFeatures() stores float16 within its rounding of float32", async () => {
  const folder = Deno.makeTempDirSync();
  const name = { split: "val", output_filename: "{precision}.h5" };
  const { files: [half] } = await extract(folder, { ...name, precision: "16" });
  const { files: [full] } = await extract(folder, { ...name, precision: "32" });
  const [a, b] = [await read(half.file), await read(full.file)];
  for (const [i, row] of b.features.entries()) {
    assertEquals(a.features[i], row.map((value) => Math.f16round(value)));
  }
  assert(b.features.flat().some((value) => Math.f16round(value) !== value));
});

Deno.test("extractFeatures() gives the same numbers with any number of threads", async () => {
  const folder = Deno.makeTempDirSync();
  const results = [];
  for (const workers of ["1", "3"]) {
    const flags = { ...one, output_filename: `${workers}.h5`, "dataloading.num_workers": workers };
    const { files } = await extract(folder, flags);
    results.push((await read(files[0].file)).features);
  }
  assertEquals(results[0], results[1]);
});

Deno.test("extractFeatures() leaves broken samples out where the dataset allows it", async () => {
  const folder = Deno.makeTempDirSync();
  const broken = { ...one, "data.broken": "[1,8,9,10,11,21]" };
  const { files: [whole] } = await extract(folder, { ...one, output_filename: "whole.h5" });
  const error = await assertRejects(() => extract(folder, broken), DataError);
  assertEquals(error.message, 'Cannot read "image 1": it is broken');
  assertEquals(error.index, 1);
  const { files: [part], events } = await extract(folder, { ...broken, "data.strict": "false" });
  assertEquals([part.samples, part.skipped], [16, 6]);
  assertEquals(events.filter(({ type }) => type === "notice").length, 7);
  const [a, b] = [await read(whole.file), await read(part.file)];
  const kept = a.ids.map((_, i) => i).filter((i) => ![1, 8, 9, 10, 11, 21].includes(i));
  assertEquals(b.ids, kept.map((i) => a.ids[i]));
  assertEquals(b.labels, kept.map((i) => a.labels[i]));
  for (const [row, i] of kept.entries()) {
    for (const [at, value] of b.features[row].entries()) {
      assert(Math.abs(value - a.features[i][at]) < 1e-6);
    }
  }
  const all = { ...one, "data.length": "4", "data.strict": "false", "data.broken": "[0,1,2,3]" };
  const none = await assertRejects(() => extract(folder, all), DataError);
  assertEquals(
    none.message,
    `Cannot write "${join(folder, "out.h5")}": none of 4 samples could be read`,
  );
});

Deno.test("extractFeatures() keeps real-valued targets", async () => {
  const folder = Deno.makeTempDirSync();
  const { files } = await extract(folder, { ...one, "data.regression": "true" });
  const { labels } = await read(files[0].file, "regression");
  assertEquals(labels, Array.from({ length: 22 }, (_, i) => i / 4));
});

Deno.test("extractFeatures() goes on with resume where it was stopped", async () => {
  const folder = Deno.makeTempDirSync();
  const { files: [whole] } = await extract(folder, { ...one, output_filename: "whole.h5" });
  const four = { ...one, "dataloading.batch_size": "4" };
  const abort = new AbortController();
  const stopping = extractFeatures(extractConfig(folder, four), {
    registry: extractionRegistry(),
    signal: abort.signal,
    onEvent: ({ type }) => type === "progress" && abort.abort(),
  });
  await assertRejects(() => stopping, DOMException);
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
    "out.h5.partial",
    "whole.h5",
  ]);
  const { files: [rest], events } = await extract(folder, { ...four, resume: "true" });
  const begun = events.find(({ type }) => type === "split");
  assert(begun?.type === "split" && begun.done > 0 && begun.done < 22);
  assertEquals(await content(rest.file), await content(whole.file));
  const again = await extract(folder, { ...four, resume: "true" });
  assertEquals(again.files.map(({ kept, samples }) => [kept, samples]), [[true, 22]]);
});

/** What must not depend on how a file was made. */
async function content(path: string): Promise<unknown> {
  const { features, labels, ids } = await read(path);
  return { features, labels, ids };
}

Deno.test({
  name: `extractFeatures() keeps what is done where the disk is full${needsMount}`,
  ignore: !canMount,
  async fn() {
    const { files: [whole] } = await extract(Deno.makeTempDirSync(), one);
    await onSmallDisk("12k", async (disk, remount) => {
      await assertRejects(() => extract(disk, one), DataError, "the disk is full");
      assertEquals([...Deno.readDirSync(disk)].map(({ name }) => name), ["out.h5.partial"]);
      await remount("size=1m");
      const { files: [file], events } = await extract(disk, { ...one, resume: "true" });
      assert(events.some((event) => event.type === "split" && event.done > 0));
      assertEquals(await read(file.file), await read(whole.file));
    });
  },
});

Deno.test("extractFeatures() does not go on with other work", async () => {
  const folder = Deno.makeTempDirSync();
  await extract(folder, one);
  const kept = await assertRejects(
    () => extract(folder, { ...one, resume: "true", "model.encoder.scale": "2" }),
    DataError,
  );
  const out = join(folder, "out.h5");
  const scale = (value: number) => `{"encoder_type":"tiny","type":"tiny/v1.0","scale":${value}}`;
  assertEquals(
    kept.message,
    `Cannot keep "${out}": its encoder is ${scale(1)}, expected ${scale(2)}; remove it, or run ` +
      "without resume",
  );
  const others = [
    [{ precision: "16" }, "its precision is 32, expected 16"],
    [{ "data.length": "20" }, "it holds other samples"],
  ] as const;
  for (const [flags, state] of others) {
    const error = await assertRejects(
      () => extract(folder, { ...one, ...flags, resume: "true" }),
      DataError,
    );
    assert(error.message.includes(state), error.message);
  }
});

Deno.test("extractFeatures() joins shards to the file of one run", async () => {
  const folder = Deno.makeTempDirSync();
  const { files: [whole] } = await extract(folder, { ...one, output_filename: "whole.h5" });
  for (const shard of ["3/3", "1/3", "2/3"]) await extract(folder, { ...one, shard });
  const { files: [joined] } = await extract(folder, { ...one, merge: "3" });
  assertEquals(await read(joined.file), await read(whole.file));
  const { files: [found] } = await extract(folder, { ...one, resume: "true" });
  assertEquals([found.kept, found.file], [true, joined.file]);
  const missing = await assertRejects(() => extract(folder, { ...one, merge: "4" }), DataError);
  assert(missing.message.includes("4 of 4 parts are missing: out.shard-1-of-4.h5"));
  const { files: [found2] } = await extract(folder, { ...one, merge: "auto" });
  assertEquals(await read(found2.file), await read(whole.file));
  const many = await assertRejects(() => extract(folder, { ...one, shard: "12/12" }), ConfigError);
  assertEquals(
    many.message,
    'shard: expected at most 11 parts of the 22 samples of "made up", received "12/12"',
  );
});

Deno.test("extractFeatures() joins no shards of which one is damaged", async () => {
  const folder = Deno.makeTempDirSync();
  // Files of float16 keep names in a heap without checksum.
  const half = { ...one, precision: "16" };
  for (const shard of ["1/2", "2/2"]) await extract(folder, { ...half, shard });
  const path = join(folder, "out.shard-2-of-2.h5");
  const whole = Deno.readFileSync(path);
  const text = new TextDecoder("latin1").decode(whole);
  const refused = async (from: number, to: number, ...states: string[]) => {
    Deno.writeFileSync(path, whole.slice().fill(0, from, to));
    const error = await assertRejects(() => extract(folder, { ...half, merge: "2" }), DataError);
    assert(error.message.includes("out.shard-2-of-2.h5"), error.message);
    for (const state of states) assert(error.message.includes(state), error.message);
  };
  const heap = text.lastIndexOf("GCOL");
  await refused(heap, heap + 8, "is damaged");
  await refused(heap + 16, heap + 2000, "is damaged");
  const name = text.indexOf("sample_ids");
  await refused(name, name + 10, "it is a damaged HDF5 file (a link has no name)");
  const missing = ['dataset "sample_ids" is missing, "', 'shard-1-of-2.h5" has it'];
  await refused(name + 6, name + 10, ...missing);
  Deno.writeFileSync(path, whole);
  const { files: [joined] } = await extract(folder, { ...half, merge: "2" });
  assertEquals((await read(joined.file)).ids.length, 22);
});

Deno.test("extractFeatures() reads whole batches for an encoder that takes no fewer", async () => {
  // The feature of a sample is the number of samples that were read with it.
  const code = `export const openSource = () => ({
    read: ({ length }) => ({ features: new Float32Array(length).fill(length) }),
    close() {},
  });`;
  const module = `data:text/javascript,${encodeURIComponent(code)}`;
  const batched = (batch?: number): EncoderPlugin => ({
    slot: "encoder_type",
    key: "batched",
    description: "reads batches",
    config: v.strictObject({}),
    preprocessing: () => ({ channels: 3, imageSize: [2, 2] }),
    create: () => ({
      output: "features",
      embedDim: 1,
      reader: { inputShape: [1], batch, wrap: () => ({ module, options: {} }) },
      forward: (rows) => rows,
    }),
  });
  for (const [batch, sizes] of [[undefined, [2, 2]], [1, [2, 2]], [5, [5, 2]]] as const) {
    const registry = extractionRegistry();
    registry.add(batched(batch));
    const words = { "data.dataset": "made_up", "model.encoder.encoder_type": "batched", ...one };
    const flags = Object.entries({ ...words, output_dir: Deno.makeTempDirSync() })
      .map(([path, value]) => flag(path, value));
    const { config } = resolveExtractConfig({ flags }, registry);
    const [{ file }] = await extractFeatures(config, { registry });
    using open = await Hdf5File.open(file);
    const rows = (await open.dataset("features")).readRows(0, 22);
    assertEquals([rows[0], rows[21]], [...sizes]);
  }
});

Deno.test("extractFeatures() finds out what is wrong before any work", async () => {
  const folder = Deno.makeTempDirSync();
  const file = join(folder, "file");
  Deno.writeTextFileSync(file, "");
  const cases: [Record<string, string>, string][] = [
    [{ output_filename: "{splt}.h5" }, "output_filename: expected placeholders of"],
    [{ output_filename: "same.h5" }, "output_filename: expected {split} in the name"],
    [{ output_filename: "{split.h5" }, "output_filename: expected closed braces"],
    [{ shard: "3/2" }, 'shard: expected a part from 1/2 to 2/2, received "3/2"'],
    [{ checkpoint_path: "no.pt" }, 'Cannot read checkpoint "no.pt": it does not exist'],
    [{ output_dir: join(file, "deep") }, `Cannot write "${join(file, "deep")}": `],
    [
      { "data.augmentation.test_policy": "plian" },
      'data.augmentation.test_policy: expected one of "default", "plain", received "plian", ' +
      'did you mean "plain"?',
    ],
    [
      { "data.augmentation.test_kwargs": '{"maen":1}' },
      'data.augmentation.test_kwargs.maen: expected a field of policy "plain", received an ' +
      'unknown name, did you mean "mean"?',
    ],
    [
      { use_eval_transform_for_train: "false" },
      'data.augmentation.train_policy: expected one of "default", "plain", received "shaky"',
    ],
  ];
  for (const [flags, message] of cases) {
    const error = await assertRejects(() => extract(folder, flags), Error);
    assert(error.message.startsWith(message), error.message);
    assert(error instanceof ConfigError || error instanceof DataError, error.stack);
  }
  assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["file"]);
});

Deno.test("extractFeatures() refuses values that float16 cannot hold", async () => {
  const folder = Deno.makeTempDirSync();
  const large = { ...one, precision: "16", "model.encoder.scale": "1e5" };
  const error = await assertRejects(() => extract(folder, large), DataError);
  assert(
    /^Cannot store "class 0\/bild-ä-0.png": a feature is -?\d+.*, float16 ends at 65504; use --precision 32$/
      .test(error.message),
    error.message,
  );
});
