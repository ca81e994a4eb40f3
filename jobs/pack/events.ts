/**
 * What packing tells while it goes on.
 * @module
 */
import type { SplitName } from "../../registry/plugin.ts";

/**
 * A line for the user.
 * @category Packing
 */
export interface PackNotice {
  /** Kind of event. */
  readonly type: "notice";
  /** The line. */
  readonly message: string;
}

/**
 * Slides are being looked at, or packed.
 * @category Packing
 */
export interface PackProgress {
  /** Kind of event: headers are read first, then features. */
  readonly type: "survey" | "progress";
  /** The split. */
  readonly split: SplitName;
  /** Samples done. */
  readonly done: number;
  /** Samples in all. */
  readonly samples: number;
}

/**
 * A file is finished.
 * @category Packing
 */
export interface PackedFile {
  /** Kind of event. */
  readonly type: "file";
  /** The split. */
  readonly split: SplitName;
  /** Path of the file. */
  readonly file: string;
  /** Samples in it: bags, or single vectors. */
  readonly samples: number;
  /** Instances in it. */
  readonly instances: number;
  /** Width of an instance. */
  readonly embedDim: number;
  /** Bits of a stored float. */
  readonly precision: 16 | 32;
  /** Whether it was finished before this run. */
  readonly kept: boolean;
}

/**
 * Anything that happens.
 * @category Packing
 */
export type PackEvent = PackNotice | PackProgress | PackedFile;
