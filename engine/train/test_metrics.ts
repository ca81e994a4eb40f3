/**
 * `metrics_test.json` of a run: numbers on the test split, each with its interval.
 * @module
 */
import { readFileSync } from "node:fs";
import { DataError } from "../errors.ts";
import { isFile } from "../storage/is_file.ts";

/** A number with its interval, as far as they could be computed. */
export interface Interval {
  /** The number. */
  readonly value?: number;
  /** Lower end of its 95% interval. */
  readonly low?: number;
  /** Upper end. */
  readonly high?: number;
}

/**
 * Reads the numbers: `{"metrics": {name: {"value", "low", "high"}}}`, besides which there may be more.
 *
 * @param file The file.
 * @returns The numbers by their names; none without a file.
 * @throws {DataError} if the file holds something else.
 *
 * @example A number that has no interval
 * ```ts
 * import { readTestMetrics } from "./test_metrics.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const file = `${Deno.makeTempDirSync()}/metrics_test.json`;
 * Deno.writeTextFileSync(file, '{"metrics": {"Accuracy": {"value": 0.9, "low": null}}}');
 * assertEquals(readTestMetrics(file).Accuracy.value, 0.9);
 * ```
 */
export function readTestMetrics(file: string): Readonly<Record<string, Interval>> {
  if (!isFile(file)) return {};
  const fail = (cause?: unknown) =>
    new DataError(`Cannot read "${file}": it holds no metrics`, { file, cause });
  let tree: unknown;
  try {
    tree = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw fail(cause);
  }
  if (!isRecord(tree) || !isRecord(tree.metrics)) throw fail();
  return Object.fromEntries(
    Object.entries(tree.metrics).map(([name, number]) => {
      if (!isRecord(number)) throw fail();
      const [value, low, high] = [number.value, number.low, number.high].map((given) =>
        typeof given === "number" ? given : undefined
      );
      return [name, { value, low, high }];
    }),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
