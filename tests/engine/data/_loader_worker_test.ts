import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import type { Split } from "../../../engine/data/data.ts";
import { Loader } from "../../../engine/data/loader.ts";
import { CLOSED, syntheticSplit } from "./synthetic_source.ts";

/** A split whose source is this module text. */
function splitOf(code: string, options: unknown = {}): Split {
  const module = `data:text/javascript,${encodeURIComponent(code)}`;
  return { ...syntheticSplit(4), name: "test", source: { module, options } };
}

function readAll(split: Split, workers: number): Promise<unknown> {
  return Array.fromAsync(async function* () {
    await using loader = new Loader(split, { batchSize: 2, workers });
    yield* loader.epoch(0);
  }());
}

Deno.test("Loader passes on the DataError of a row, in turn", async () => {
  for (const workers of [0, 1, 2]) {
    const split = syntheticSplit(12, { failAt: 7 });
    await using loader = new Loader(split, { batchSize: 2, workers });
    const seen: number[] = [];
    const error = await assertRejects(
      async () => {
        for await (const batch of loader.epoch(0)) seen.push(...batch.indices);
      },
      DataError,
      'Cannot read row 7 of "features": value is NaN',
    );
    assertEquals(seen, [0, 1, 2, 3, 4, 5]);
    assertEquals([error.file, error.dataset, error.index], ["data.h5", "features", 7]);
    assert(error.cause instanceof RangeError);
    assert(error.stack?.includes("synthetic_source.ts"));
    // The loader stays usable.
    const { value } = await loader.epoch(1).next();
    assertEquals(value.indices, Int32Array.of(0, 1));
    await loader.close();
    assertEquals(split.source.options.counts[CLOSED], Math.max(1, workers));
  }
});

Deno.test("Loader ends an epoch after its error", async () => {
  await using loader = new Loader(syntheticSplit(12, { failAt: 0 }), { batchSize: 2 });
  const epoch = loader.epoch(0);
  await assertRejects(() => epoch.next(), DataError);
  assertEquals(await epoch.next(), { done: true, value: undefined });
});

Deno.test("Loader tells why a source's module cannot be used", async () => {
  const missing = { ...splitOf(""), source: { module: "file:///no/such.ts", options: {} } };
  const opens = `export function openSource() { throw new RangeError("no file"); }`;
  for (const workers of [0, 1]) {
    const start = 'Cannot read test: module "file:///no/such.ts" failed to import: ';
    await assertRejects(() => readAll(missing, workers), TypeError, start);
    await assertRejects(() => readAll(splitOf("export {};"), workers), TypeError, "openSource");
    await assertRejects(() => readAll(splitOf(opens), workers), RangeError, "no file");
  }
});

Deno.test("Loader tells that a source returned wrong rows", async () => {
  const close = "close() {}";
  const few = `export const openSource = () => ({ read: () => ({
    features: new Float32Array(3) }), ${close} })`;
  const noLengths = `export const openSource = () => ({ read: () => ({
    features: new Float32Array(6) }), ${close} })`;
  for (const workers of [0, 1]) {
    await assertRejects(() => readAll(splitOf(few), workers), TypeError, "3 values, expected 4");
    const bags = { ...splitOf(noLengths), bagLengths: Int32Array.of(1, 2, 3, 4) };
    await assertRejects(() => readAll(bags, workers), TypeError, "no instances for bag 0");
  }
});

Deno.test("Loader keeps the name of errors that are not a built-in class", async () => {
  const code = `export const openSource = () => ({
    read() { const error = new Error("gone"); error.name = "NotFound"; throw error; },
    close() {},
  })`;
  const error = await assertRejects(() => readAll(splitOf(code), 1), Error, "gone");
  assertEquals(error.name, "NotFound");
});

Deno.test("Loader passes on what a source throws that is not an error", async () => {
  const code = `export const openSource = () => ({ read() { throw "text"; }, close() {} })`;
  await assertRejects(() => readAll(splitOf(code), 1), Error, "text");
});

Deno.test("Loader replaces a worker that broke down", async () => {
  const code = `export const openSource = ({ crashes }) => ({
    read(indices) {
      if (Atomics.sub(crashes, 0, 1) <= 0) return { features: new Float32Array(indices.length * 2) };
      setTimeout(() => { throw new Error("crash"); });
      return new Promise(() => {});
    },
    close() {},
  })`;
  const crashes = new Int32Array(new SharedArrayBuffer(4));
  crashes[0] = 1;
  await using loader = new Loader(splitOf(code, { crashes }), { batchSize: 2 });
  const message = "Cannot read test: a loader worker stopped: ";
  await assertRejects(() => loader.epoch(0).next(), Error, message);
  assertEquals((await Array.fromAsync(loader.epoch(1))).length, 2);
});

Deno.test("Loader.epoch() throws if options of the source cannot be cloned", async () => {
  const options = { callback() {} };
  await using loader = new Loader(splitOf("", options), { batchSize: 2 });
  const message = "Cannot read test in a worker: options of its source cannot be cloned";
  assertThrows(() => loader.epoch(0), TypeError, message);
});

Deno.test("Loader.close() passes on the error of a source that cannot close", async () => {
  const code = `export const openSource = () => ({
    read: (indices) => ({ features: new Float32Array(indices.length * 2) }),
    close() { throw new RangeError("still busy"); },
  })`;
  for (const workers of [0, 1]) {
    const loader = new Loader(splitOf(code), { batchSize: 2, workers });
    await loader.epoch(0).next();
    await assertRejects(() => loader.close(), RangeError, "still busy");
  }
});
