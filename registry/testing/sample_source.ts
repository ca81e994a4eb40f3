/**
 * A source of random samples, opened by readers that are checked.
 * @module
 */
import { sizeOf } from "../../engine/ir/dims.ts";
import type { Source } from "../../engine/data/data.ts";
import { normals } from "./sample_graph.ts";

/**
 * Opens a source whose samples depend on their index only.
 * @param options `{ sampleShape }`: the shape of one sample.
 */
export function openSource(options: unknown): Source {
  const { sampleShape } = options as { readonly sampleShape: readonly number[] };
  const size = sizeOf(sampleShape);
  return {
    async read(indices, { into } = {}) {
      const features = into ?? new Float32Array(indices.length * size);
      for (const [row, index] of indices.entries()) {
        features.set(normals(size, index), row * size);
        await Promise.resolve(); // Lets other reads in between, as decoding an image does.
      }
      return { features };
    },
    close() {},
  };
}
