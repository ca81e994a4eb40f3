/** Which of several state dicts is wanted, where nobody says it. */

/**
 * Keys and prefixes of state dicts, the most wanted first: averaged weights before raw ones, as
 * timm's `load_state_dict` has it, then the names of frameworks, then the teacher before what is
 * not listed.
 */
const ORDER = [
  "state_dict_ema",
  "model_ema",
  /(?:^|_)ema(?:$|_)/,
  "state_dict",
  "model",
  "model_state_dict",
  "module",
  "net",
  "network",
  "params",
  "weights",
  "teacher",
  "backbone",
  "encoder",
];

/** Rank of a file's own top level: behind what has a name that says so, before everything else. */
const TOP = ORDER.length;

/** Rank of a key; without one, of a file's own top level. */
function rank(key: string | undefined): number {
  if (key === undefined) return TOP;
  const at = ORDER.findIndex((known) =>
    typeof known === "string" ? known === key : known.test(key)
  );
  return at < 0 ? Infinity : at;
}

/** Whether a key or prefix is one that frameworks use. */
export function isUsual(key: string): boolean {
  return rank(key) < Infinity;
}

/** Where weights lie: keys of dictionaries, then the common beginning of names. */
export interface WeightsPlace {
  readonly keys: readonly string[];
  /** Segments that stand before every name. */
  readonly prefix: readonly string[];
}

/**
 * Tells whether one place is more wanted than another.
 * @returns `undefined` where nothing tells.
 */
function isBefore(a: WeightsPlace, b: WeightsPlace): boolean | undefined {
  const sameDict = a.keys.join("\n") === b.keys.join("\n");
  // In one dictionary, names as they stand come before names behind a prefix.
  if (sameDict && (a.prefix.length === 0) !== (b.prefix.length === 0)) return a.prefix.length === 0;
  const [left, right] = [[...a.keys, ...a.prefix], [...b.keys, ...b.prefix]];
  let at = 0;
  while (at < left.length && at < right.length && left[at] === right[at]) at++;
  const [first, second] = [rank(left[at]), rank(right[at])];
  return first === second ? undefined : first < second;
}

/**
 * Finds the most wanted place.
 * @param places At least one.
 * @returns It; `undefined` where two cannot be told apart.
 */
export function mostWanted<P extends WeightsPlace>(places: readonly P[]): P | undefined {
  return places.find((place) =>
    places.every((other) => other === place || isBefore(place, other) === true)
  );
}

/** The place as an option names it; empty for the file itself. */
export function placeName({ keys, prefix }: WeightsPlace): string {
  return [...keys, ...prefix].join(".");
}
