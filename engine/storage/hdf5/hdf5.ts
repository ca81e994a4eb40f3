/**
 * HDF5 files for reading: numeric datasets of every type and byte order, and attributes. The HDF5
 * library is loaded when the first file is opened, not when this module is imported.
 * @module
 */
import { resolve } from "node:path";
import { DataError } from "../../errors.ts";
import { FileReader } from "../file_reader.ts";
import { Hdf5Dataset } from "./dataset.ts";
import {
  type H5wasm,
  type Hdf5Library,
  libraryReason,
  loadHdf5Library,
  prepareFilters,
} from "./library.ts";
import { openRawRows } from "./raw.ts";
import { type Hdf5Header, LibraryRows } from "./rows.ts";
import { readSuperblock } from "./superblock.ts";
import type { NumberFormat } from "../number_format.ts";

export { Hdf5Dataset } from "./dataset.ts";
export type { Hdf5Header } from "./rows.ts";

/** What a name in a file stands for. */
export type Hdf5Kind = "dataset" | "group" | "other" | "missing";

/** The value of an attribute. */
export type Hdf5Attribute = string | number | boolean | null | Hdf5Attribute[];

/** HDF5's names of its type classes, by number. */
const TYPE_CLASSES = [
  "integers",
  "floats",
  "times",
  "strings",
  "bit fields",
  "opaque bytes",
  "compounds",
  "references",
  "enumerations",
  "lists of varying length",
  "arrays",
];

type Metadata = NonNullable<ReturnType<Hdf5Library["module"]["get_dataset_metadata"]>>;

/** The numbers of a dataset, or the name of the class of what it holds instead. */
function numberFormat(metadata: Metadata): NumberFormat | string {
  const { type, size, signed, littleEndian } = metadata;
  const name = TYPE_CLASSES[type] ?? "values of an unknown type";
  const enumeration = type === 8 && (metadata.enum_type?.type ?? -1) === 0;
  if (type !== 0 && type !== 1 && !enumeration) return name;
  if (size !== 1 && size !== 2 && size !== 4 && size !== 8) return `${8 * size}-bit ${name}`;
  if (type === 1) return size === 1 ? "8-bit floats" : { kind: "float", size, littleEndian };
  return { kind: signed ? "signed" : "unsigned", size, littleEndian };
}

/** How {@linkcode Hdf5File.open} reads. */
export interface Hdf5Options {
  /**
   * Read rows straight from the file where its layout is one that this package knows, which is
   * several times faster than the HDF5 library. @default {true}
   */
  readonly direct?: boolean;
}

/**
 * An HDF5 file that is open for reading.
 *
 * @example Read the first two rows
 * ```ts ignore
 * const file = await Hdf5File.open("features.h5");
 * const features = await file.dataset("features");
 * const rows = features.readRows(0, 2);
 * file.close();
 * ```
 */
export class Hdf5File implements Disposable {
  /** Path as the user gave it. */
  readonly path: string;
  readonly #library: Hdf5Library;
  readonly #handle: InstanceType<H5wasm["File"]>;
  readonly #direct: boolean;
  readonly #datasets: Hdf5Dataset[] = [];
  #open = true;

  private constructor(path: string, library: Hdf5Library, direct: boolean) {
    this.path = path;
    this.#library = library;
    this.#direct = direct;
    try {
      this.#handle = new library.h5wasm.File(resolve(path), "r");
    } catch (error) {
      throw this.#damaged(error);
    }
  }

  /**
   * Opens a file.
   *
   * @param path The file.
   * @param options How to read.
   * @returns The open file; close it.
   * @throws {DataError} if it is missing, a folder, unreadable, not HDF5 or cut off.
   */
  static async open(path: string, options: Hdf5Options = {}): Promise<Hdf5File> {
    using reader = FileReader.open(path);
    readSuperblock(reader);
    return new Hdf5File(path, await loadHdf5Library(), options.direct ?? true);
  }

  /**
   * Names of what a group holds.
   *
   * @param group Path of the group.
   * @returns Names in it.
   * @throws {DataError} if the group is damaged.
   */
  names(group = "/"): string[] {
    try {
      return this.#library.module.get_names(this.#handle.file_id, group, false);
    } catch (error) {
      throw this.#damaged(error);
    }
  }

