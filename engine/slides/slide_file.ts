/**
 * The feature file of one slide, as CLAM, TRIDENT, STAMP and slideflow write it: HDF5 with a dataset
 * of features, a PyTorch file of a bare tensor, or a NumPy array.
 * @module
 */
import { extname } from "node:path";
import { DataError } from "../errors.ts";
import { Hdf5File } from "../storage/hdf5/hdf5.ts";
import type { Hdf5Dataset } from "../storage/hdf5/dataset.ts";
import type { RowRange } from "../storage/hdf5/row_plan.ts";
import { NpyFile } from "../storage/npy.ts";
import { readFloat32 } from "../storage/tensor_types.ts";
import { type BareTensor, openBareTensor } from "../storage/torch/bare_tensor.ts";

/** Names of the dataset of features, in the order in which they are looked for. */
export const FEATURE_KEYS = ["features", "feats", "patch_embeddings"] as const;

/**
 * What a file says of its slide, before any feature is read.
 */
export interface SlideHeader {
  /** The file. */
  readonly path: string;
  /** Dataset of the features, in HDF5 files. */
  readonly key?: string;
  /** Type of the stored features as NumPy names it. */
  readonly dtype: string;
  /** Shape of the stored features. */
  readonly shape: readonly number[];
  /** A bag `(N, D)` or `(1, N, D)`, the vector `(D,)` of a slide, or nothing at all. */
  readonly kind: "bag" | "vector" | "empty";
  /** Number of instances; 1 for a vector. */
  readonly instances: number;
  /** Width of an instance; 0 for an empty slide whose file does not say it. */
  readonly embedDim: number;
}

/**
 * The open file of a slide.
 */
export interface OpenSlide extends Disposable {
  /** What the file says. */
  readonly header: SlideHeader;
  /** The HDF5 file, where it is one. */
  readonly hdf5?: Hdf5File;
  /**
   * Reads instances.
   * @param ranges Which, and the rows of `target` that take them.
   * @param target `[rows, embed_dim]`.
   * @throws {DataError} if the file is damaged.
   */
  read(ranges: readonly RowRange[], target: Float32Array<ArrayBuffer>): void;
}

/** What is stored, whatever the format. */
interface Stored {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/**
 * Opens the feature file of a slide and reads its header.
 * @param path The file.
 * @param featureKey Dataset of the features in HDF5 files; where not given, the first of
 *   `features`, `feats` and `patch_embeddings` that is there.
 * @returns The open file, to be closed; `undefined` for an HDF5 file without such a dataset, for
 *   example one of coordinates only.
 * @throws {DataError} if it cannot be read, or its features are neither a bag nor a vector.
 *
 * @example A bag of two instances
 * ```ts
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/slide_1.h5`;
 * const writer = await FeatureWriter.create(path, { embedDim: 3 });
 * writer.append(Float32Array.of(1, 2, 3, 4, 5, 6), [0, 0]);
 * writer.close();
 *
 * using slide = await openSlide(path);
 * assertEquals([slide?.header.kind, slide?.header.instances], ["bag", 2]);
 * const second = new Float32Array(3);
 * slide?.read([{ start: 1, count: 1, to: 0 }], second);
 * assertEquals([...second], [4, 5, 6]);
 * ```
 */
export async function openSlide(
  path: string,
  featureKey?: string | null,
): Promise<OpenSlide | undefined> {
  const end = extname(path).toLowerCase();
  if (end === ".pt") return openTensor(path);
  if (end === ".npy") return openArray(path);
  return await openHdf5(path, featureKey ?? undefined);
}

async function openHdf5(path: string, featureKey?: string): Promise<OpenSlide | undefined> {
  const file = await Hdf5File.open(path);
  try {
    const keys = featureKey === undefined ? FEATURE_KEYS : [featureKey];
    const key = keys.find((name) => file.kindOf(name) === "dataset");
    if (key === undefined) {
      file.close();
      return undefined;
    }
    const dataset = await file.dataset(key);
    const header = headerOf({ dtype: dataset.dtype, shape: dataset.header.shape }, { path, key });
    return {
      header,
      hdf5: file,
      read: (ranges, target) => readDataset(dataset, header, ranges, target),
      [Symbol.dispose]: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

function readDataset(
  dataset: Hdf5Dataset,
  header: SlideHeader,
  ranges: readonly RowRange[],
  target: Float32Array,
): void {
  if (header.shape.length === 2) return dataset.gather(ranges, target);
  copyRows(dataset.readRows(0, dataset.rows), header.embedDim, ranges, target);
}

function openTensor(path: string): OpenSlide {
  const file: BareTensor = openBareTensor(path);
  try {
    const { tensor } = file;
    const header = headerOf(tensor, { path });
    return {
      header,
      read: (ranges, target) =>
        copyRows(readFloat32(tensor, "").data, header.embedDim, ranges, target),
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

function openArray(path: string): OpenSlide {
  const file = NpyFile.open(path);
  try {
    const header = headerOf(file.header, { path });
    return {
      header,
      read(ranges, target) {
        if (header.shape.length !== 2) {
          return copyRows(file.readRows(0, file.rows), header.embedDim, ranges, target);
        }
        for (const { start, count, to } of ranges) {
          const [first, end] = [to, to + count].map((row) => row * header.embedDim);
          file.readRows(start, count, target.subarray(first, end));
        }
      },
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

/** Copies wanted rows out of all rows. */
function copyRows(
  values: Float32Array,
  width: number,
  ranges: readonly RowRange[],
  target: Float32Array,
): void {
  for (const { start, count, to } of ranges) {
    target.set(values.subarray(start * width, (start + count) * width), to * width);
  }
}

function headerOf(
  { dtype, shape }: Stored,
  place: { readonly path: string; readonly key?: string },
): SlideHeader {
  const kept = { ...place, dtype, shape };
  const bag = shape.length === 3 && shape[0] === 1 ? shape.slice(1) : shape;
  if (shape.includes(0) && shape.length <= 3) {
    const embedDim = shape.length > 1 ? shape[shape.length - 1] : 0;
    return { ...kept, kind: "empty", instances: 0, embedDim };
  }
  if (bag.length === 2) return { ...kept, kind: "bag", instances: bag[0], embedDim: bag[1] };
  if (bag.length === 1) return { ...kept, kind: "vector", instances: 1, embedDim: bag[0] };
  const { path, key } = place;
  const what = key === undefined ? "its array" : `dataset "${key}"`;
  throw new DataError(
    `Cannot read "${path}": ${what} has the shape (${shape.join(", ")}), ` +
      "expected (N, D), (1, N, D) or (D,)",
    { file: path, dataset: key },
  );
}
