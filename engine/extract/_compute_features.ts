/** From samples that were read to their features. */
import type { Rows, Split } from "../data/data.ts";
import { onBehalfOf, refuse } from "../fault.ts";
import { formatShape, sizeOf } from "../ir/dims.ts";
import type { Session, Value } from "../runtime/session.ts";
import type { FeatureBlock } from "./journal.ts";

/** Where samples come from. */
export type SampleSource = Pick<Split, "name" | "source" | "sampleShape">;

/** Consecutive samples: the index of the first one, and how many. */
export type Job = Pick<FeatureBlock, "start" | "count">;

/** Samples of a job. */
export interface ReadJob {
  /** Which samples. */
  readonly job: Job;
  /** What was read. */
  readonly rows: Rows;
}

/** Features that nobody else has. */
export type ComputedBlock = FeatureBlock & { readonly features: Float32Array<ArrayBuffer> };

/**
 * Computes the features of a job.
 * @param session The encoder.
 * @param split Where the samples are from.
 * @param read The samples.
 * @throws {PartError} if the source gave another number of values than it has to.
 */
export async function computeFeatures(
  session: Session,
  split: SampleSource,
  { job, rows: { features, skipped = [] } }: ReadJob,
): Promise<ComputedBlock> {
  const samples = samplesOf(split, { job, rows: { features, skipped } });
  if (samples === undefined) return { ...job, features: new Float32Array(), skipped };
  const outputs = await session.run({ samples });
  return { ...job, features: outputs.features.data as Float32Array<ArrayBuffer>, skipped };
}

/**
 * The samples of a job as the encoder takes them.
 * @param split Where they are from.
 * @param read The samples.
 * @returns Nothing where none of them could be read.
 * @throws {PartError} if the source gave another number of values than it has to.
 */
export function samplesOf(
  { source: { part }, sampleShape }: SampleSource,
  { job, rows: { features: data, skipped = [] } }: ReadJob,
): Value | undefined {
  const batch = job.count - skipped.length;
  if (batch === 0) return undefined;
  const shape = [batch, ...sampleShape];
  onBehalfOf(part, () => requireSize(data, shape));
  return { dtype: "float32", shape, data };
}

function requireSize({ length }: Float32Array, shape: readonly number[]): void {
  if (length === sizeOf(shape)) return;
  refuse(`${formatShape(shape)} from read()`, `${length} values`);
}
