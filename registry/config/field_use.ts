/**
 * Finds out which fields of a config are used, by handing out a copy that notices what is read.
 * @module
 */
import { isPlainObject, joinPath, type PlainObject } from "./objects.ts";

/**
 * Which fields of a config somebody set, and which of them anybody reads. Who builds from
 * {@linkcode FieldUse.config} has to read a field where it is used, and not before; copying the
 * config, or an object in it, counts as reading all of it.
 *
 * @example An option without effect
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const config = { loss: { kind: "mse", smoothing: 0.1 } };
 * const use = new FieldUse(config, ["loss.kind", "loss.smoothing"]);
 * assertEquals(use.config.loss.kind, "mse");
 * assertEquals(use.notices(), ["ignored: loss.smoothing (not used by this run)"]);
 * ```
 */
export class FieldUse<C extends object> {
  /** The config. Reading one of its fields is noticed. */
  readonly config: C;
  readonly #given: readonly string[];
  readonly #read = new Set<string>();

  /**
   * @param config The config, which stays as it is.
   * @param given Dotted paths of the fields that somebody set.
   */
  constructor(config: C, given: readonly string[]) {
    this.config = this.#watch(config as PlainObject, "") as C;
    this.#given = given;
  }

  /** @returns Dotted paths of the fields that somebody set and nobody has read so far. */
  unread(): string[] {
    const read = [...this.#read];
    return this.#given.filter((path) =>
      !this.#read.has(path) && !read.some((other) => other.startsWith(`${path}.`))
    );
  }

  /**
   * Tells which fields nobody has read so far.
   * @param wanted Which fields are looked at; all by default.
   * @returns A line for the user; none if all of them were read.
   */
  notices(wanted: (path: string) => boolean = () => true): string[] {
    const unread = this.unread().filter(wanted);
    return unread.length === 0 ? [] : [`ignored: ${unread.join(", ")} (not used by this run)`];
  }

  #watch(fields: PlainObject, path: string): PlainObject {
    const watched: PlainObject = {};
    for (const [name, value] of Object.entries(fields)) {
      const here = joinPath(path, name);
      const nested = isPlainObject(value) && Object.keys(value).length > 0;
      const inside = nested ? this.#watch(value, here) : value;
      Object.defineProperty(watched, name, {
        enumerable: true,
        configurable: true,
        get: () => {
          if (!nested) this.#read.add(here);
          return inside;
        },
      });
    }
    return watched;
  }
}
