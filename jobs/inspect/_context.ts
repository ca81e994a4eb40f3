/** What all parts of an inspection share. */
import type { DataError } from "../../engine/errors.ts";
import type { FeatureFileOptions } from "../../engine/features/feature_file.ts";
import type { SlideDataOptions } from "../../engine/slides/slide_data.ts";
import type { SplitOptions } from "../../engine/slides/slide_splits.ts";
import type { InspectProgress } from "./inspection.ts";

/** Tables, columns and splits of slides. */
export type SlideOptions = Required<SlideDataOptions & SplitOptions> & {
  readonly fold: number | null;
};

/** How an inspection reads. */
export interface Context {
  /** Names in packed files, and the kind of their labels. */
  readonly features: FeatureFileOptions;
  /** Number of classes, where it is given. */
  readonly numClasses?: number;
  /** Dataset of the features in files of single slides. */
  readonly featureKey?: string;
  /** Tables of slides, where they are given. */
  readonly slides?: SlideOptions;
  /** Whether values are read. */
  readonly scan: boolean;
  /** Stops the work between two reads. */
  readonly signal?: AbortSignal;
  /** Told how far the work is. */
  readonly onProgress: (progress: InspectProgress) => void;
}

/** Lines, each once. */
export class Lines {
  readonly #lines = new Set<string>();

  /** Adds lines. */
  add(...lines: readonly string[]): void {
    for (const line of lines) this.#lines.add(line);
  }

  /** Adds what is wrong with data. */
  readonly refuse = (error: DataError): void => this.add(error.message);

  /** What was added. */
  get list(): readonly string[] {
    return [...this.#lines];
  }
}

/** A number and its noun. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
