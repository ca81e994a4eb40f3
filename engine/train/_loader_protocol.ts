/**
 * What the loader and its workers say to each other. Errors cross as plain records, because
 * structured cloning keeps neither their class nor their fields.
 * @module
 */
import { DataError } from "../errors.ts";
import type { ReaderOptions, ReadJob } from "./_batch_reader.ts";
import type { Rows } from "./data.ts";

/** A message to a worker. */
export type Request =
  | { readonly type: "open"; readonly options: ReaderOptions }
  | {
    readonly type: "read";
    readonly id: number;
    readonly job: ReadJob;
    /** One element on shared memory, not 0 as soon as nobody wants the rows any more. */
    readonly cancelled: Int32Array;
  }
  | { readonly type: "close" };

/** A message from a worker. */
export type Reply =
  /** Without `rows` if the job was cancelled. */
  | { readonly type: "rows"; readonly id: number; readonly rows?: Rows }
  | { readonly type: "error"; readonly id: number; readonly error: ErrorRecord }
  | { readonly type: "closed"; readonly error?: ErrorRecord };

/** An error as a plain value. */
export interface ErrorRecord {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: ErrorRecord;
  readonly file?: string;
  readonly dataset?: string;
  readonly index?: number;
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

/** Turns anything thrown into a plain value. */
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
  if (name !== "DataError") return record;
  const { file, dataset, index } = error as DataError;
  return { ...record, file, dataset, index };
}

/** Makes the error that {@linkcode recordError} recorded. */
export function restoreError(record: ErrorRecord): Error {
  const place = { file: record.file, dataset: record.dataset, index: record.index };
  const options = record.cause ? { cause: restoreError(record.cause) } : {};
  const error = record.name === "DataError"
    ? new DataError(record.message, { ...place, ...options })
    : new (ERROR_CLASSES[record.name] ?? Error)(record.message, options);
  if (error.name !== record.name) error.name = record.name;
  if (record.stack !== undefined) error.stack = record.stack;
  return error;
}
