import { assert, assertEquals, assertLessOrEqual, assertRejects, assertThrows } from "@std/assert";
import type { Batch } from "../../../engine/data/data.ts";
import { Loader } from "../../../engine/data/loader.ts";
import { readEpochs, samplesOf } from "./read_epochs.ts";
import {
  CLOSED,
  OPENED,
  PERMITS,
  READ,
  REUSED,
  type SyntheticSplit,
  syntheticSplit,
} from "./synthetic_source.ts";

const BAGS = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5];

/** Blocks this thread, as a native call does, until readers have begun `count` reads. */
function blockUntilRead(counts: Int32Array, count: number): void {
  for (let read = 0; (read = Atomics.load(counts, READ)) < count;) {
    Atomics.wait(counts, READ, read);
  }
}

/** Lets readers begin `count` reads from now on, negative: all. */
function permit(split: SyntheticSplit, count: number): void {
  const { counts } = split.source.options;
  Atomics.store(counts, PERMITS, count);
  Atomics.notify(counts, PERMITS);
}

Deno.test("Loader opens its source once per worker and closes it", async () => {
  for (const workers of [0, 1, 2]) {
    const split = syntheticSplit(12);
    await readEpochs(split, { batchSize: 2, workers }, [0, 1, 2]);
    const { counts } = split.source.options;
    assertEquals([counts[OPENED], counts[READ], counts[CLOSED]], [
      Math.max(1, workers),
      18,
      Math.max(1, workers),
    ]);
  }
});

Deno.test("Loader reads ahead while this thread is blocked, and no further", async () => {
  for (const [workers, prefetchFactor] of [[1, 1], [1, 3], [2, 2]]) {
    const split = syntheticSplit(20);
    const { counts } = split.source.options;
    const ahead = workers * prefetchFactor;
    await using loader = new Loader(split, { batchSize: 1, workers, prefetchFactor });
    let taken = 0;
    for await (const _ of loader.epoch(0)) {
      taken++;
      blockUntilRead(counts, Math.min(taken + ahead, 20));
      assertLessOrEqual(Atomics.load(counts, READ), taken + ahead);
    }
    assertEquals([taken, counts[READ]], [20, 20]);
  }
});

Deno.test("Loader.epoch() begins to read before the first batch is asked for", async () => {
  const split = syntheticSplit(6);
  await using loader = new Loader(split, { batchSize: 1, prefetchFactor: 2 });
  loader.epoch(0);
  blockUntilRead(split.source.options.counts, 2);
});

Deno.test("Loader reads nothing ahead without workers", async () => {
  const split = syntheticSplit(6);
  await using loader = new Loader(split, { batchSize: 1, workers: 0 });
  let taken = 0;
  for await (const _ of loader.epoch(0)) assertEquals(split.source.options.counts[READ], ++taken);
});

Deno.test("Loader takes a batch's memory back with reuseBuffers", async () => {
  for (const workers of [0, 1, 2]) {
    const split = syntheticSplit(BAGS);
    await using loader = new Loader(split, { batchSize: 1, workers, reuseBuffers: true });
    let last: Batch | undefined;
    let sample = 0;
    for await (const batch of loader.epoch(0)) {
      if (last) assertEquals(last.features.length, 0);
      assertEquals(batch.features.length, BAGS[sample] * 2);
      assertEquals(batch.features.at(-1), 1000 * sample + 10 * (BAGS[sample] - 1) + 1);
      last = batch;
      sample++;
    }
    assertEquals(last?.features.length, 10);
    assert(split.source.options.counts[REUSED] > 0);
  }
});

Deno.test("Loader leaves alone what a source keeps", async () => {
  const split = syntheticSplit(6, { keepsRows: true });
  const expected = await readEpochs(syntheticSplit(6), { batchSize: 2 });
  for (const workers of [0, 1]) {
    assertEquals(await readEpochs(split, { batchSize: 2, workers }), expected);
  }
});

Deno.test("Loader stays usable after an epoch is left early", async () => {
  for (const workers of [0, 1, 2]) {
    await using loader = new Loader(syntheticSplit(9), { batchSize: 2, workers });
    for await (const batch of loader.epoch(0)) if (batch.indices[0] === 2) break;
    const unread = loader.epoch(1);
    await unread.return?.();
    assertEquals(await unread.next(), { done: true, value: undefined });
    const batches = await Array.fromAsync(loader.epoch(2));
    assertEquals(samplesOf(batches), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  }
});

Deno.test("Loader drops the reads of an epoch that was left", async () => {
  const split = syntheticSplit(9);
  const { counts } = split.source.options;
  permit(split, 1);
  await using loader = new Loader(split, { batchSize: 1, prefetchFactor: 4 });
  const left = loader.epoch(0);
  await left.next();
  // The second read waits for its permit; the ones behind it have not begun.
  const next = left.next();
  await left.return?.();
  assertEquals(await next, { done: true, value: undefined });
  permit(split, -1);
  assertEquals((await Array.fromAsync(loader.epoch(1))).length, 9);
  assertLessOrEqual(counts[READ], 2 + 9);
});

Deno.test("Loader.epoch() rejects with the reason of an aborted signal", async () => {
  const split = syntheticSplit(9);
  permit(split, 1);
  await using loader = new Loader(split, { batchSize: 1 });
  const controller = new AbortController();
  const epoch = loader.epoch(0, { signal: controller.signal });
  await epoch.next();
  const next = epoch.next();
  controller.abort(new RangeError("enough"));
  await assertRejects(() => next, RangeError, "enough");
  assertEquals(await epoch.next(), { done: true, value: undefined });
  permit(split, -1);
  const aborted = loader.epoch(1, { signal: controller.signal });
  await assertRejects(() => aborted.next(), RangeError, "enough");
  assertEquals((await Array.fromAsync(loader.epoch(2))).length, 9);
});

Deno.test("Loader runs two epochs side by side", async () => {
  await using loader = new Loader(syntheticSplit(4), { batchSize: 2 });
  const [first, second] = [loader.epoch(0), loader.epoch(1)];
  const [a, b, c] = await Promise.all([second.next(), first.next(), second.next()]);
  assertEquals([a, b, c].map(({ value }) => value.indices[0]), [0, 0, 2]);
});

Deno.test("Loader.close() ends epochs and refuses new ones", async () => {
  for (const workers of [0, 2]) {
    const loader = new Loader(syntheticSplit(9), { batchSize: 1, workers });
    const epoch = loader.epoch(0);
    await epoch.next();
    await loader.close();
    await loader.close();
    await assertRejects(() => epoch.next(), Error, "Cannot read synthetic: the loader is closed");
    assertThrows(() => loader.epoch(1), Error, "Cannot begin epoch 1 of synthetic");
  }
});
