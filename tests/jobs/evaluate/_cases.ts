/** Predictions, and what scikit-learn and numpy say of them with the same resamples. */
import { assert, assertEquals } from "@std/assert";
import type { Predictions } from "../../../engine/data/predictions.ts";
import type { Estimate } from "../../../jobs/evaluate/evaluation.ts";
import { goldenJson } from "../../_golden.ts";

/** All points of a curve. */
export interface GoldenCurve {
  readonly class: number;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly area: number;
}

/** A case of `evaluation.json`. */
export interface GoldenCase {
  readonly name: string;
  readonly subtask: Predictions["subtask"];
  readonly num_classes: number;
  readonly scores: readonly number[];
  readonly labels: readonly number[];
  readonly patients: readonly string[] | null;
  readonly resamples: number;
  readonly draws: readonly (readonly number[])[];
  readonly metrics: Readonly<Record<string, Estimate>>;
  readonly per_class: Readonly<Record<string, Estimate>>;
  readonly confusion?: unknown;
  readonly support?: readonly number[];
  readonly calibration?: readonly Readonly<Record<string, unknown>>[];
  readonly curves?: {
    readonly roc: readonly GoldenCurve[];
    readonly pr: readonly GoldenCurve[];
    readonly roc_macro: readonly number[];
    readonly pr_macro: readonly number[];
  };
  readonly residuals?: readonly (Readonly<Record<string, unknown>> & {
    readonly mae_by_target: readonly number[];
  })[];
}

/** The cases. */
export const CASES: readonly GoldenCase[] =
  goldenJson<{ readonly cases: readonly GoldenCase[] }>("evaluation.json").cases;

/** The predictions of a case. */
export function predictionsOf(golden: GoldenCase): Predictions {
  const { subtask, num_classes, scores, labels, patients } = golden;
  const width = subtask === "multiclass" ? 1 : num_classes;
  const values = subtask === "multiclass" ? Int32Array.from(labels) : Float32Array.from(labels);
  return {
    task: subtask === "regression" ? "Regression" : "Classification",
    subtask,
    numClasses: num_classes,
    classNames: Array.from({ length: num_classes }, (_, c) => `class ${c}`),
    ids: Array.from({ length: scores.length / num_classes }, (_, i) => `s${i}`),
    ...(patients && { patients }),
    labels: { values, width },
    scores: Float32Array.from(scores),
  };
}

/** Requires the same structure, with numbers that differ by rounding of float64 at most. */
export function assertClose(actual: unknown, expected: unknown, path = ""): void {
  if (typeof expected === "number" && typeof actual === "number") {
    const near = Math.abs(actual - expected) <= 1e-12 * Math.max(1, Math.abs(expected));
    assert(near, `${path} is ${actual}, expected ${expected}`);
    return;
  }
  if (typeof expected !== "object" || expected === null) {
    assertEquals(actual, expected, path);
    return;
  }
  assert(typeof actual === "object" && actual !== null, `${path} is ${actual}`);
  assertEquals(Object.keys(actual).length, Object.keys(expected).length, path);
  for (const [key, value] of Object.entries(expected)) {
    assertClose(Reflect.get(actual, key), value, `${path}.${key}`);
  }
}
