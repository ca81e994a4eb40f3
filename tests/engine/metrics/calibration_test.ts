import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Calibration, confidencesOf } from "../../../engine/metrics/calibration.ts";

Deno.test("Calibration has 15 bins of equal width, and one for confidences of exactly 1", () => {
  // What torch.linspace(0, 1, 16) gives; each is the first of its bin.
  const starts = Float32Array.of(
    ...[0, 0.06666667, 0.13333334, 0.20000002, 0.26666668, 0.33333334, 0.40000004, 0.4666667],
    ...[0.5333333, 0.59999996, 0.6666666, 0.73333335, 0.8, 0.8666667, 0.93333334, 1],
  );
  const calibration = new Calibration();
  calibration.add({ confidence: starts, right: new Uint8Array(16) });
  const bins = calibration.bins();
  assertEquals(bins.map(({ from, count }) => [from, count]), [...starts].map((from) => [from, 1]));
  assertEquals(bins.map(({ to }) => to), [...starts.slice(1), 1]);
  const lower = new Calibration();
  const confidence = starts.slice(1).map((start) => start - start * 2 ** -24);
  lower.add({ confidence, right: new Uint8Array(15) });
  assertEquals(lower.bins().map(({ from }) => from), [...starts.slice(0, 15)]);
});

Deno.test("Calibration counts decisions as often as they occur", () => {
  const confidences = { confidence: Float32Array.of(0.5, 0.75), right: Uint8Array.of(1, 0) };
  const calibration = new Calibration();
  calibration.add(confidences, Int32Array.of(3, 1));
  assertAlmostEquals(calibration.error(), (3 * 0.5 + 0.75) / 4, 1e-12);
  assertEquals(calibration.bins().map(({ count, accuracy }) => [count, accuracy]), [[3, 1], [
    1,
    0,
  ]]);
  calibration.add(confidences, Int32Array.of(0, 1));
  assertAlmostEquals(calibration.error(), (3 * 0.5 + 2 * 0.75) / 5, 1e-12);
});

Deno.test("Calibration's error is NaN without decisions, and with NaN", () => {
  const calibration = new Calibration();
  assertEquals([calibration.error(), calibration.bins()], [NaN, []]);
  calibration.add({ confidence: Float32Array.of(NaN), right: Uint8Array.of(0) });
  assertEquals(calibration.error(), NaN);
});

Deno.test("confidencesOf() gives each label's probability", () => {
  const task = { task: "Classification", subtask: "multilabel", numClasses: 2 } as const;
  const scores = Float32Array.of(0.25, 0.5, 0.75, 1);
  const labels = Float32Array.of(0, 1, 0.5, 0.6);
  const found = confidencesOf({ ...task, count: 2, scores, labels });
  assertEquals(found.map(({ confidence }) => [...confidence]), [[0.25, 0.75], [0.5, 1]]);
  assertEquals(found.map(({ right }) => [...right]), [[0, 0], [1, 1]]);
});
