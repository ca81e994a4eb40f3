/** What the model of a checkpoint takes. */
import { DataError } from "../../engine/errors.ts";
import type { WeightsFile } from "../../engine/storage/weights_file.ts";
import type { CreatedDataset } from "../../registry/builder/dataset.ts";
import type { ModelSamples } from "../../registry/builder/model.ts";
import { SPLIT_NAMES } from "../../registry/plugin.ts";

/** Shape of a sample, and whether samples are bags. */
type SampleFacts = Pick<ModelSamples, "sampleShape" | "bags">;

/** What the model takes, as the checkpoint says; `undefined` of one that is not glovita's. */
export function samplesOf(file: WeightsFile): SampleFacts | undefined {
  const sampleShape = file.entry("glovita", "sample_shape");
  if (sampleShape === undefined) return undefined;
  if (isShape(sampleShape)) return { sampleShape, bags: file.entry("glovita", "bags") === true };
  throw new DataError(`Cannot load "${file.path}": it does not say what its model takes`, {
    file: file.path,
    dataset: "glovita",
  });
}

/** What the model of a run of GloViTa's takes: what the run's data holds. */
export async function foreignSamples(
  { path: file }: WeightsFile,
  { dataset, images }: CreatedDataset,
): Promise<SampleFacts> {
  if (images?.eval.size) {
    const { channels, size } = images.eval;
    return { sampleShape: [channels, ...size], bags: false };
  }
  for (const name of SPLIT_NAMES) {
    const split = await dataset.open(name);
    if (split) return { sampleShape: split.sampleShape, bags: split.bagLengths !== undefined };
  }
  throw new DataError(`Cannot load "${file}": neither it nor its data says what its model takes`, {
    file,
  });
}

function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size > 0);
}
