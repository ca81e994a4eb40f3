/**
 * Reading the constructor arguments of timm's models: every argument is checked, and none is
 * passed over in silence.
 * @module
 */
import { type Activation, activation, ACTIVATION_NAMES } from "./activations.ts";

/** Arguments by name, as they stand in a config or in a table of models. */
export type ConstructorArguments = Readonly<Record<string, unknown>>;

function quote(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

/** Renders supported values as `"a", "b" or "c"`. */
export function oneOf(values: readonly unknown[]): string {
  const words = values.map(quote);
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/**
 * Reads arguments one by one and remembers which were read, so that
 * {@linkcode ArgumentReader.finish} can refuse the others.
 *
 * @example A misspelled argument
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const args = new ArgumentReader("resnet", { stem_width: 32, stem_widht: 64 });
 * assertEquals(args.integer("stem_width", 64), 32);
 * assertThrows(() => args.finish(), RangeError, '"stem_widht"');
 * ```
 *
 * @category Architectures
 */
export class ArgumentReader {
  readonly #architecture: string;
  readonly #values: ConstructorArguments;
  readonly #known = new Set<string>();

  /**
   * Takes arguments.
   * @param architecture What is constructed, for messages.
   * @param values The arguments.
   */
  constructor(architecture: string, values: ConstructorArguments) {
    this.#architecture = architecture;
    this.#values = values;
  }

  /**
   * The argument as it was given, unchecked.
   * @param name Name of the argument.
   * @returns Its value, or `undefined` where it was not given.
   */
  raw(name: string): unknown {
    this.#known.add(name);
    return this.#values[name];
  }

  /**
   * Makes the error of an argument whose value is not supported.
   * @param name Name of the argument.
   * @param expected What is supported, for example `an integer of at least 1`.
   * @param received The value. @default {what was given}
   */
  refuse(name: string, expected: string, received: unknown = this.#values[name]): RangeError {
    return new RangeError(
      `expected argument "${name}" of ${this.#architecture} to be ${expected}, ` +
        `received ${quote(received)}`,
    );
  }

  /** `true` or `false`. */
  boolean(name: string, fallback: boolean): boolean {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== "boolean") throw this.refuse(name, "true or false");
    return value;
  }

  /** An integer from `minimum` on (default 1). */
  integer(name: string, fallback: number, { minimum = 1 }: { minimum?: number } = {}): number {
    const value = this.raw(name) ?? fallback;
    if (!isInteger(value, minimum)) throw this.refuse(name, `an integer of at least ${minimum}`);
    return value;
  }

  /** Integers from 1 on, as many as `fallback` holds. */
  integers(name: string, fallback: readonly number[]): readonly number[] {
    const value = this.raw(name) ?? fallback;
    const fits = Array.isArray(value) && value.length === fallback.length &&
      value.every((each) => isInteger(each, 1));
    if (!fits) throw this.refuse(name, `${fallback.length} integers of at least 1`);
    return value;
  }

  /** An integer from 1 on, or two of them: height and width. */
  size(name: string, fallback: number): readonly [height: number, width: number] {
    const value = this.raw(name) ?? fallback;
    const [height, width] = Array.isArray(value) && value.length === 2 ? value : [value, value];
    if (!isInteger(height, 1) || !isInteger(width, 1)) {
      throw this.refuse(name, "an integer of at least 1, or two of them");
    }
    return [height, width];
  }

  /** A number greater than 0. */
  positive(name: string, fallback: number): number {
    const value = this.raw(name) ?? fallback;
    if (!isNumber(value) || value <= 0) throw this.refuse(name, "a number greater than 0");
    return value;
  }

  /**
   * A number, or nothing.
   * @param name Name of the argument.
   * @param fallback What holds where the argument was not given.
   * @returns `undefined` where the argument is `null`, Python's None.
   */
  optionalNumber(name: string, fallback?: number): number | undefined {
    const given = this.raw(name);
    const value = given === undefined ? fallback : given ?? undefined;
    if (value !== undefined && !isNumber(value)) throw this.refuse(name, "a number or null");
    return value;
  }

  /** One of several values. */
  choice<T extends string | boolean | null>(name: string, choices: readonly T[], fallback: T): T {
    const given = this.raw(name);
    const value = given === undefined ? fallback : given;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw this.refuse(name, oneOf(choices));
    return found;
  }

  /**
   * What one of several names stands for.
   * @param name Name of the argument.
   * @param table What is supported, by name.
   * @param fallback Name that holds where the argument is missing or `null`.
   */
  named<T>(name: string, table: Readonly<Record<string, T>>, fallback: string): T {
    const value = this.raw(name) ?? fallback;
    if (typeof value === "string" && Object.hasOwn(table, value)) return table[value];
    throw this.refuse(name, oneOf(Object.keys(table)));
  }

  /** A rate of noise that acts in training only, between 0 and 1. */
  rate(name: string, fallback = 0): number {
    const value = this.raw(name) ?? fallback;
    if (!isNumber(value) || value < 0 || value >= 1) {
      throw this.refuse(name, "a rate of at least 0 and below 1");
    }
    return value;
  }

  /** An activation function by timm's name; `null` stands for the fallback. */
  activation(name: string, fallback: string): Activation {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== "string" || !ACTIVATION_NAMES.includes(value.toLowerCase())) {
      throw this.refuse(name, oneOf(ACTIVATION_NAMES));
    }
    return activation(value);
  }

  /**
   * Accepts arguments that change nothing here, whatever their values.
   * @param names Names of the arguments.
   */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#known.add(name);
  }

  /**
   * Accepts an argument only where it says what holds anyway.
   * @param name Name of the argument.
   * @param values The values that change nothing; leaving the argument out is always accepted.
   * @throws {RangeError} if it has another value.
   */
  only(name: string, ...values: readonly (string | number | boolean | null)[]): void {
    const value = this.raw(name);
    if (value === undefined || values.some((each) => each === value)) return;
    throw this.refuse(name, oneOf(values));
  }

  /**
   * Ends reading.
   * @throws {RangeError} if an argument was given that nobody read.
   */
  finish(): void {
    const unknown = Object.keys(this.#values).find((name) => !this.#known.has(name));
    if (unknown === undefined) return;
    const known = [...this.#known].toSorted().join(", ");
    throw new RangeError(
      `expected arguments of ${this.#architecture} out of ${known}, received "${unknown}": ` +
        quote(this.#values[unknown]),
    );
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isInteger(value: unknown, minimum: number): value is number {
  return isNumber(value) && Number.isInteger(value) && value >= minimum;
}
