/**
 * Reads samples that are image files, on the thread that loads batches. A split's `source.module`
 * names this module; its loader calls {@linkcode openSource}.
 * @module
 */
import { DataError } from "../errors.ts";
import type { Random } from "../random.ts";
import type { ReadOptions, Rows, SkippedSample, Source, SourceModule } from "../data/data.ts";
import { readImageSize, useImage } from "./decode.ts";
import { normalizeImage } from "./normalize.ts";
import type { Image } from "./image.ts";
import { randomOf } from "./random_of.ts";
import {
  type ImageSize,
  type ImageTransform,
  transformedSize,
  transformImage,
} from "./transform.ts";

/**
 * URL of this module, which a split names as its source.
 *
 * @example An image of one red pixel
 * ```ts
 * import { IMAGE_SOURCE_URL } from "@glovita/glovita/images";
 * import { assertEquals } from "@std/assert";
 *
 * const red = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
 * const file = `${await Deno.makeTempDir()}/red.png`;
 * await Deno.writeFile(file, Uint8Array.from(atob(red), (character) => character.charCodeAt(0)));
 * const transform = { channels: 3, operations: [] };
 *
 * const source = { module: IMAGE_SOURCE_URL, options: { files: [file], transform, strict: true } };
 * const { openSource } = await import(source.module); // as the loader does
 * const { features } = await openSource(source.options).read(Int32Array.of(0));
 * assertEquals(features, Float32Array.of(1, 0, 0));
 * ```
 *
 * @category Sources
 */
export const IMAGE_SOURCE_URL: string = import.meta.url;

/**
 * What a source needs to know; survives structured cloning.
 * @category Sources
 */
export interface ImageSourceOptions {
  /** Absolute paths of the images, one per sample. */
  readonly files: readonly string[];
  /** What becomes of them. */
  readonly transform: ImageTransform;
  /** Whether an image that cannot be read is an error; else it is skipped. */
  readonly strict: boolean;
  /** Most pixels that an image may have. @default {89478485} */
  readonly maxPixels?: number;
}

/**
 * The images that a split's source reads.
 * @param source The source.
 * @returns Their files, one per sample; `undefined` where it reads something else.
 *
 * @example Not images
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(imageFilesOf({ module: "file:///rows.ts", options: {} }), undefined);
 * ```
 */
export function imageFilesOf({ module, options }: SourceModule): readonly string[] | undefined {
  return module === IMAGE_SOURCE_URL ? (options as ImageSourceOptions).files : undefined;
}

/**
 * A size, and the image that has it.
 * @category Sources
 */
export interface FoundSize {
  /** Height and width that the encoder gets. */
  readonly size: ImageSize;
  /** Whose size it is; absent where all images get the same. */
  readonly file?: string;
}

/**
 * Finds the size that the images of a split get: the transform's, or that of the first image.
 *
 * @param options The images; no more than headers is read.
 * @returns The size.
 * @throws {DataError} if the first image cannot be read, or no image if `strict` is false.
 *
 * @example Where the transform says the size, no file is read
 * ```ts
 * import { findImageSize } from "@glovita/glovita/images";
 * import { assertEquals } from "@std/assert";
 *
 * const transform = { channels: 3, size: [224, 224], operations: [] } as const;
 * const { size } = await findImageSize({ files: ["no_such.png"], transform, strict: true });
 * assertEquals(size, [224, 224]);
 * ```
 *
 * @category Sources
 */
export async function findImageSize(options: ImageSourceOptions): Promise<FoundSize> {
  const { files, transform, strict, maxPixels } = options;
  if (transform.size) return { size: transform.size };
  for (const file of files) {
    try {
      return { file, size: transformedSize(transform, await readImageSize(file, { maxPixels })) };
    } catch (error) {
      if (strict || !(error instanceof DataError)) throw error;
    }
  }
  throw new DataError(
    `Cannot read "${files[0]}": nor can any other of the ${files.length} images be read`,
    { file: files[0] },
  );
}

/** Images of a call that are in work at the same time: they are decoded on other threads. */
const IN_WORK = 4;

class ImageSource implements Source {
  readonly #options: ImageSourceOptions;
  #found?: Promise<FoundSize>;

  constructor(options: ImageSourceOptions) {
    this.#options = options;
  }

  async read(indices: Int32Array, { into, random }: ReadOptions = {}): Promise<Rows> {
    this.#found ??= findImageSize(this.#options);
    const found = await this.#found;
    const { transform, strict } = this.#options;
    const rowSize = transform.channels * found.size[0] * found.size[1];
    const features = into ?? new Float32Array(indices.length * rowSize);
    const failures = new Map<number, DataError>();
    let next = 0;
    const work = async () => {
      while (next < indices.length && !(strict && failures.size > 0)) {
        const position = next++;
        const stream = randomOf(indices[position], random);
        const image = await this.#transformed(indices[position], stream);
        if (image instanceof DataError) {
          failures.set(position, image);
          continue;
        }
        this.#checkSize(image, indices[position], found);
        normalizeImage(image, transform, features.subarray(position * rowSize), stream);
      }
    };
    await Promise.all(Array.from({ length: IN_WORK }, work));
    const skipped = [...failures].sort(([a], [b]) => a - b)
      .map(([position, { message }]) => ({ position, reason: message }));
    if (skipped.length === 0) return { features };
    if (strict) throw failures.get(skipped[0].position);
    return { features: closeGaps(features, skipped, rowSize), skipped };
  }

  /** Nothing is open between reads. */
  close(): void {}

  /** The image after its transform, or why it cannot be read. */
  async #transformed(index: number, random: Random): Promise<Image | DataError> {
    const { files, transform, maxPixels } = this.#options;
    const file = files[index];
    const { channels } = transform;
    try {
      return await useImage(file, { channels, maxPixels }, (image) => {
        return transformImage(image, transform, random);
      });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return new DataError(error.message, { file, index, cause: error.cause });
    }
  }

  #checkSize({ height, width }: Image, index: number, { size, file: first }: FoundSize): void {
    if (height === size[0] && width === size[1]) return;
    const file = this.#options.files[index];
    const whose = first === undefined ? "all images are to be" : `"${first}" is`;
    throw new DataError(
      `Cannot use "${file}": it is ${height}x${width} pixels large after its transform, ` +
        `${whose} ${size.join("x")}`,
      { file, index },
    );
  }
}

/** Moves rows up into the places of skipped ones. */
function closeGaps(
  features: Float32Array<ArrayBuffer>,
  skipped: readonly SkippedSample[],
  rowSize: number,
): Float32Array<ArrayBuffer> {
  const rows = features.length / rowSize;
  for (const [gaps, { position }] of skipped.entries()) {
    const end = skipped[gaps + 1]?.position ?? rows;
    features.copyWithin((position - gaps) * rowSize, (position + 1) * rowSize, end * rowSize);
  }
  return features.subarray(0, (rows - skipped.length) * rowSize);
}

/**
 * Opens images for reading; called by the loader's thread.
 *
 * @param options {@linkcode ImageSourceOptions} of the split.
 * @returns The source. An image that cannot be read is an error that names file and index, or is
 * left out of the rows and named in `skipped`.
 */
export function openSource(options: unknown): Source {
  return new ImageSource(options as ImageSourceOptions);
}
