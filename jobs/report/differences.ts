/**
 * In which fields the configs of runs differ.
 * @module
 */
import { isPlainObject, type PlainObject } from "../../registry/config/objects.ts";

/** A field whose value is not the same in all configs. */
export interface Difference {
  /** Its dotted path. */
  readonly path: string;
  /** Its value in each config, as JSON; absent where the config has no such field. */
  readonly values: readonly (string | undefined)[];
}

/** Fields that say where a run goes, not what it is. */
const PLACES: ReadonlySet<string> = new Set(["exp_dir", "logger.group", "training.resume"]);

/**
 * Compares configs field by field.
 * @param configs The configs.
 * @returns Only the fields that differ, in the order of the first config that has them.
 *
 * @example Two learning rates
 * ```ts
 * import { configDifferences } from "./differences.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const configs = [{ optimizer: { lr: 0.1, key: "SGD" } }, { optimizer: { lr: 0.2, key: "SGD" } }];
 * assertEquals(configDifferences(configs), [{ path: "optimizer.lr", values: ["0.1", "0.2"] }]);
 * ```
 */
export function configDifferences(configs: readonly PlainObject[]): Difference[] {
  const flat = configs.map((config) => new Map(fieldsOf(config, "")));
  const paths = new Set(flat.flatMap((fields) => [...fields.keys()]));
  return [...paths].filter((path) => !PLACES.has(path)).map((path): Difference => ({
    path,
    values: flat.map((fields) => fields.get(path)),
  })).filter(({ values }) => values.some((value) => value !== values[0]));
}

function fieldsOf(tree: PlainObject, prefix: string): [string, string][] {
  return Object.entries(tree).flatMap(([name, value]): [string, string][] => {
    const path = `${prefix}${name}`;
    if (isPlainObject(value) && Object.keys(value).length > 0) return fieldsOf(value, `${path}.`);
    return [[path, JSON.stringify(value)]];
  });
}
