/**
 * HDF5 files for reading: numeric datasets of every type and byte order, texts, and attributes. What
 * this package does not know itself, the HDF5 library reads on a thread of its own, which starts
 * when it is needed.
 * @module
 */
import { DataError } from "../../errors.ts";
import { attributeValue, type Hdf5Attribute, readAttributes } from "./attributes.ts";
import { ContainerSet } from "./container.ts";
import { DamagedStructure, UnknownStructure } from "./cursor.ts";
import { Hdf5Dataset } from "./dataset.ts";
import { type DatasetFacts, openRows } from "./dataset_rows.ts";
import { filterBeyondUs } from "./filters.ts";
import { readLinks } from "./groups.ts";
import { readFilters, readLayout, readShape, readType } from "./layout.ts";
import { LibraryError, LibraryFile } from "./library_client.ts";
import { numberType } from "./number_type.ts";
import { findObject, type Found, type FoundObject, objectKind } from "./paths.ts";
import { rowError } from "./rows.ts";
import { NotUtf8, readTextDataset } from "./texts.ts";

export type { Hdf5Attribute } from "./attributes.ts";
export { Hdf5Dataset } from "./dataset.ts";
export type { Hdf5Header } from "./rows.ts";

/** What a name in a file stands for. */
export type Hdf5Kind = "dataset" | "group" | "other" | "missing";

/** How {@linkcode Hdf5File.open} reads. */
export interface Hdf5Options {
  /**
   * Read rows straight from the file where its layout is one that this package knows, which is
   * several times faster than the HDF5 library. @default {true}
   */
  readonly direct?: boolean;
  /** Milliseconds that the HDF5 library may take for one request. @default {30000} */
  readonly libraryLimit?: number;
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
  readonly #files: ContainerSet;
  readonly #options: Hdf5Options;
  readonly #libraries = new Map<string, LibraryFile>();
  readonly #datasets: Hdf5Dataset[] = [];
  readonly #notices: string[] = [];
  #open = true;

  private constructor(path: string, options: Hdf5Options) {
    this.path = path;
    this.#options = options;
    this.#files = new ContainerSet(path);
  }

  /**
   * Opens a file.
   *
   * @param path The file.
   * @param options How to read.
   * @returns The open file; close it.
   * @throws {DataError} if it is missing, a folder, unreadable, not HDF5, cut off, or was not closed
   * by the program that wrote it.
   */
  static open(path: string, options: Hdf5Options = {}): Promise<Hdf5File> {
    return Promise.try(() => new Hdf5File(path, options));
  }

  /** Lines that the user should see: what datasets read from elsewhere, and what they lack. */
  get notices(): readonly string[] {
    return this.#notices;
  }

