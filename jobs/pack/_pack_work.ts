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
  /** Number of instances. */
  readonly instances: number;
  /** Width of an instance. */
  readonly embedDim: number;
  /** Bits of a stored float. */
  readonly precision: 16 | 32;
  /** gzip level. */
  readonly compression: number;
  /** How places of instances are stored, where they are. */
  readonly coords?: CoordsType;
  /** What the file says of itself. */
  readonly attributes: Readonly<Record<string, string | number>>;
  /** Whether the file is there, and is to be kept. */
  readonly keep: boolean;
}
