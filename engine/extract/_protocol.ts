/**
 * What an extractor and its workers say to each other.
 * @module
 */
import type { ErrorRecord } from "../error_record.ts";
import type { OnnxModel } from "../onnx/encode.ts";
import type { SkippedSample, Split } from "../data/data.ts";

/** Where samples come from. */
export type SampleSource = Pick<Split, "name" | "source" | "sampleShape">;

/** What a worker computes with. */
export interface WorkerSetup {
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
  | { readonly type: "load"; readonly setup: WorkerSetup }
  /** The jobs that follow are about its samples. */
  | { readonly type: "open"; readonly split: SampleSource }
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