  /**
   * Names of what a group holds.
   *
   * @param group Path of the group.
   * @returns Names in it.
   * @throws {DataError} if there is no such group, it is damaged, or a name in it is not UTF-8.
   */
  names(group = "/"): string[] {
    return this.#guard(undefined, () => {
      const { container, messages } = this.#object(group);
      return Array.from(readLinks(container.blocks, messages), ({ name, utf8 }) => {
        if (utf8) return name;
        const message = `Cannot read "${this.path}": a name in "${group}" is not UTF-8: "${name}"`;
        throw new DataError(message, { file: this.path });
      });
    });
  }

  /**
   * Tells what a name stands for.
   *
   * @param name A path inside the file.
   * @returns Its kind, `"missing"` if there is nothing. Links count as what they lead to, and as
   * `"other"` where that is nothing.
   * @throws {DataError} if the way there is damaged.
   */
  kindOf(name: string): Hdf5Kind {
    if (name.replace(/^\//, "").split("/").includes("")) return "missing";
    const found = this.#find(name);
    if (found.kind === "missing") return "missing";
    const kind = found.kind === "object" ? objectKind(found.messages) : "other";
    return kind === "datatype" ? "other" : kind;
  }

  /**
   * Opens a numeric dataset.
   *
   * @param name Its path inside the file.
   * @returns The dataset; the file closes it.
   * @throws {DataError} if it is missing, is not dataset, holds no numbers, is compressed in a way
   * that cannot be undone, or reads from other files, which are not there.
   */
  dataset(name: string): Promise<Hdf5Dataset> {
    return Promise.try(() => {
      const dataset = this.#guard(name, () => this.#openDataset(name));
      this.#datasets.push(dataset);
      return dataset;
    });
  }

  /**
   * Tells whether a dataset holds texts.
   *
   * @param name Its path inside the file.
   * @throws {DataError} if it is missing or damaged.
   */
  holdsTexts(name: string): boolean {
    return this.#guard(name, () => readType(this.#datasetObject(name).messages).class === "text");
  }

  /**
   * Reads a dataset of texts.
   *
   * @param name Its path inside the file.
   * @returns The texts.
   * @throws {DataError} if it is missing, holds no texts, or is damaged.
   */
  texts(name: string): string[] {
    return this.#guard(name, () => {
      const object = this.#datasetObject(name);
      try {
        const texts = readTextDataset(object, { file: this.path, name });
        if (texts === undefined) throw this.#error(name, "holds no texts");
        return texts;
      } catch (error) {
        if (!(error instanceof NotUtf8)) throw error;
        const header = { file: this.path, name };
        throw rowError(header, [error.index, 1], { state: "the text is not UTF-8", cause: error });
      }
    });
  }

  /**
   * Reads all attributes of an object.
   *
   * @param name Path of a group or dataset.
   * @returns Attribute values by name; lists are flat.
   * @throws {DataError} if there is no such object or an attribute cannot be read.
   */
  attributes(name = "/"): ReadonlyMap<string, Hdf5Attribute> {
    return this.#guard(name, () => {
      const object = this.#object(name);
      const { container, messages } = object;
      const attributes = new Map<string, Hdf5Attribute>();
      for (const attribute of readAttributes(container, messages)) {
        const value = this.#attribute(
          name,
          attribute.name,
          () => attributeValue(container, attribute) ?? this.#askLibrary(object, attribute.name),
        );
        attributes.set(attribute.name, value);
      }
      return attributes;
    });
  }

  /**
   * Reads a text that stands as an attribute of the file itself.
   *
   * @param name Name of the attribute.
   * @returns The text; `undefined` where there is none of that name, or it is not text.
   * @throws {DataError} if it is damaged, or is not UTF-8.
   */
  text(name: string): string | undefined {
    return this.#guard("/", () => {
      const { container, messages } = this.#object("/");
      for (const attribute of readAttributes(container, messages)) {
        if (attribute.name !== name || attribute.type.class !== "text") continue;
        const value = this.#attribute("/", name, () => attributeValue(container, attribute));
        return typeof value === "string" ? value : undefined;
      }
      return undefined;
    });
  }

  /** Releases the file and its datasets; closing twice is fine. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const dataset of this.#datasets) dataset.close();
    for (const library of this.#libraries.values()) library.close();
    this.#files.close();
  }

  /** Releases the file and its datasets. */
  [Symbol.dispose](): void {
    this.close();
  }

  #find(name: string): Found {
    return this.#guard(undefined, () => findObject(this.#files, name));
  }

  #object(name: string): FoundObject {
    const found = this.#find(name);
    if (found.kind === "object") return found;
    throw this.#error(name, found.state);
  }

  #datasetObject(name: string): FoundObject {
    if (this.kindOf(name) === "missing" && name.split("/").includes("")) {
      throw this.#error(name, "is missing");
    }
    const object = this.#object(name);
    const kind = objectKind(object.messages);
    if (kind !== "dataset") throw this.#error(name, `is a ${kind}`);
    return object;
  }

  #openDataset(name: string): Hdf5Dataset {
    const object = this.#datasetObject(name);
    const { messages } = object;
    const format = numberType(readType(messages));
    if (typeof format === "string") throw this.#error(name, `holds ${format}`);
    const shape = readShape(messages);
    if (shape === undefined) throw this.#error(name, "is empty");
    const layout = readLayout(messages);
    const filters = readFilters(messages);
    const beyond = filterBeyondUs(filters);
    if (beyond !== undefined) {
      throw this.#error(name, `is compressed with ${beyond}, which cannot be undone here`);
    }
    const chunks = layout.kind === "chunked" ? layout.chunk : undefined;
    const ids = filters.map((filter) => filter.id);
    const header = { file: this.path, name, shape, chunks, filters: ids, format };
    const facts: DatasetFacts = { object, header };
    const { rows, storedBytes, notices, ...delivered } = openRows(facts, {
      files: this.#files,
      direct: this.#options.direct ?? true,
      library: () => this.#library(object),
      fail: (state) => this.#error(name, state),
    });
    this.#notices.push(...notices.filter((line) => !this.#notices.includes(line)));
    return new Hdf5Dataset({ ...header, ...delivered }, rows, { storedBytes });
  }

  /** Reads an attribute; names it where that fails. */
  #attribute<T>(object: string, name: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      const known = isOurs(error) || error instanceof NotUtf8 || error instanceof LibraryError;
      if (!known) throw error;
      const where = object === "/" ? "" : `dataset "${object}": `;
      const what = error instanceof NotUtf8 ? "is not UTF-8" : `is damaged (${error.message})`;
      const state = `${where}attribute "${name}" ${what}`;
      throw new DataError(`Cannot read "${this.path}": ${state}`, {
        file: this.path,
        dataset: where === "" ? undefined : object,
        cause: error,
      });
    }
  }

  #askLibrary(object: FoundObject, name: string): Hdf5Attribute {
    return this.#library(object).attribute(object.path, name) as Hdf5Attribute;
  }

  /** The library's view of the file that holds an object. */
  #library({ container: { path } }: FoundObject): LibraryFile {
    let library = this.#libraries.get(path);
    if (!library) {
      library = new LibraryFile(path, this.#options.libraryLimit);
      this.#libraries.set(path, library);
    }
    return library;
  }

  /** Does what reads structures; turns what is wrong with them into errors that name the file. */
  #guard<T>(dataset: string | undefined, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!isOurs(error)) throw error;
      const damaged = error instanceof DamagedStructure;
      if (dataset === undefined || dataset === "/") {
        const state = damaged ? "it is a damaged HDF5 file" : "it is an HDF5 file of a kind that " +
          "is not known here";
        const message = `Cannot read "${this.path}": ${state} (${error.message})`;
        throw new DataError(message, { file: this.path, cause: error });
      }
      const state = damaged ? "has a damaged header" : "has a header that is not known here";
      throw this.#error(dataset, `${state} (${error.message})`, error);
    }
  }

  #error(dataset: string, state: string, cause?: unknown): DataError {
    return new DataError(`Cannot read "${this.path}": dataset "${dataset}" ${state}`, {
      file: this.path,
      dataset,
      cause,
    });
  }
}

/** Whether an error says what is wrong with a structure. */
function isOurs(error: unknown): error is UnknownStructure | DamagedStructure {
  return error instanceof UnknownStructure || error instanceof DamagedStructure;
}
