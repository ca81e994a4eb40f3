/**
 * Feature files: reading and writing them, and how rows and bags of instances reach a graph.
 *
 * @example A file that is written and read again
 * ```ts
 * import { FeatureWriter, openFeatureFile } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/features.h5`;
 * const writer = await FeatureWriter.create(path, { embedDim: 3 });
 * writer.append(Float32Array.of(1, 2, 3, 4, 5, 6), [0, 1]); // two rows, and their classes
 * writer.close();
 *
 * const { length, embedDim, labels } = await openFeatureFile(path);
 * assertEquals([length, embedDim, ...labels.values], [2, 3, 0, 1]);
 * ```
 * @module
 */
export * from "../data/collate.ts";
export type {
  Batch,
  FeaturesOrigin,
  Labels,
  OpenSource,
  PaddedBatch,
  ReadOptions,
  ReadRandom,
  Rows,
  SkippedSample,
  Source,
  SourceModule,
  Split,
} from "../data/data.ts";
export {
  type FeatureFile,
  type FeatureFileOptions,
  featureSplit,
  type LabelKind,
  openFeatureFile,
} from "./feature_file.ts";
export type { FeatureLayout } from "./feature_source.ts";
export {
  type BagFacts,
  type CoordsType,
  FeatureWriter,
  type FeatureWriterOptions,
} from "./feature_writer.ts";
export { readJsonFile } from "../storage/json_file.ts";
export {
  columnAt,
  openTable,
  quoted,
  readTable,
  shown,
  type Table,
  type TableOptions,
  type TableRow,
} from "../storage/table.ts";
export {
  escapeControls,
  isEncoding,
  readTextFile,
  type TextOptions,
} from "../storage/text_file.ts";
