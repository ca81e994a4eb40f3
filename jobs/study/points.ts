/**
 * The points of a study: combinations, a list, or random draws of values of config fields.
 * @module
 */
import { createHash } from "node:crypto";
import { Random } from "../../engine/random.ts";

/** Values of config fields by dotted path. */
export type Settings = Readonly<Record<string, unknown>>;

/** How a value is drawn. */
export type Draw =
  | { readonly uniform: readonly [low: number, high: number] }
  | { readonly log_uniform: readonly [low: number, high: number] }
  | { readonly integer: readonly [low: number, high: number] }
  | { readonly choice: readonly unknown[] };

/** Points that are drawn. */
export interface RandomPoints {
  /** How many. */
  readonly count: number;
  /** What makes the draws repeatable. */
  readonly seed: number;
  /** How each field is drawn. */
  readonly fields: Readonly<Record<string, Draw>>;
}

/** One run of a study. */
export interface StudyPoint {
  /** Name of its group of runs: what it sets, and a hash of that. */
  readonly name: string;
  /** What it sets. */
  readonly settings: Settings;
  /** The fold that it trains; of the config where not given. */
  readonly fold?: number;
}

/** Where points come from: one of the three. */
export interface PointSources {
  /** Values of each field, all of which are combined. */
  readonly grid: Readonly<Record<string, readonly unknown[]>> | null;
  /** Fields of each point. */
  readonly list: readonly Settings[] | null;
  /** Points that are drawn. */
  readonly random: RandomPoints | null;
  /** Folds of every point. */
  readonly folds: readonly number[] | null;
}

/** Letters of a name before its hash. */
const LONGEST = 60;
/** Digits of a number that is drawn, so that configs can be read. */
const DIGITS = 6;

/**
 * Lists the points of a study.
 * @param sources Where they come from.
 * @returns The points; the folds of one follow each other. Without a source there is one point, which
 *   sets nothing.
 *
 * @example Two values, two folds
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const grid = { "optimizer.lr": [0.1, 0.01] };
 * const points = pointsOf({ grid, list: null, random: null, folds: [0, 1] });
 * assertEquals(points.map(({ settings, fold }) => [settings["optimizer.lr"], fold]), [
 *   [0.1, 0],
 *   [0.1, 1],
 *   [0.01, 0],
 *   [0.01, 1],
 * ]);
 * ```
 */
export function pointsOf({ grid, list, random, folds }: PointSources): StudyPoint[] {
  const all = grid ? combinations(grid) : list ?? (random ? draws(random) : [{}]);
  return all.flatMap((settings) => {
    const point = { name: nameOf(settings), settings };
    return folds === null ? [point] : folds.map((fold) => ({ ...point, fold }));
  });
}

function combinations(grid: Readonly<Record<string, readonly unknown[]>>): Settings[] {
  return Object.entries(grid).reduce<Settings[]>(
    (all, [path, values]) =>
      all.flatMap((settings) => values.map((value) => ({ ...settings, [path]: value }))),
    [{}],
  );
}

/** Draws point after point, so that more of them begin with the same ones. */
function draws({ count, seed, fields }: RandomPoints): Settings[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () =>
    Object.fromEntries(
      Object.entries(fields).map(([path, draw]) => [path, drawn(draw, random)]),
    ));
}

function drawn(draw: Draw, random: Random): unknown {
  if ("choice" in draw) return draw.choice[random.integer(draw.choice.length)];
  if ("integer" in draw) {
    const [low, high] = draw.integer;
    return low + random.integer(high - low + 1);
  }
  if ("uniform" in draw) {
    const [low, high] = draw.uniform;
    return rounded(low + (high - low) * random.float());
  }
  const [low, high] = draw.log_uniform.map(Math.log);
  return rounded(Math.exp(low + (high - low) * random.float()));
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

/** A name that says what is set, and is another one for other settings. */
function nameOf(settings: Settings): string {
  const parts = Object.entries(settings).map(([path, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return `${path.slice(path.lastIndexOf(".") + 1)}-${text}`;
  });
  if (parts.length === 0) return "base";
  const plain = parts.join("_").replace(/[^\w.-]+/g, "-").slice(0, LONGEST);
  return `${plain}_${hashOf(settings).slice(0, 8)}`;
}

/**
 * Hashes a value, whatever the order of its fields.
 * @param value A value of a config.
 *
 * @example The order does not matter
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(hashOf({ a: 1, b: 2 }), hashOf({ b: 2, a: 1 }));
 * ```
 */
export function hashOf(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(sorted(value))).digest("hex");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, inner]) => [name, sorted(inner)]);
}
