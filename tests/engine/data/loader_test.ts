import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { Loader, type LoaderOptions } from "../../../engine/data/loader.ts";
import { readEpochs, samplesOf } from "./read_epochs.ts";
import { syntheticSplit } from "./synthetic_source.ts";

const BAGS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5];

Deno.test("Loader.epoch() gives rows, labels and indices in order", async () => {
  const batches = await readEpochs(syntheticSplit(5), { batchSize: 2 }, [0]);
  assertEquals(batches, [
    {
      features: Float32Array.of(0, 1, 1000, 1001),
      rows: 2,
      size: 2,
      lengths: undefined,
      labels: Int32Array.of(0, 1),
      indices: Int32Array.of(0, 1),
    },
    {
      features: Float32Array.of(2000, 2001, 3000, 3001),
      rows: 2,
      size: 2,
      lengths: undefined,
      labels: Int32Array.of(2, 0),
      indices: Int32Array.of(2, 3),
    },
    {
      features: Float32Array.of(4000, 4001),
      rows: 1,
      size: 1,
      lengths: undefined,
      labels: Int32Array.of(1),
      indices: Int32Array.of(4),
    },
  ]);
});

Deno.test("Loader.epoch() packs bags", async () => {
  const [batch] = await readEpochs(syntheticSplit([2, 1], { rowSize: 1 }), { batchSize: 2 });
  assertEquals(batch.features, Float32Array.of(0, 10, 1000));
  assertEquals(batch.lengths, Int32Array.of(2, 1));
  assertEquals([batch.rows, batch.size], [3, 2]);
});

Deno.test("Loader.epoch() gives targets of several columns", async () => {
  const values = Float32Array.of(0, 1, 10, 11, 20, 21);
  const split = { ...syntheticSplit(3), labels: { values, width: 2 } };
  const batches = await readEpochs(split, { batchSize: 2, subset: Int32Array.of(2, 0, 1) }, [0]);
  assertEquals(batches.map((batch) => batch.labels), [
    Float32Array.of(20, 21, 0, 1),
    Float32Array.of(10, 11),
  ]);
});

Deno.test("Loader.epoch() gives the same batches whatever the workers", async () => {
  const options = { batchSize: 3, shuffle: true, seed: 7, maxInstances: 4 };
  const expected = await readEpochs(syntheticSplit(BAGS), { ...options, workers: 0 });
  for (const workers of [1, 2, 3]) {
    for (const reuseBuffers of [false, true]) {
      const batches = await readEpochs(syntheticSplit(BAGS), { ...options, workers, reuseBuffers });
      assertEquals(batches, expected);
    }
  }
});

Deno.test("Loader.epoch() shuffles by seed and epoch", async () => {
  const options = { batchSize: 4, shuffle: true, seed: 1, workers: 0 };
  const samples = samplesOf(await readEpochs(syntheticSplit(30), options, [4]));
  assertEquals(samples.toSorted((a, b) => a - b), Array.from({ length: 30 }, (_, i) => i));
  const again = samplesOf(await readEpochs(syntheticSplit(30), options, [5, 4]));
  assertEquals(again.slice(30), samples);
  assertNotEquals(again.slice(0, 30), samples);
  const other = samplesOf(await readEpochs(syntheticSplit(30), { ...options, seed: 2 }, [4]));
  assertNotEquals(other, samples);
});

Deno.test("Loader leaves out the last batch with dropLast", async () => {
  const batches = await readEpochs(syntheticSplit(11), { batchSize: 4, dropLast: true }, [0]);
  assertEquals(batches.map((batch) => batch.size), [4, 4]);
});

Deno.test("Loader ends an epoch after maxBatches, with other samples each time", async () => {
  const options = { batchSize: 4, shuffle: true, seed: 1, maxBatches: 2 };
  const batches = await readEpochs(syntheticSplit(30), options, [0, 1]);
  assertEquals(batches.map((batch) => batch.size), [4, 4, 4, 4]);
  assertNotEquals(samplesOf(batches.slice(0, 2)), samplesOf(batches.slice(2)));
  const many = await readEpochs(syntheticSplit(5), { batchSize: 4, maxBatches: 9 }, [0]);
  assertEquals(many.map((batch) => batch.size), [4, 1]);
});

