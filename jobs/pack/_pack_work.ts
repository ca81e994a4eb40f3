/**
 * What is to be packed.
 * @module
 */
import type { Split, SplitName } from "../../engine/data/data.ts";
import type { CoordsType } from "../../engine/features/feature_writer.ts";
import type { SlideSourceOptions } from "../../engine/slides/slide_source.ts";

/** One file to make. */
export interface PackWork {
  /** Which split. */
  readonly name: SplitName;
  /** Its samples. */
  readonly split: Split;
  /** Their files. */
  readonly slides: SlideSourceOptions;
  /** Path of the file. */
  readonly file: string;
  /** Samples of the file. */
  readonly range: { readonly start: number; readonly end: number };
  /** Which part of the split it holds, `i/n`; absent for all of it. */
  readonly shard?: string;
  /** Number of instances in it. */
  readonly instances: number;
  /** Width of an instance. */
  readonly embedDim: number;
  /** Bits of a stored float. */
  readonly precision: 16 | 32;
  /** gzip level. */
  readonly compression: number;
  /** How places of instances are stored, where they are. */
  readonly coords?: CoordsType;
  /** What a file of the whole split says of itself. */
  readonly attributes: Readonly<Record<string, string | number>>;
  /** Whether the file is there, and is to be kept. */
  readonly keep: boolean;
}

/**
 * What a file says of its own samples: the split's facts stay the same from part to part.
 * @param work The file.
 */
export function ownFacts({ range, instances, shard }: PackWork): Record<string, string | number> {
  const samples = range.end - range.start;
  return shard === undefined ? {} : { samples, instances, shard };
}
