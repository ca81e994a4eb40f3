/** Models that Python exported, with what PyTorch computes, and images to feed them. */
import { fileURLToPath } from "node:url";
import type { Rows, Source, SourceModule } from "../../../engine/data/data.ts";
import { sizeOf } from "../../../engine/ir/dims.ts";

/** Folder of the models. */
export const ONNX_FOLDER: string = fileURLToPath(new URL("../../testdata/onnx", import.meta.url));

/** Path of a model. */
export const modelFile = (name: string): string => `${ONNX_FOLDER}/${name}.onnx`;

/** What PyTorch computes. */
export interface Golden {
  /** Shape of an image. */
  readonly input: readonly number[];
  /** Outputs for the first six images. */
  readonly outputs: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>
  >;
}

/** Reads the outputs of all models. */
export function readGolden(): Readonly<Record<string, Golden>> {
  return JSON.parse(Deno.readTextFileSync(`${ONNX_FOLDER}/manifest.json`));
}

/** Number of images that the outputs are for. */
export const IMAGES = 6;

/** Images by the rule that made the outputs. */
export function images(shape: readonly number[], count = IMAGES): Float32Array<ArrayBuffer> {
  const values = Array.from({ length: count * sizeOf(shape) }, (_, i) => (i * 37 % 101 - 50) / 50);
  return Float32Array.from(values);
}

/** How this module's source behaves. */
export interface ImageSourceOptions {
  readonly shape: readonly number[];
  /** Samples that cannot be read. */
  readonly broken?: readonly number[];
  /** Images in each bag, for bags; else every sample is an image. */
  readonly lengths?: readonly number[];
}

/** Names this module as a source. */
export function imageSource(options: ImageSourceOptions): SourceModule {
  return { module: import.meta.url, options };
}

/** How often sources were closed. */
export const closed = { count: 0 };

/** Opens the images. */
export function openSource(options: unknown): Source {
  const { shape, broken = [], lengths } = options as ImageSourceOptions;
  const size = sizeOf(shape);
  const starts = lengths?.map((_, bag) => lengths.slice(0, bag).reduce((a, b) => a + b, 0));
  const total = lengths?.reduce((a, b) => a + b, 0) ?? IMAGES;
  const all = images(shape, total);
  return {
    async read(indices, { instances, into } = {}): Promise<Rows> {
      const skipped = [...indices].flatMap((index, position) =>
        broken.includes(index) ? [{ position, reason: `image ${index} is broken` }] : []
      );
      const rows = [...indices].filter((index) => !broken.includes(index)).map((index, i) =>
        lengths
          ? [...instances?.[i] ?? Array(lengths[index]).keys()].map((row) => starts![index] + row)
          : [index]
      );
      const flat = rows.flat();
      const features = into?.length === flat.length * size
        ? into
        : new Float32Array(flat.length * size);
      for (const [i, row] of flat.entries()) {
        features.set(all.subarray(row * size, (row + 1) * size), i * size);
        await Promise.resolve(); // Lets other reads in between.
      }
      return {
        features,
        ...(lengths && { lengths: Int32Array.from(rows, (bag) => bag.length) }),
        ...(skipped.length > 0 && { skipped }),
      };
    },
    close: () => void closed.count++,
  };
}

/** Fails where two rows of numbers differ by more than rounding. */
export function largestDifference(found: ArrayLike<number>, expected: readonly number[]): number {
  if (found.length !== expected.length) return Infinity;
  return expected.reduce((worst, value, i) => Math.max(worst, Math.abs(value - found[i])), 0);
}
