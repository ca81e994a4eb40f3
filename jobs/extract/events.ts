/**
 * What an extraction tells while it goes on.
 * @module
 */
import type { DownloadProgress, SplitName } from "../../registry/plugin.ts";

/**
 * A line for the user.
 * @category Extraction
 */
export interface ExtractNotice {
  /** Kind of event. */
  readonly type: "notice";
  /** The line. */
  readonly message: string;
}

/**
 * Weights are being downloaded.
 * @category Extraction
 */
export interface ExtractDownload extends DownloadProgress {
  /** Kind of event. */
  readonly type: "download";
}

/**
 * Work on a split begins.
 * @category Extraction
 */
export interface SplitStarted {
  /** Kind of event. */
  readonly type: "split";
  /** The split. */
  readonly split: SplitName;
  /** File that it will become. */
  readonly file: string;
  /** Samples of the split, or of its shard. */
  readonly samples: number;
  /** Samples that an interrupted run has done already. */
  readonly done: number;
}

/**
 * Work on a split went on.
 * @category Extraction
 */
export interface SplitProgress {
  /** Kind of event. */
  readonly type: "progress";
  /** The split. */
  readonly split: SplitName;
  /** Samples done. */
  readonly done: number;
  /** Samples in all. */
  readonly samples: number;
  /** Samples a second, of this run. */
  readonly rate: number;
  /** Seconds left at that rate. */
  readonly secondsLeft: number;
}

/**
 * A feature file is finished.
 * @category Extraction
 */
export interface ExtractedFile {
  /** Kind of event. */
  readonly type: "file";
  /** The split. */
  readonly split: SplitName;
  /** Path of the file. */
  readonly file: string;
  /** Rows in it. */
  readonly samples: number;
  /** Width of a row. */
  readonly embedDim: number;
  /** Samples that could not be read and are not in it. */
  readonly skipped: number;
  /** Whether it was finished before this run. */
  readonly kept: boolean;
}

/**
 * Anything that happens.
 * @category Extraction
 */
export type ExtractEvent =
  | ExtractNotice
  | ExtractDownload
  | SplitStarted
  | SplitProgress
  | ExtractedFile;
