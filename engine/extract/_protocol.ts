/**
 * What an extractor and its workers say to each other.
 * @module
 */
import type { ErrorRecord } from "../error_record.ts";
import type { OnnxModel } from "../onnx/encode.ts";
import type { SkippedSample, SourceModule } from "../train/data.ts";

/** What a worker computes with. */
export interface WorkerSetup {
  /** Name of the split, for messages. */
  readonly name: string;
  /** Where samples are read. */
  readonly source: SourceModule;
  /** Shape of one sample. */
  readonly sampleShape: readonly number[];
  /** `samples [batch, ...sampleShape]` to `features [batch, D]`. */
  readonly model: OnnxModel;
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