  /**
   * Tells what a name stands for.
   *
   * @param name A path inside the file.
   * @returns Its kind, `"missing"` if there is nothing. Links count as what they lead to.
   * @throws {DataError} if the way there is damaged.
   */
  kindOf(name: string): Hdf5Kind {
    const { module } = this.#library;
    if (name.replace(/^\//, "").split("/").includes("")) return "missing";
    switch (this.#typeOf(name)) {
      case module.H5G_DATASET:
        return "dataset";
      case module.H5G_GROUP:
        return "group";
      case -1:
        return "missing";
      default:
        return "other";
    }
  }

  /**
   * Opens a numeric dataset.
   *
   * @param name Its path inside the file.
   * @returns The dataset; the file closes it.
   * @throws {DataError} if it is missing, is no dataset, holds no numbers, or is compressed in a way
   * that cannot be undone.
   */
  async dataset(name: string): Promise<Hdf5Dataset> {
    const header = this.#header(name);
    const unknown = await prepareFilters(header.filters);
    if (unknown !== undefined) {
      throw this.#error(name, `is compressed with filter ${unknown}, for which there is no plugin`);
    }
    const raw = this.#direct ? openRawRows(header) : undefined;
    const rows = raw ?? new LibraryRows(this.#library, this.#handle.file_id, header);
    const dataset = new Hdf5Dataset(header, rows);
    this.#datasets.push(dataset);
    return dataset;
  }

  /**
   * Reads all attributes of an object.
   *
   * @param name Path of a group or dataset.
   * @returns Attribute values by name; typed arrays come as plain arrays.
   * @throws {DataError} if there is no such object or an attribute cannot be read.
   */
  attributes(name = "/"): ReadonlyMap<string, Hdf5Attribute> {
    if (name !== "/" && this.kindOf(name) === "missing") throw this.#error(name, "is missing");
    const object = name === "/" ? this.#handle : this.#handle.get(name);
    const attributes = new Map<string, Hdf5Attribute>();
    if (object === null || !("attrs" in object)) return attributes;
    for (const [key, attribute] of Object.entries(object.attrs)) {
      try {
        attributes.set(key, attribute.json_value as Hdf5Attribute);
      } catch (error) {
        throw this.#error(name, `has attribute "${key}": ${libraryReason(error)}`, error);
      }
    }
    return attributes;
  }

  /**
   * Reads a text that stands as an attribute of the file itself.
   *
   * @param name Name of the attribute.
   * @returns The text; `undefined` where there is none of that name, or it is no readable text.
   */
  text(name: string): string | undefined {
    try {
      const value: unknown = this.#handle.attrs[name]?.json_value;
      return typeof value === "string" ? value : undefined;
    } catch {
      return undefined;
    }
  }

  /** Releases the file and its datasets; closing twice is fine. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const dataset of this.#datasets) dataset.close();
    this.#handle.close();
  }

  /** Releases the file and its datasets. */
  [Symbol.dispose](): void {
    this.close();
  }

  #typeOf(name: string): number {
    try {
      return this.#library.module.get_type(this.#handle.file_id, name);
    } catch (error) {
      throw this.#damaged(error);
    }
  }

  #header(name: string): Hdf5Header {
    const kind = this.kindOf(name);
    if (kind === "missing") throw this.#error(name, "is missing");
    if (kind !== "dataset") throw this.#error(name, `is a ${kind === "group" ? kind : "link"}`);
    const { metadata, filters } = this.#describe(name);
    const format = numberFormat(metadata);
    if (typeof format === "string") throw this.#error(name, `holds ${format}, not numbers`);
    if (metadata.shape === null) throw this.#error(name, "is empty");
    return {
      file: this.path,
      name,
      shape: metadata.shape,
      chunks: metadata.chunks ?? undefined,
      filters,
      format,
    };
  }

  #describe(name: string): { readonly metadata: Metadata; readonly filters: number[] } {
    const { module } = this.#library;
    try {
      const metadata = module.get_dataset_metadata(this.#handle.file_id, name);
      const filters = module.get_dataset_filters(this.#handle.file_id, name);
      return { metadata, filters: filters.map((filter) => filter.id) };
    } catch (error) {
      throw this.#error(name, `has a damaged header (${libraryReason(error)})`, error);
    }
  }

  #damaged(error: unknown): DataError {
    const reason = libraryReason(error);
    return new DataError(`Cannot read "${this.path}": it is a damaged HDF5 file (${reason})`, {
      file: this.path,
      cause: error,
    });
  }

  #error(dataset: string, state: string, cause?: unknown): DataError {
    return new DataError(`Cannot read "${this.path}": dataset "${dataset}" ${state}`, {
      file: this.path,
      dataset,
      cause,
    });
  }
}
