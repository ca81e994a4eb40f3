/**
 * What an extractor and its workers say to each other.
 * @module
 */
import type { ErrorRecord } from "../error_record.ts";
import type { SkippedSample, SourceModule } from "../train/data.ts";

/** A parameter's values as they cross threads. */
export interface Weight {
  /** Shape. */
  readonly shape: readonly number[];
  /** Values, row-major. */
  readonly data: Float32Array<ArrayBuffer>;
}

/** What a worker computes with. */
export interface WorkerSetup {
  /** Name of the split, for messages. */
  readonly name: string;
  /** Where samples are read. */
  readonly source: SourceModule;
  /** Shape of one sample. */
  readonly sampleShape: readonly number[];
  /** Bytes of the ONNX model: `samples [batch, ...sampleShape]` to `features [batch, D]`. */
  readonly model: Uint8Array<ArrayBuffer>;
  /** Values of the model's other inputs. */
  readonly weights: Readonly<Record<string, Weight>>;
  /** Threads within an operator. */
  readonly threads: number;
}

/** Consecutive samples. */
export interface Job {
  /** Index of the first one. */
  readonly start: number;
  /** How many. */
  readonly count: number;
}

/** A message to a worker. */
export type Request =
  | { readonly type: "open"; readonly setup: WorkerSetup }
  | { readonly type: "job"; readonly job: Job }
  | { readonly type: "close" };

/** A message from a worker. */
export type Reply =
  | { readonly type: "ready" }
  | {
    readonly type: "features";
    readonly job: Job;
    readonly features: Float32Array<ArrayBuffer>;
    readonly skipped: readonly SkippedSample[];
  }
  | { readonly type: "error"; readonly error: ErrorRecord }
  | { readonly type: "closed" };
