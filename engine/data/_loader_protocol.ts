/**
 * What the loader and its workers say to each other.
 * @module
 */
import type { ErrorRecord } from "../error_record.ts";
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
