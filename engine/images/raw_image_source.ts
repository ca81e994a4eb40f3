/**
 * Reads samples that are pixels at known places of files, on the thread that loads batches. A split's
 * `source.module` names this module; its loader calls {@linkcode openSource}.
 * @module
 */
import { FileReader } from "../storage/file_reader.ts";
import type { ReadOptions, Rows, Source } from "../data/data.ts";
import { normalizeImage } from "./normalize.ts";
import { type Image, withChannels } from "./image.ts";
import { randomOf } from "./random_of.ts";
import { type ImageTransform, transformedSize, transformImage } from "./transform.ts";

/**
 * URL of this module, which a split names as its source.
 *
 * @example A file whose second image is one pixel of 255, 0, 51
 * ```ts
 * import { RAW_IMAGE_SOURCE_URL } from "@glovita/glovita/images";
 * import { assertEquals } from "@std/assert";
 *
 * const file = `${await Deno.makeTempDir()}/pixels.bin`;
 * await Deno.writeFile(file, Uint8Array.of(0, 0, 0, 255, 0, 51));
 * const blocks = [{ file, count: 2, offset: 0, stride: 3 }];
 * const options = { blocks, shape: [3, 1, 1], transform: { channels: 3, operations: [] } };
 *
 * const source = { module: RAW_IMAGE_SOURCE_URL, options }; // of a split
 * const { openSource } = await import(source.module); // as the loader does
 * const opened = openSource(source.options);
 * const { features } = opened.read(Int32Array.of(1));
 * opened.close();
 * assertEquals(features, Float32Array.of(1, 0, 0.2));
 * ```
 *
 * @category Sources
 */
export const RAW_IMAGE_SOURCE_URL: string = import.meta.url;

/**
 * Images that lie in one file at equal distances.
 * @category Sources
 */
export interface RawBlock {
  /** Absolute path of the file. */
  readonly file: string;
  /** Number of images. */
  readonly count: number;
  /** First byte of the first image. */
  readonly offset: number;
  /** Bytes from one image to the next. */
  readonly stride: number;
}

/**
 * What a source needs to know; survives structured cloning.
 * @category Sources
 */
export interface RawImageSourceOptions {
  /** The images in the order of the samples. */
  readonly blocks: readonly RawBlock[];
  /** Channels, height and width of each, which is also the order of its bytes. */
  readonly shape: readonly [channels: number, height: number, width: number];
  /** What becomes of them. */
  readonly transform: ImageTransform;
}

class RawImageSource implements Source {
  readonly #options: RawImageSourceOptions;
  readonly #files: readonly FileReader[];

  constructor(options: RawImageSourceOptions) {
    this.#options = options;
    this.#files = options.blocks.map(({ file }) => FileReader.open(file));
  }

  read(indices: Int32Array, { into, random }: ReadOptions = {}): Rows {
    const { transform, shape } = this.#options;
    const [height, width] = transformedSize(transform, [shape[1], shape[2]]);
    const rowSize = transform.channels * height * width;
    const features = into ?? new Float32Array(indices.length * rowSize);
    for (const [position, index] of indices.entries()) {
      const image = withChannels(this.#image(index), transform.channels);
      const row = features.subarray(position * rowSize);
      const stream = randomOf(index, random);
      normalizeImage(transformImage(image, transform, stream), transform, row, stream);
    }
    return { features };
  }

  close(): void {
    for (const file of this.#files) file.close();
  }

  #image(index: number): Image {
    const { blocks, shape: [channels, height, width] } = this.#options;
    const area = height * width;
    let inBlock = index;
    for (const [i, { count, offset, stride }] of blocks.entries()) {
      if (inBlock < count) {
        const planes = this.#files[i].read(offset + inBlock * stride, channels * area);
        return { channels, height, width, data: interleave(planes, channels) };
      }
      inBlock -= count;
    }
    throw new RangeError(`image ${index} is beyond the last one`);
  }
}

/** From `[channels, height, width]` to `[height, width, channels]`. */
function interleave(planes: Uint8Array, channels: number): Uint8Array {
  const area = planes.length / channels;
  const pixels = new Uint8Array(planes.length);
  for (let channel = 0, from = 0; channel < channels; channel++) {
    for (let i = 0; i < area; i++) pixels[i * channels + channel] = planes[from++];
  }
  return pixels;
}

/**
 * Opens the files; called by the loader's thread.
 *
 * @param options {@linkcode RawImageSourceOptions} of the split.
 * @returns The source.
 * @throws {DataError} if a file cannot be opened.
 */
export function openSource(options: unknown): Source {
  return new RawImageSource(options as RawImageSourceOptions);
}
