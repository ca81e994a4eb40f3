/**
 * What the files of a split's slides say before any feature is read: types, places of instances, and
 * how patches were cut.
 * @module
 */
import { setImmediate } from "node:timers/promises";
import { DataError } from "../../engine/errors.ts";
import type { CoordsType } from "../../engine/features/feature_writer.ts";
import { type OpenSlide, openSlide } from "../../engine/slides/slide_file.ts";
import type { SlidePart } from "../../engine/slides/slide_source.ts";
import type { Hdf5Attribute, Hdf5Dataset } from "../../engine/storage/hdf5/hdf5.ts";

/** Dataset of the places of instances, in HDF5 files. */
const COORDS = "coords";

/** Attributes that are kept where all slides agree, and what others call them. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  patch_size: ["patch_size", "tile_size_px"],
  patch_size_level0: ["patch_size_level0"],
  level0_magnification: ["level0_magnification"],
  target_magnification: ["target_magnification"],
  overlap: ["overlap"],
  patch_level: ["patch_level"],
  tile_size_um: ["tile_size_um"],
  unit: ["unit"],
  encoder_name: ["encoder_name", "encoder", "extractor"],
};

/** What the files of a split have in common. */
export interface Survey {
  /** Types of the stored features, and of how many files. */
  readonly dtypes: ReadonlyMap<string, number>;
  /** How the places of instances are stored; absent where they are missing. */
  readonly coords?: CoordsType;
  /** What all files say of their patches. */
  readonly attributes: Readonly<Record<string, string | number>>;
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/** How a survey goes on. */
export interface SurveyOptions {
  /** Stops it. */
  readonly signal?: AbortSignal;
  /** Called after each sample. */
  readonly onSample: (done: number) => void;
}

/** What is counted while files are opened. */
interface Counts {
  files: number;
  readonly dtypes: Map<string, number>;
  readonly coords: Map<string, number>;
  readonly attributes: Map<string, Map<string | number, number>>;
}

/**
 * Opens the files of all samples, one after the other.
 * @param samples The files of each sample.
 * @param options Signal and progress.
 * @throws {DataError} if a file cannot be read, or its places are not as many as its instances.
 */
export async function surveySlides(
  samples: readonly (readonly SlidePart[])[],
  { signal, onSample }: SurveyOptions,
): Promise<Survey> {
  const counts: Counts = { files: 0, dtypes: new Map(), coords: new Map(), attributes: new Map() };
  for (const [index, parts] of samples.entries()) {
    await setImmediate(); // Signals are heard.
    signal?.throwIfAborted();
    for (const part of parts) await count(part, counts);
    onSample(index + 1);
  }
  const notices: string[] = [];
  const coords = coordsOf(counts, notices);
  const attributes = agreed(counts, notices);
  return { dtypes: counts.dtypes, coords, attributes, notices };
}

async function count({ path, key }: SlidePart, counts: Counts): Promise<void> {
  using slide = await openSlide(path, key);
  counts.files++;
  if (slide === undefined) return;
  add(counts.dtypes, slide.header.dtype);
  const coords = await coordsDataset(slide);
  if (coords) add(counts.coords, coords.dtype);
  for (const [name, value] of attributesOf(slide)) {
    const values = counts.attributes.get(name) ?? new Map<string | number, number>();
    counts.attributes.set(name, values);
    add(values, value);
  }
}

function add<K>(map: Map<K, number>, key: K): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

/**
 * Opens the places of a slide's instances.
 * @param slide The slide.
 * @returns `(N, 2)`; `undefined` where the file has no such dataset.
 * @throws {DataError} if it has more or fewer rows than there are instances.
 */
export async function coordsDataset(
  { header: { path, key, kind, instances }, hdf5 }: OpenSlide,
): Promise<Hdf5Dataset | undefined> {
  if (kind !== "bag" || hdf5?.kindOf(COORDS) !== "dataset") return undefined;
  const coords = await hdf5.dataset(COORDS);
  if (coords.header.shape.length !== 2 || coords.rowSize !== 2) return undefined;
  if (coords.rows === instances) return coords;
  throw new DataError(
    `Cannot pack "${path}": dataset "${COORDS}" has ${coords.rows} rows, dataset "${key}" ` +
      `${instances}`,
    { file: path, dataset: COORDS },
  );
}

/** The attributes of a slide that are kept, whatever object of the file has them. */
function attributesOf({ header: { key }, hdf5 }: OpenSlide): [string, string | number][] {
  if (hdf5 === undefined || key === undefined) return [];
  const objects = [COORDS, key, "/"].filter((name) =>
    name === "/" || hdf5.kindOf(name) === "dataset"
  );
  const found = new Map<string, Hdf5Attribute>(
    objects.flatMap((name) => [...hdf5.attributes(name)]),
  );
  return Object.entries(KEPT).flatMap(([name, calls]): [string, string | number][] => {
    const call = calls.find((call) => found.has(call));
    const value = call === undefined ? undefined : found.get(call);
    return typeof value === "string" || typeof value === "number" ? [[name, value]] : [];
  });
}

function coordsOf({ files, coords }: Counts, notices: string[]): CoordsType | undefined {
  const have = [...coords.values()].reduce((sum, count) => sum + count, 0);
  if (have < files) {
    if (have > 0) {
      const without = files - have;
      notices.push(`coords are left out: ${without} of ${files} slides have none of two columns`);
    }
    return undefined;
  }
  const types = [...coords.keys()];
  const all = (pattern: RegExp) => types.every((type) => pattern.test(type));
  const stored = all(/^(u?int(8|16)|int32|bool)$/)
    ? "int32"
    : all(/^(u?int|bool)/)
    ? "int64"
    : all(/^(float(16|32)|bfloat16)$/)
    ? "float32"
    : "float64";
  if (types.length > 1) notices.push(`coords are ${types.sort().join(", ")}, stored as ${stored}`);
  return stored;
}

function agreed({ files, attributes }: Counts, notices: string[]): Survey["attributes"] {
  const result: Record<string, string | number> = {};
  for (const name of Object.keys(KEPT)) {
    const values = attributes.get(name);
    if (values === undefined) continue;
    const [first, ...others] = values.keys();
    const have = [...values.values()].reduce((sum, count) => sum + count, 0);
    if (others.length === 0 && have === files) result[name] = first;
    else if (others.length === 0) {
      notices.push(`${name} is left out: ${files - have} of ${files} slides do not tell it`);
    } else {
      const some = [first, ...others].slice(0, 4).join(", ");
      notices.push(`${name} is left out: the slides differ in it (${some})`);
    }
  }
  return result;
}
