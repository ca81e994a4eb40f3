/** Options whose types agree with them, and options whose types do not, in every way there is. */
import {
  choice,
  count,
  either,
  flag,
  group,
  list,
  map,
  number,
  options,
  type OptionsSchema,
  positive,
  required,
  text,
} from "../../registry/mod.ts";

/** Names of sizes. */
export const SIZES = ["small", "big"] as const;

/** Name of a size. */
export type Size = typeof SIZES[number];

/** Options inside. */
export interface Keys {
  /** Text. @default {"label"} */
  readonly label: string;
}

/** Agrees with its options. */
export interface Steady {
  /** Has to be given. */
  readonly given: number;
  /** Small number. @default {1e-6} */
  readonly eps: number;
  /** Names of a list. @default {"small"} */
  readonly size: Size;
  /**
   * Names that are written out.
   * @default {null}
   */
  readonly way: "a" | "b" | null;
  /** Numbers. @default {[1, 2.5]} */
  readonly scales: readonly number[];
  /** One or several. @default {null} */
  readonly sides: number | readonly number[] | null;
  /** Anything. @default {{}} */
  readonly rest: Readonly<Record<string, unknown>>;
  /** An interface. */
  readonly keys: Keys;
  /** A type of its own. @default {null} */
  readonly stop: {
    /** Number. @default {20} */
    readonly patience: number;
  } | null;
}

/** Options of {@linkcode Steady}. */
export const steady: OptionsSchema<Steady> = options<Steady>({
  given: count(required, "."),
  eps: positive(0.000001, "."),
  size: choice("small", ".", SIZES),
  way: choice(null, ".", ["a", "b"]),
  scales: list([1, 2.5], ".", number),
  sides: either(null, ".", [count, (given, about) => list(given, about, count)]),
  rest: map({}, "."),
  keys: group({}, ".", { label: text("label", ".") }),
  stop: group(null, ".", { patience: count(20, ".") }),
});

/** Options inside that say something else. */
export interface DriftingKeys {
  /** Another default. @default {"labels"} */
  readonly label: string;
}

/** Does not agree with its options, though the compiler has nothing against them. */
export interface Drifting {
  /** Another default. @default {2} */
  readonly other: number;
  /** No default. */
  readonly silent: number;
  /** Default of what has to be given. @default {1} */
  readonly given: number;
  /** Not JSON. @default {one} */
  readonly spelled: number;
  /** More values than are taken. @default {"a"} */
  readonly more: "a" | "b" | "c";
  /** Null, which is not taken. @default {1} */
  readonly never: number | null;
  /** Wider than what is taken. @default {"a"} */
  readonly wide: string;
  /** Other items. @default {[]} */
  readonly items: readonly (number | string)[];
  readonly uncommented: boolean;
  /** Not readonly. @default {true} */
  loose: boolean;
  /** May be absent. @default {true} */
  readonly absent?: boolean;
  /** In no option. */
  readonly only?: number;
  /** An interface that says something else. */
  readonly keys: DriftingKeys;
}

/** Options of {@linkcode Drifting}. */
export const drifting: OptionsSchema<unknown> = options({
  other: count(1, "."),
  silent: count(1, "."),
  given: count(required, "."),
  spelled: count(1, "."),
  more: choice("a", ".", ["a", "b"]),
  never: count(1, "."),
  wide: choice("a", ".", ["a", "b"]),
  items: list([], ".", number),
  uncommented: flag(required, "."),
  loose: flag(true, "."),
  absent: flag(true, "."),
  extra: flag(true, "."),
  keys: group({}, ".", { label: text("label", ".") }),
});
