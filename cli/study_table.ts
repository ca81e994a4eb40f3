/**
 * How the points of a study are shown.
 * @module
 */
import type { StudyPoint } from "../jobs/study/points.ts";
import type { PointResult, PointStatus } from "../jobs/study/records.ts";
import { textTable } from "./text_table.ts";

/**
 * Writes a point in one line: its number, its name, and what it sets.
 * @param index Its number, counted from 1.
 * @param point The point.
 *
 * @example A fold of a point
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const point = { name: "lr-1_0a1b2c3d", settings: { "optimizer.lr": 1 }, fold: 2 };
 * assertEquals(pointLine(3, point), "3 lr-1_0a1b2c3d fold 2 (optimizer.lr 1)");
 * ```
 */
export function pointLine(index: number, { name, settings, fold }: StudyPoint): string {
  const set = Object.entries(settings).map(([path, value]) => `${path} ${JSON.stringify(value)}`);
  const shown = set.length > 0 ? ` (${set.join(", ")})` : "";
  return `${index} ${name}${fold === undefined ? "" : ` fold ${fold}`}${shown}`;
}

/**
 * Writes how far points are as a table, and how many there are in each state.
 * @param points The points.
 *
 * @example One that waits
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const point = { name: "base", settings: {} };
 * const lines = statusLines([{ index: 1, point, state: "waiting", results: [] }]);
 * assertEquals(lines.at(-1), "1 point: 1 waiting");
 * ```
 */
export function statusLines(points: readonly PointStatus[]): string[] {
  const rows = points.map(({ index, point, state, note, results }) => [
    String(index),
    point.name,
    point.fold === undefined ? undefined : String(point.fold),
    state,
    mean(results, ({ best }) => best),
    mean(results, ({ test }) => test),
    note ?? "",
  ]);
  const metric = points.flatMap(({ results }) => results)[0]?.metric ?? "best";
  const head = ["#", "point", "fold", "state", metric, "test", "note"];
  const hasFolds = points.some(({ point }) => point.fold !== undefined);
  const table = [head, ...rows].map((row) => hasFolds ? row : row.toSpliced(2, 1));
  const counts = (["waiting", "running", "done", "failed"] as const).flatMap((state) => {
    const count = points.filter((point) => point.state === state).length;
    return count > 0 ? [`${count} ${state}`] : [];
  });
  const noun = points.length === 1 ? "point" : "points";
  return [...textTable(table), `${points.length} ${noun}: ${counts.join(", ")}`];
}

/** Mean over folds; nothing where one of them lacks it. */
function mean(
  results: readonly PointResult[],
  of: (result: PointResult) => number | null,
): number | undefined {
  const values = results.map(of).filter((value) => value !== null);
  if (values.length === 0 || values.length < results.length) return undefined;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
