/**
 * What an HDF5 file holds: datasets, how they are stored, and attributes.
 * @module
 */
import { DataError } from "../../engine/errors.ts";
import type { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import type { StoredDataset } from "./inspection.ts";

/** Names of filters by their registered numbers. */
const FILTERS: Readonly<Record<number, string>> = {
  1: "gzip",
  2: "shuffle",
  3: "fletcher32",
  4: "szip",
  5: "nbit",
  6: "scaleoffset",
  307: "bzip2",
  32000: "lzf",
  32001: "blosc",
  32004: "lz4",
  32008: "bitshuffle",
  32015: "zstd",
};

/** Most names that are listed. */
const MOST_NAMES = 100;

/** What a file holds. */
export interface Hdf5Facts {
  /** The datasets and groups at its top. */
  readonly datasets: readonly StoredDataset[];
  /** Its attributes. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/**
 * Lists what a file holds. What cannot be read is listed as such: who reads it says why.
 * @param file The open file.
 * @returns Its datasets and attributes.
 *
 * @example Names, types and dimensions
 * ```ts ignore
 * using file = await Hdf5File.open("features.h5");
 * for (const { name, dtype, shape } of (await hdf5Facts(file)).datasets) console.log(name, dtype, shape);
 * ```
 */
export async function hdf5Facts(file: Hdf5File): Promise<Hdf5Facts> {
  const names = quietly(() => file.names()) ?? [];
  const datasets: StoredDataset[] = [];
  for (const name of names.slice(0, MOST_NAMES)) datasets.push(await datasetFacts(file, name));
  return { datasets, attributes: attributesOf(file, "/") };
}

async function datasetFacts(file: Hdf5File, name: string): Promise<StoredDataset> {
  const attributes = attributesOf(file, name);
  const other = (dtype: string, shape: readonly number[] = []) => ({
    ...{ name, dtype, shape, filters: [], attributes },
  });
  const kind = quietly(() => file.kindOf(name));
  if (kind === "group") return other("group");
  if (kind !== "dataset") return other("unreadable");
  try {
    const { dtype, header: { shape, chunks, filters } } = await file.dataset(name);
    const stored = { name, dtype, shape, filters: filters.map(filterName), attributes };
    return chunks === undefined ? stored : { ...stored, chunks };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const texts = quietly(() => file.texts(name));
    return texts === undefined ? other("unreadable") : other("text", [texts.length]);
  }
}

function filterName(id: number): string {
  return FILTERS[id] ?? `filter ${id}`;
}

function attributesOf(file: Hdf5File, name: string): Readonly<Record<string, unknown>> {
  return Object.fromEntries(quietly(() => file.attributes(name)) ?? []);
}

/** What cannot be read is left out here. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof DataError) return undefined;
    throw error;
  }
}

/**
 * Texts of a dataset, where there is one.
 * @param file The open file.
 * @param name The dataset.
 */
export function textsOf(file: Hdf5File, name: string): readonly string[] | undefined {
  return quietly(() => file.kindOf(name) === "dataset" ? file.texts(name) : undefined);
}

/**
 * Names of classes that a file gives: a list of texts, or one as JSON.
 * @param attributes Attributes of the file.
 *
 * @example As JSON
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(classNamesOf({ class_names: '["normal", "tumor"]' }), ["normal", "tumor"]);
 * ```
 */
export function classNamesOf(
  { class_names }: Readonly<Record<string, unknown>>,
): readonly string[] | undefined {
  const value = typeof class_names === "string" ? parsed(class_names) : class_names;
  return Array.isArray(value) && value.every((name) => typeof name === "string")
    ? value
    : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
