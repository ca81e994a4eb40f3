import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { openSource, wrapSource } from "../../../engine/foreign/model_source.ts";
import type { Source } from "../../../engine/data/data.ts";
import { Loader } from "../../../engine/data/loader.ts";
import {
  closed,
  imageSource,
  type ImageSourceOptions,
  largestDifference,
  modelFile,
  readGolden,
} from "../onnx/_models.ts";

const golden = readGolden();

async function open(
  name: string,
  options: Partial<ImageSourceOptions> = {},
  batch?: number,
): Promise<Source> {
  const { input, outputs } = golden[name];
  const [output] = Object.keys(outputs);
  const wrapped = wrapSource({
    inner: imageSource({ shape: input, ...options }),
    file: modelFile(name),
    input: "pixels",
    output,
    sampleShape: input,
    batch,
    threads: 1,
  });
  const { openSource } = await import(wrapped.module);
  return await openSource(structuredClone(wrapped.options));
}

/** Rows of a model's first output, for the images of the given numbers. */
function expected(name: string, rows: readonly number[]): number[] {
  const [{ shape, values }] = Object.values(golden[name].outputs);
  const size = shape.reduce((a, b) => a * b, 1);
  return rows.flatMap((row) => values.slice(row * size, (row + 1) * size));
}

Deno.test("wrapSource() gives the model's rows in the order in which samples are wanted", async () => {
  for (
    const [name, batch] of [["tokens", undefined], ["features_batch_1", 1], ["features_batch_4", 4]]
  ) {
    const source = await open(String(name), {}, batch as number | undefined);
    for (const indices of [[0, 1, 2, 3, 4, 5], [5], [3, 3, 0, 5, 1]]) {
      const rows = await source.read(Int32Array.from(indices));
      assertLess(largestDifference(rows.features, expected(String(name), indices)), 1e-6);
      assertEquals([rows.lengths, rows.skipped], [undefined, undefined]);
    }
    source.close();
  }
});

Deno.test("wrapSource() keeps samples apart that are on the way at the same time", async () => {
  const source = await open("tokens");
  await source.read(new Int32Array([0, 1]));
  for (const ahead of [[[0, 1], [2, 3], [4, 5]], [[5], [0, 1, 2, 3, 4, 5], [3]]]) {
    const reads = await Promise.all(ahead.map((indices) => source.read(Int32Array.from(indices))));
    for (const [i, { features }] of reads.entries()) {
      assertLess(largestDifference(features, expected("tokens", ahead[i])), 1e-6);
    }
  }
  source.close();
});

Deno.test("wrapSource() writes into the memory that it is given", async () => {
  const source = await open("grey");
  const into = new Float32Array(new ArrayBuffer(4 * 100), 0, 5 * 5);
  const { features } = await source.read(new Int32Array([0, 1, 2, 3, 4]), { into });
  assertEquals([features.buffer === into.buffer, features.length], [true, 25]);
  assertLess(largestDifference(features, expected("grey", [0, 1, 2, 3, 4])), 1e-6);
  source.close();
});

Deno.test("wrapSource() passes on which samples were left out", async () => {
  const source = await open("grey", { broken: [0, 4, 5] });
  const { features, skipped } = await source.read(new Int32Array([0, 1, 2, 3, 4, 5]), {
    into: new Float32Array(30),
  });
  assertLess(largestDifference(features, expected("grey", [1, 2, 3])), 1e-6);
  assertEquals(skipped, [0, 4, 5].map((i) => ({ position: i, reason: `image ${i} is broken` })));
  const none = await source.read(new Int32Array([4, 5]));
  assertEquals([none.features.length, none.skipped?.length], [0, 2]);
  source.close();
});

Deno.test("wrapSource() reads bags instance by instance", async () => {
  const source = await open("grey", { lengths: [2, 3, 1] });
  const whole = await source.read(new Int32Array([2, 0, 1]));
  assertEquals(whole.lengths, new Int32Array([1, 2, 3]));
  assertLess(largestDifference(whole.features, expected("grey", [5, 0, 1, 2, 3, 4])), 1e-6);
  const instances = [undefined, new Int32Array([0, 2])];
  const some = await source.read(new Int32Array([0, 1]), { instances });
  assertEquals(some.lengths, new Int32Array([2, 2]));
  assertLess(largestDifference(some.features, expected("grey", [0, 1, 2, 4])), 1e-6);
  source.close();
});

Deno.test("wrapSource() works in the threads of a loader, one session each", async () => {
  const { input, outputs: { tokens } } = golden.tokens;
  const split = {
    name: "images",
    length: 6,
    labels: { values: new Int32Array(6), width: 1 },
    sampleShape: tokens.shape,
    source: wrapSource({
      inner: imageSource({ shape: input }),
      file: modelFile("tokens"),
      input: "pixels",
      output: "tokens",
      sampleShape: input,
      threads: 1,
    }),
  };
  for (const workers of [0, 1, 2]) {
    await using loader = new Loader(split, { batchSize: 2, workers, reuseBuffers: true });
    const found: number[] = [];
    for (const epoch of [0, 1]) {
      for await (const { features } of loader.epoch(epoch)) found.push(...features);
    }
    assertLess(largestDifference(found, [...tokens.values, ...tokens.values]), 1e-6);
  }
});

Deno.test("wrapSource() closes the source behind it, also where the model cannot be opened", async () => {
  const before = closed.count;
  (await open("grey")).close();
  assertEquals(closed.count, before + 1);
  const inner = imageSource({ shape: [3, 4, 4] });
  const file = modelFile("unknown_operator");
  const model = { file, input: "pixels", output: "map", sampleShape: [3, 4, 4] };
  await assertRejects(
    () => Promise.resolve(openSource({ ...model, inner })),
    DataError,
    `Cannot load "${file}": its operator "Frobnicate" does not exist in opset 17`,
  );
  assertEquals(closed.count, before + 2);
});
