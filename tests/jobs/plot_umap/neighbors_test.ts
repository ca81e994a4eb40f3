import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { Random } from "../../../engine/random.ts";
import { center, nearestNeighbors, type Points } from "../../../jobs/plot_umap/neighbors.ts";

function randomPoints(length: number, width: number, offset = 0): Points {
  const random = new Random(7);
  const values = Float32Array.from({ length: length * width }, () => random.normal() + offset);
  return { values, length, width };
}

/** Neighbours by comparing everything in float64. */
function reference({ values, length, width }: Points, count: number) {
  return Array.from({ length }, (_, a) => {
    const distances = Array.from({ length }, (_, b) => {
      let sum = 0;
      for (let i = 0; i < width; i++) sum += (values[a * width + i] - values[b * width + i]) ** 2;
      return a === b ? -1 : Math.sqrt(sum);
    });
    const order = distances.map((_, index) => index).sort((p, q) => distances[p] - distances[q]);
    return order.slice(0, count).map((b) => ({ b, distance: Math.max(0, distances[b]) }));
  });
}

Deno.test("nearestNeighbors() equals a search that compares everything, over several blocks", async () => {
  const points = randomPoints(1100, 24);
  const done: number[] = [];
  const found = await nearestNeighbors(points, { count: 15, onProgress: (n) => done.push(n) });
  const wanted = reference(points, 15);
  assertEquals(found.indices, wanted.map((row) => row.map(({ b }) => b)));
  for (const [row, distances] of found.distances.entries()) {
    for (const [at, distance] of distances.entries()) {
      assertAlmostEquals(distance, wanted[row][at].distance, 1e-6);
    }
  }
  assertEquals(done, [512, 1024, 1100]);
});

Deno.test("nearestNeighbors() is exact far from 0, where float32 products round most", async () => {
  const points = randomPoints(300, 16, 1000);
  center(points);
  const { indices } = await nearestNeighbors(points, { count: 10 });
  assertEquals(indices, reference(points, 10).map((row) => row.map(({ b }) => b)));
});

Deno.test("center() moves the mean of each column to 0", () => {
  const points = { values: Float32Array.of(1, 10, 3, 30), length: 2, width: 2 };
  center(points);
  assertEquals([...points.values], [-1, -10, 1, 10]);
});

Deno.test("nearestNeighbors() puts a point before others in the same place", async () => {
  const points = { values: new Float32Array(40).fill(1), length: 20, width: 2 };
  const { indices, distances } = await nearestNeighbors(points, { count: 3 });
  assertEquals(indices.map(([own]) => own), Array.from({ length: 20 }, (_, index) => index));
  assertEquals(distances.flat().every((distance) => distance === 0), true);
});

Deno.test("nearestNeighbors() stops when it is told to", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(
    () => nearestNeighbors(randomPoints(9, 2), { count: 2, signal }),
    Error,
    "enough",
  );
});
