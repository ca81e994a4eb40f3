/**
 * Slides: one feature file each, with tables of labels, patients and splits.
 * @module
 */
export { type Group, groupFolds, groupParts } from "./divide.ts";
export { findSlides, type FoundSlides, type SlideFile } from "./find_slides.ts";
export {
  type LeftOutSlides,
  type OnHeader,
  readSlideData,
  type SlideData,
  type SlideDataOptions,
  type SlideSample,
} from "./slide_data.ts";
export { type OpenSlide, openSlide, type SlideHeader } from "./slide_file.ts";
export { SLIDE_SOURCE_URL, type SlidePart, type SlideSourceOptions } from "./slide_source.ts";
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
export { labelsOf, type TargetEncoding, targetEncoding, type TargetOptions } from "./targets.ts";
