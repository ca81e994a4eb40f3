/**
 * Converts batches of bags between the packed layout, which training computes with, and the padded
 * layout that PyTorch code knows: `[bags, longest bag, embed_dim]` with a mask.
 * @module
 */
import type { Batch, PaddedBatch } from "./data.ts";

/**
 * Bags in the packed layout.
 * @category Bags
 */
export interface PackedBags {
  /** `[rows, embed_dim]`, one bag after the other. */
  readonly features: Float32Array<ArrayBuffer>;
  /** Rows in `features`. */
  readonly rows: number;
  /** Instances per bag. */
  readonly lengths: Int32Array<ArrayBuffer>;
}

/**
 * Pads the bags of a batch to the longest of them.
 *
 * @param batch A batch of bags; its `lengths` must be present.
 * @returns Features with zeros beyond each bag's end, and the mask of what is not padding.
 * @throws {TypeError} if the batch has no bags or its lengths do not add up to its rows.
 *
 * @example
 * ```ts
 * import { padBags } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const padded = padBags({
 *   features: Float32Array.of(1, 2, 3),
 *   rows: 3,
 *   size: 2,
 *   lengths: Int32Array.of(1, 2),
 *   labels: Int32Array.of(0, 1),
 *   indices: Int32Array.of(0, 1),
 * });
 * assertEquals(padded.shape, [2, 2, 1]);
 * assertEquals([...padded.features], [1, 0, 2, 3]);
 * assertEquals([...padded.mask], [1, 0, 1, 1]);
 * ```
 *
 * @category Bags
 */
export function padBags(batch: Batch): PaddedBatch {
  const { features, rows, size, lengths } = batch;
  if (!lengths) throw new TypeError("Cannot pad a batch: its samples are not bags");
  const embedDim = rows > 0 ? features.length / rows : 0;
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (lengths.length !== size || total !== rows || !Number.isInteger(embedDim)) {
    throw new TypeError(
      `Cannot pad a batch of ${size} bags: ${lengths.length} lengths add up to ${total}, ` +
        `features hold ${features.length} values in ${rows} rows`,
    );
  }
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const padded = new Float32Array(size * longest * embedDim);
  const mask = new Uint8Array(size * longest);
  let row = 0;
  for (let bag = 0; bag < size; bag++) {
    const end = row + lengths[bag];
    padded.set(features.subarray(row * embedDim, end * embedDim), bag * longest * embedDim);
    mask.fill(1, bag * longest, bag * longest + lengths[bag]);
    row = end;
  }
  return { features: padded, shape: [size, longest, embedDim], mask };
}

/**
 * Packs padded bags: the inverse of {@linkcode padBags}, for arrays that come padded. A mask may
 * also have gaps; the instances it keeps stay in order.
 *
 * @param padded Features, their shape, and a mask of zeros and ones.
 * @returns The instances that the mask keeps.
 * @throws {TypeError} if features or mask do not have the size that `shape` says.
 * @throws {RangeError} if the mask holds other values than 0 and 1, or keeps nothing of a bag.
 *
 * @example
 * ```ts
 * import { packBags } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const packed = packBags({
 *   features: Float32Array.of(1, 0, 2, 3),
 *   shape: [2, 2, 1],
 *   mask: Uint8Array.of(1, 0, 1, 1),
 * });
 * assertEquals([...packed.features], [1, 2, 3]);
 * assertEquals([...packed.lengths], [1, 2]);
 * ```
 *
 * @category Bags
 */
export function packBags(padded: PaddedBatch): PackedBags {
  const { features, shape: [size, longest, embedDim], mask } = padded;
  if (features.length !== size * longest * embedDim || mask.length !== size * longest) {
    throw new TypeError(
      `Cannot pack bags of shape [${size}, ${longest}, ${embedDim}]: ` +
        `received ${features.length} features and a mask of ${mask.length}`,
    );
  }
  const lengths = maskLengths(mask, size, longest);
  const rows = lengths.reduce((sum, length) => sum + length, 0);
  const packed = new Float32Array(rows * embedDim);
  let filled = 0;
  for (let slot = 0; slot < mask.length; slot++) {
    if (!mask[slot]) continue;
    packed.set(features.subarray(slot * embedDim, (slot + 1) * embedDim), filled);
    filled += embedDim;
  }
  return { features: packed, rows, lengths };
}

/** Counts what the mask keeps of each bag. */
function maskLengths(mask: Uint8Array, size: number, longest: number): Int32Array<ArrayBuffer> {
  const lengths = new Int32Array(size);
  for (let bag = 0; bag < size; bag++) {
    for (let slot = bag * longest; slot < (bag + 1) * longest; slot++) {
      if (mask[slot] > 1) {
        throw new RangeError(
          `Cannot pack bag ${bag}: its mask holds ${mask[slot]}, expected 0 or 1`,
        );
      }
      lengths[bag] += mask[slot];
    }
    if (lengths[bag] === 0) {
      throw new RangeError(`Cannot pack bag ${bag}: its mask keeps no instance`);
    }
  }
  return lengths;
}
