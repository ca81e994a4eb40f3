/** Feature files for tests of plots. */
import { FeatureWriter } from "../../../engine/features/feature_writer.ts";
import { Random } from "../../../engine/random.ts";

/** What a file says besides features and labels. */
export interface FileFacts {
  readonly count?: number;
  readonly classes?: number;
  readonly width?: number;
  readonly seed?: number;
  readonly ids?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Writes samples of classes that lie apart, sample by sample of another class. */
export async function writeFeatures(path: string, facts: FileFacts = {}): Promise<string> {
  const { count = 30, classes = 3, width = 4, seed = 1, ids, attributes = {} } = facts;
  const random = new Random(seed);
  const writer = await FeatureWriter.create(path, { embedDim: width, precision: 32 });
  const features = Float32Array.from({ length: count * width }, (_, at) => {
    const label = Math.floor(at / width) % classes;
    return random.normal() + (at % width === label ? 15 : 0);
  });
  writer.append(features, Array.from({ length: count }, (_, row) => row % classes), ids);
  for (const [name, value] of Object.entries(attributes)) writer.attribute(name, value);
  writer.close();
  return path;
}
