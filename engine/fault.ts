/**
 * Whose fault an error is that comes out of a part which somebody else wrote.
 * @module
 */
import { DataError, PartError } from "./errors.ts";

/** What a part gave and what was expected of it: `expected …, received …`. */
export class ContractError extends TypeError {
  /** Name of the class, by which it is known after it has crossed threads. */
  override name = "ContractError";
}

/**
 * Refuses what a part gave.
 * @param expected What was expected, in words.
 * @param received What was given, in words.
 * @throws {ContractError} always.
 */
export function refuse(expected: string, received: string): never {
  throw new ContractError(`expected ${expected}, received ${received}`);
}

/**
 * Describes what an author gave who may have written JavaScript.
 * @param value Anything.
 * @returns A few words.
 */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "nothing";
    case "function":
      return "a function";
    case "string":
      return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
    case "object": {
      if (value === null) return "null";
      const { name } = value.constructor ?? Object;
      return name === "Object" ? "an object" : /^[AEIOU]/.test(name) ? `an ${name}` : `a ${name}`;
    }
    default:
      return String(value);
  }
}

/** Errors that say by themselves what is wrong; by name, as a part may bring another copy of a class. */
const DELIBERATE: ReadonlySet<string> = new Set([
  "DataError",
  "TrainingError",
  "PartError",
  "NotCapable",
]);

/**
 * Names the part that an error came out of.
 * @param part What the part is called.
 * @param error What it threw.
 * @returns The error itself where it was thrown on purpose; a `DataError` where the system refused a
 *   file; else a `PartError`: nobody expects it, so the part is broken.
 */
export function faultOf(part: string, error: unknown): unknown {
  if (error instanceof Error && DELIBERATE.has(error.name)) return error;
  if (!isSystemError(error)) return new PartError(part, error);
  return new DataError(`Cannot use ${part}: ${error.message.split("\n", 1)[0]}`, { cause: error });
}

/**
 * Blames an error on a part, if there is one.
 * @param part What the part is called; absent where the engine itself failed.
 * @param error What happened.
 * @returns The error to throw.
 */
export function blame(part: string | undefined, error: Error): unknown {
  return part === undefined ? error : faultOf(part, error);
}

/** Whether the operating system refused something: no such file, no space left, … */
function isSystemError(error: unknown): error is Error {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code);
}

/**
 * Does something that a part answers for.
 * @param part What the part is called; absent where it is the engine's own.
 * @param work What is done, now or later.
 * @returns What it returns.
 * @throws {PartError} if it fails although nobody meant it to, and there is a part.
 */
export function onBehalfOf<T>(part: string | undefined, work: () => T): T {
  return part === undefined ? work() : failingAs((error) => faultOf(part, error), work);
}

/**
 * Does something whose errors become others.
 * @param explain From what was thrown to what is thrown instead.
 * @param work What is done, now or later.
 * @returns What it returns.
 */
export function failingAs<T>(explain: (error: unknown) => unknown, work: () => T): T {
  try {
    const result = work();
    if (!isThenable(result)) return result;
    return Promise.resolve(result).catch((error) => {
      throw explain(error);
    }) as T;
  } catch (error) {
    throw explain(error);
  }
}

/**
 * Tells whether a value is a promise, of whatever make.
 * @param value The value.
 */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
