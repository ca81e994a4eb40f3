/** Swin Transformers in the files of their authors. */
import type { WeightsFile } from "../../engine/storage/weights_file.ts";

/** What their layers keep besides weights, and compute anew. */
const BUFFERS = /\.(?:attn_mask|relative_position_index|relative_coords_table)$/;

/** In their files a stage ends with what halves its maps; in timm's it begins with it. */
const ENDS_STAGE = /(?:^|\.)layers\.0\.downsample\./;

/**
 * Names of parameters in a file of weights, from timm's.
 * @param file The file, by timm's names or by those of the authors.
 */
export function swinFileNames(file: WeightsFile): (name: string) => string {
  const names = file.stateDicts.flatMap(({ tensors }) => [...tensors.keys()]);
  if (!names.some((name) => ENDS_STAGE.test(name))) return (name) => name;
  return (name) =>
    name.replace(/^layers\.(\d+)\.downsample\./, (_, stage) => `layers.${stage - 1}.downsample.`);
}

/**
 * Whether a tensor of a file is not one of the weights.
 * @param name Its name.
 */
export function isSwinBuffer(name: string): boolean {
  return BUFFERS.test(name);
}
