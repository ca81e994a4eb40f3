/**
 * Errors that cross threads: as plain records, because structured cloning keeps neither their class
 * nor their fields.
 * @module
 */
import { DataError, PartError } from "./errors.ts";

/** An error as a plain value. */
export interface ErrorRecord {
  /** Name of its class. */
  readonly name: string;
  /** Its message. */
  readonly message: string;
  /** Where it was thrown. */
  readonly stack?: string;
  /** What it was thrown for. */
  readonly cause?: ErrorRecord;
  /** File of a `DataError`. */
  readonly file?: string;
  /** Dataset of a `DataError`. */
  readonly dataset?: string;
  /** Index of a `DataError`. */
  readonly index?: number;
  /** Part of a `PartError`. */
  readonly part?: string;
}

const ERROR_CLASSES: Readonly<Record<string, ErrorConstructor>> = {
  Error,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

/** How many causes of causes cross. */
const MAX_CAUSES = 8;

/**
 * Turns anything thrown into a plain value.
 * @param error What was thrown.
 * @param depth How many errors it is the cause of.
 */
export function recordError(error: unknown, depth = 0): ErrorRecord {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, stack, cause } = error;
  const hasCause = cause !== undefined && depth < MAX_CAUSES;
  const record = {
    name,
    message,
    stack,
    cause: hasCause ? recordError(cause, depth + 1) : undefined,
  };
  // By name: a source from another copy of this package throws another copy of the class.
  if (name === "PartError") return { ...record, part: (error as PartError).part };
  if (name !== "DataError") return record;
  const { file, dataset, index } = error as DataError;
  return { ...record, file, dataset, index };
}

/**
 * Makes the error that {@linkcode recordError} recorded.
 * @param record The plain value.
 * @returns An error of the same class, as far as it is known here.
 */
export function restoreError(record: ErrorRecord): Error {
  const error = makeError(record);
  if (error.name !== record.name) error.name = record.name;
  if (record.stack !== undefined) error.stack = record.stack;
  return error;
}

function makeError({ name, message, cause, part, file, dataset, index }: ErrorRecord): Error {
  const options = cause ? { cause: restoreError(cause) } : {};
  if (name === "DataError") return new DataError(message, { file, dataset, index, ...options });
  if (name === "PartError" && part !== undefined) return new PartError(part, options.cause);
  return new (ERROR_CLASSES[name] ?? Error)(message, options);
}
