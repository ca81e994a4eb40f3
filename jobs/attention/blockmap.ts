/**
 * Attention as HDF5, as CLAM writes its block maps, so that its own scripts draw it.
 * @module
 */
import { loadHdf5Library } from "../../engine/storage/hdf5/library.ts";
import type { SlideAttention } from "./slide_attention.ts";

/**
 * Writes a block map: `attention_scores` `(N, 1)` and `coords` `(N, 2)`, with the side of a tile as
 * attribute `patch_size_level0` of `coords`.
 * @param path A file that does not exist yet.
 * @param slide The slide.
 */
export async function writeBlockmap(path: string, slide: SlideAttention): Promise<void> {
  const { weights, corners, size } = slide;
  const { h5wasm } = await loadHdf5Library();
  const file = new h5wasm.File(path, "w");
  try {
    const rows = weights.length;
    file.create_dataset({ name: "attention_scores", data: weights, shape: [rows, 1] });
    const coords = Int32Array.from(corners, Math.round);
    const places = file.create_dataset({ name: "coords", data: coords, shape: [rows, 2] });
    places.create_attribute("patch_size_level0", size);
  } finally {
    file.close();
  }
}
