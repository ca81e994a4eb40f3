import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { Extractor } from "../../../engine/extract/extractor.ts";
import type { FeatureBlock } from "../../../engine/extract/journal.ts";
import { input } from "../../../engine/ir/create.ts";
import { linear } from "../../../engine/nn/scope.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { encodeWithConstantsApart } from "../../../engine/onnx/encode.ts";
import { syntheticSplit } from "../data/synthetic_source.ts";

const weight = input("weight", "float32", [1, 2]);
const features = linear(input("samples", "float32", ["batch", 2]), weight);
const weights = new Map([["weight", { shape: [1, 2], values: Float32Array.of(1, -1) }]]);
const model = encodeWithConstantsApart(bakeInputs(emit({ features }), weights));

async function collect(blocks: AsyncIterable<FeatureBlock>): Promise<FeatureBlock[]> {
  const all: FeatureBlock[] = [];
  for await (const block of blocks) all.push(block);
  return all;
}

Deno.test("Extractor.run() computes samples in their order, in groups that lie on a grid", async () => {
  const split = syntheticSplit(23);
  for (const workers of [1, 3]) {
    await using extractor = new Extractor({ model, workers, microBatch: 4 });
    const blocks = await collect(extractor.run(split, { start: 6, end: 23 }));
    assertEquals(
      blocks.map(({ start, count }) => [start, count]),
      [[6, 2], [8, 4], [12, 4], [16, 4], [20, 3]],
    );
    // Column c of sample s is 1000 s + c.
    assertEquals(blocks.flatMap(({ features }) => [...features]), Array(17).fill(-1));
    assertEquals(await collect(extractor.run(split, { start: 3, end: 3 })), []);
  }
});

Deno.test("Extractor.run() tells the error of a sample in its turn", async () => {
  const split = syntheticSplit(20, { failAt: 9 });
  await using extractor = new Extractor({ model, workers: 2, microBatch: 4 });
  const seen: number[] = [];
  await assertRejects(async () => {
    for await (const { start } of extractor.run(split, { start: 0, end: 20 })) seen.push(start);
  }, DataError);
  assertEquals(seen, [0, 4]);
});

Deno.test("Extractor.run() stops when its signal aborts", async () => {
  await using extractor = new Extractor({ model, microBatch: 4 });
  const abort = new AbortController();
  const seen: number[] = [];
  await assertRejects(async () => {
    const range = { start: 0, end: 400, signal: abort.signal };
    for await (const { start } of extractor.run(syntheticSplit(400), range)) {
      seen.push(start);
      if (start === 8) abort.abort();
    }
  }, DOMException);
  assertEquals(seen, [0, 4, 8]);
});

Deno.test("Extractor.run() takes one split after the other, and closes each", async () => {
  const splits = [syntheticSplit(5), syntheticSplit(3), syntheticSplit(4)];
  const counts = () => splits.map(({ source: { options: { counts } } }) => [...counts].slice(0, 3));
  {
    await using extractor = new Extractor({ model, workers: 2 });
    for (const split of splits) {
      const blocks = await collect(extractor.run(split, { start: 0, end: split.length }));
      assertEquals(blocks.flatMap(({ features }) => [...features]), Array(split.length).fill(-1));
    }
    // Opened, read, closed: by two workers, in blocks of two samples.
    assertEquals(counts(), [[2, 3, 2], [2, 2, 2], [2, 2, 0]]);
  }
  assertEquals(counts(), [[2, 3, 2], [2, 2, 2], [2, 2, 2]]);
});

Deno.test("Extractor.run() says when source or model cannot be opened", async () => {
  const split = { ...syntheticSplit(4), source: { module: "data:text/javascript,", options: {} } };
  const all = { start: 0, end: 4 };
  await using extractor = new Extractor({ model });
  const error = await assertRejects(() => collect(extractor.run(split, all)), TypeError);
  assert(error.message.includes("exports no function openSource"), error.message);
  assertEquals((await collect(extractor.run(syntheticSplit(4), all))).length, 2);
  const broken = { bytes: new Uint8Array(9), constants: {} };
  await using other = new Extractor({ model: broken, workers: 2 });
  await assertRejects(() => collect(other.run(syntheticSplit(4), all)), Error, "model");
});

Deno.test("Extractor.run() names what it worked on when a worker breaks down", async () => {
  const code = `export const openSource = () => ({
    read() {
      setTimeout(() => { throw new Error("crash"); });
      return new Promise(() => {});
    },
    close() {},
  })`;
  const module = `data:text/javascript,${encodeURIComponent(code)}`;
  const split = { ...syntheticSplit(4), name: "images", source: { module, options: {} } };
  await using extractor = new Extractor({ model });
  const message = "Cannot extract images: a worker stopped: ";
  await assertRejects(() => collect(extractor.run(split, { start: 0, end: 4 })), Error, message);
});
