import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { SampleStore } from "../../../plugins/metric/_samples.ts";
import { batch, generator, soft, split, taskOf } from "./_cases.ts";

Deno.test("SampleStore keeps all samples in order, however they are cut", () => {
  const draw = generator(5);
  for (const subtask of ["multiclass", "multilabel"] as const) {
    const scores = Array.from({ length: 3 * 200 }, () => draw() / 2 ** 24);
    const width = subtask === "multiclass" ? 1 : 3;
    const labels = Array.from({ length: 200 * width }, () => draw() % 2);
    const input = batch(subtask, 3, scores, labels);
    for (const sizes of [[200], [1], [5, 0, 17, 2]]) {
      const store = new SampleStore("ap", input);
      for (const part of split(input, sizes)) store.update(part);
      const chunks = store.chunks();
      assertEquals(store.count, 200);
      assertEquals(chunks.reduce((sum, { count }) => sum + count, 0), 200);
      assertEquals(chunks.flatMap((chunk) => [...chunk.scores]), [...input.scores]);
      assertEquals(chunks.flatMap((chunk) => [...chunk.labels]), labels);
    }
  }
});

Deno.test("SampleStore keeps multilabel targets as zeros and ones", () => {
  const input = soft(2, [0.1, 0.2, 0.3, 0.4], [0.95, 0.5, 0.500001, 0]);
  const store = new SampleStore("ap", input);
  store.update(input);
  store.update(input);
  assertEquals(store.chunks().flatMap(({ labels }) => [...labels]), [1, 0, 1, 0, 1, 0, 1, 0]);
  assertEquals([...input.labels], [0.95, 0.5, 0.500001, 0].map(Math.fround));
});

Deno.test("SampleStore grows in few chunks, with at most 1 MiB to spare", () => {
  const store = new SampleStore("auroc", taskOf("multiclass", 2));
  const rows = batch("multiclass", 2, Array(20).fill(0.5), Array(10).fill(1));
  for (let i = 0; i < 50_000; i++) store.update(rows);
  const chunks = store.chunks();
  assertEquals(store.count, 500_000);
  assertLess(chunks.length, 25);
  const kept = chunks.map(({ scores }) => scores.buffer.byteLength);
  assertLess(Math.max(...kept), 2 ** 20 + 1);
  assertLess(kept.reduce((sum, bytes) => sum + bytes, 0), 500_000 * 2 * 4 + 2 ** 20 + 1);
});

Deno.test("SampleStore.update() throws when the batch is wrong, and keeps nothing of it", () => {
  const store = new SampleStore("ap", taskOf("multiclass", 2));
  assertThrows(
    () => store.update(batch("multiclass", 2, [0, 1, 0, 1], [1, 2])),
    RangeError,
    'Cannot compute metric "ap": label of sample 1 is 2',
  );
  assertEquals([store.count, store.chunks()], [0, []]);
});
