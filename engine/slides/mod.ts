/**
 * Slides: one feature file each, with tables of labels, patients and splits.
 * @module
 */
export type { LeftOutSlides } from "./left_out.ts";
export type { Refuse } from "./refuse.ts";
export {
  type OnHeader,
  readSlideData,
  type SlideData,
  type SlideDataOptions,
  type SlideSample,
} from "./slide_data.ts";
export type { SlidePart } from "./slide_source.ts";
export { slideSplit } from "./slide_split.ts";
export {
  divideSlides,
  type FoldChoice,
  type SlideSplits,
  type SplitOptions,
} from "./slide_splits.ts";
export {
  readSlideTable,
  type SlideRow,
  type SlideTable,
  type TableOptions,
} from "./slide_table.ts";
export { namesSlides, type UnlabelledOptions, unlabelledSlides } from "./unlabelled.ts";
export { type TargetEncoding, targetEncoding, type TargetOptions } from "./targets.ts";
export { readTilePlaces, type TileOptions, type TilePlaces } from "./tile_places.ts";