Deno.test("Loader visits the samples of a subset", async () => {
  const subset = Int32Array.of(9, 2, 5);
  const split = syntheticSplit(10);
  assertEquals(samplesOf(await readEpochs(split, { batchSize: 2, subset }, [0])), [9, 2, 5]);
  const shuffled = await readEpochs(split, { batchSize: 2, subset, shuffle: true }, [0]);
  assertEquals(samplesOf(shuffled).toSorted(), [2, 5, 9]);
});

Deno.test("Loader draws classes equally often with weighted", async () => {
  const values = Int32Array.from({ length: 1000 }, (_, i) => i < 900 ? 0 : 1);
  const split = { ...syntheticSplit(1000), labels: { values, width: 1 } };
  const options = { batchSize: 100, weighted: true, workers: 0 };
  const batches = await readEpochs(split, options, [0, 1]);
  const ones = samplesOf(batches).filter((sample) => sample >= 900).length;
  assert(ones > 900 && ones < 1100, `${ones} of 2000`);
});

Deno.test("Loader limits instances anew each epoch with maxInstances", async () => {
  const split = syntheticSplit([50, 3], { rowSize: 1 });
  const batches = await readEpochs(split, { batchSize: 2, maxInstances: 8, seed: 3 });
  for (const batch of batches) {
    assertEquals(batch.lengths, Int32Array.of(8, 3));
    assertEquals([...batch.features.subarray(8)], [1000, 1010, 1020]);
    const bag = batch.features.subarray(0, 8);
    assertEquals(bag, bag.toSorted());
    assertEquals(new Set(bag).size, 8);
  }
  assertNotEquals(batches[0].features, batches[1].features);
});

Deno.test("Loader() throws on options that make no batches", () => {
  const split = syntheticSplit(3);
  const cases: [LoaderOptions, string][] = [
    [{ batchSize: 0 }, "Cannot load with batchSize 0: expected an integer from 1"],
    [{ batchSize: 1, seed: 0.5 }, "seed 0.5"],
    [{ batchSize: 1, workers: -1 }, "workers -1"],
    [{ batchSize: 1, prefetchFactor: 0.5 }, "prefetchFactor 0.5"],
    [{ batchSize: 1, maxBatches: 0 }, "maxBatches 0"],
    [{ batchSize: 4, dropLast: true }, "it has 3 samples, dropLast leaves out"],
    [{ batchSize: 1, subset: new Int32Array(0) }, "it has 0 samples"],
    [{ batchSize: 1, subset: Int32Array.of(3) }, "Cannot select sample 3"],
  ];
  for (const [options, message] of cases) {
    assertThrows(() => new Loader(split, options), RangeError, message);
  }
  const message = "Cannot limit instances of synthetic: its samples are not bags";
  assertThrows(() => new Loader(split, { batchSize: 1, maxInstances: 2 }), TypeError, message);
});

Deno.test("Loader leaves out samples that could not be read, and tells why", async () => {
  const code = `export const openSource = () => ({
    read: (indices) => {
      const bad = (index) => index === 1 || index > 5;
      const features = Float32Array.from([...indices].filter((index) => !bad(index)));
      const skipped = [...indices].flatMap((index, position) =>
        bad(index) ? [{ position, reason: "sample " + index }] : []);
      return { features, skipped };
    },
    close() {},
  })`;
  const split = {
    name: "broken",
    length: 9,
    labels: { values: Int32Array.from({ length: 9 }, (_, i) => i), width: 1 },
    sampleShape: [1],
    source: { module: `data:text/javascript,${encodeURIComponent(code)}`, options: {} },
  };
  for (const workers of [0, 1]) {
    await using loader = new Loader(split, { batchSize: 2, workers });
    const batches = [];
    for await (const batch of loader.epoch(0)) batches.push(batch);
    assertEquals(
      batches.map((
        { features, labels, indices, size, rows, skipped },
      ) => [[...features], [...labels], [...indices], size, rows, skipped]),
      [
        [[0], [0], [0], 1, 1, ["sample 1"]],
        [[2, 3], [2, 3], [2, 3], 2, 2, undefined],
        [[4, 5], [4, 5], [4, 5], 2, 2, undefined],
      ],
    );
  }
});
