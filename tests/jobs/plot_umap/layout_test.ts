import { assert, assertEquals, assertGreater, assertNotEquals, assertRejects } from "@std/assert";
import { layOut, type LayoutProgress } from "../../../jobs/plot_umap/layout.ts";
import type { Points } from "../../../jobs/plot_umap/neighbors.ts";
import { readSamples } from "../../../jobs/plot_umap/read_samples.ts";
import { Random } from "../../../engine/random.ts";
import { trustworthiness } from "./_trustworthiness.ts";

const options = { neighbors: 15, minDist: 0.1, seed: 42 };

function clusters(length: number): Points {
  const random = new Random(5);
  const width = 8;
  const values = Float32Array.from(
    { length: length * width },
    (_, at) => random.normal() + (Math.floor(at / width) % 4 === at % width ? 12 : 0),
  );
  return { values, length, width };
}

Deno.test("layOut() keeps neighbours of the digits together, and their classes apart", async () => {
  const { points, samples } = await readSamples(["digits/digits_test.h5"], {
    maxSamples: 5000,
    maxPerClass: 200,
    seed: 42,
  });
  const { width } = points;
  const features = samples.map((_, row) => points.values.slice(row * width, (row + 1) * width));
  const layout = await layOut(points, options);
  assertGreater(trustworthiness(features, layout, 15), 0.95);
  const right = layout.filter((point, own) => {
    const [nearest] = layout.map((other, index) => ({
      index,
      distance: (other[0] - point[0]) ** 2 + (other[1] - point[1]) ** 2,
    })).filter(({ index }) => index !== own).sort((a, b) => a.distance - b.distance);
    return samples[nearest.index].label === samples[own].label;
  });
  assertGreater(right.length / layout.length, 0.9);
});

Deno.test("layOut() repeats a layout with its seed, and makes another with another", async () => {
  const first = await layOut(clusters(80), options);
  assertEquals(await layOut(clusters(80), options), first);
  assertNotEquals(await layOut(clusters(80), { ...options, seed: 43 }), first);
  assert(first.flat().every(Number.isFinite));
});

Deno.test("layOut() tells how far it is, and stops when it is told to", async () => {
  const steps: LayoutProgress[] = [];
  const abort = new AbortController();
  const stopped = layOut(clusters(60), {
    ...options,
    signal: abort.signal,
    onProgress: (progress) => {
      steps.push(progress);
      if (progress.step === "layout" && progress.done === 50) abort.abort(new Error("enough"));
    },
  });
  await assertRejects(() => stopped, Error, "enough");
  assertEquals(steps[0], { step: "neighbours", done: 60, total: 60 });
  assertEquals(steps.at(-1), { step: "layout", done: 50, total: 500 });
});

Deno.test("layOut() takes points that all lie in one place", async () => {
  const points = { values: new Float32Array(60).fill(2), length: 30, width: 2 };
  const layout = await layOut(points, { ...options, neighbors: 5 });
  assert(layout.flat().every(Number.isFinite));
});

Deno.test("trustworthiness() equals scikit-learn's on a layout that swaps neighbours", () => {
  const features = [[0], [1], [2.1], [4.3], [7.7], [12], [17]];
  const layout = [[0, 0], [5.2, 0], [1.1, 0], [2.3, 0], [9.4, 0], [3.6, 0], [12.9, 0]];
  // sklearn.manifold.trustworthiness(features, layout, n_neighbors=2)
  assertEquals(trustworthiness(features, layout, 2).toFixed(6), "0.551020");
});
