/**
 * Chooses how the rows of a dataset are read: by this package, or by the HDF5 library; and says what
 * comes from other files and what was never written.
 * @module
 */
import type { DataError } from "../../errors.ts";
import { converter, type NumberFormat } from "../number_format.ts";
import type { ContainerSet } from "./container.ts";
import { readFill, readLayout } from "./layout.ts";
import { LibraryError, type LibraryFile, LibraryRows } from "./library_client.ts";
import type { FoundObject } from "./paths.ts";
import { openRawRows } from "./raw.ts";
import type { Hdf5Header, Hdf5Rows } from "./rows.ts";
import { checkSources, type Sources } from "./sources.ts";

/** A dataset as its header describes it. */
export interface DatasetFacts {
  /** The dataset. */
  readonly object: FoundObject;
  /** Its header, with the format in which the file holds the numbers. */
  readonly header: Hdf5Header;
}

/** What is there to read with. */
export interface OpenOptions {
  /** The file and those that it links to. */
  readonly files: ContainerSet;
  /** Whether this package may read by itself. */
  readonly direct: boolean;
  /** The library's view of the file that holds the dataset. */
  readonly library: () => LibraryFile;
  /** Makes an error of what is wrong with the dataset. */
  readonly fail: (state: string) => DataError;
}

/** Rows that are ready to be read. */
export interface OpenRows {
  /** Reads them. */
  readonly rows: Hdf5Rows;
  /** Dimensions: those of a virtual dataset may have grown with its sources. */
  readonly shape: readonly number[];
  /** How the numbers that it delivers are laid out. */
  readonly format: NumberFormat;
  /** Bytes of all files from which they may come. */
  readonly storedBytes: number;
  /** Lines that the user should see. */
  readonly notices: readonly string[];
}

/** Names that a line shows before it only counts the rest. */
const SHOWN = 8;

/** What stands for values that were never written. */
function fillText({ object: { messages }, header: { format } }: DatasetFacts): string {
  const value = new Float64Array(1);
  converter(format)(readFill(messages, format.size), value, 0);
  return String(value[0]);
}

function noticesOf(facts: DatasetFacts, sources: Sources, unwritten?: string): string[] {
  const { header: { file, name }, object } = facts;
  const about = `dataset "${name}" of "${file}"`;
  const files = [...sources.files];
  if (object.container.path !== file) files.unshift(object.container.path);
  const notices: string[] = [];
  if (files.length > 0) {
    const shown = files.slice(0, SHOWN).map((path) => `"${path}"`).join(", ");
    const rest = files.length > SHOWN ? ` and ${files.length - SHOWN} more` : "";
    notices.push(`${about} reads from other files: ${shown}${rest}`);
  }
  if (unwritten !== undefined) {
    notices.push(`${unwritten} of ${about} were never written and read as ${fillText(facts)}`);
  }
  if (sources.uncovered > 0) {
    const text = fillText(facts);
    notices.push(`${sources.uncovered} values of ${about} have no source and read as ${text}`);
  }
  return notices;
}

/** The dimensions that the library sees, which must be those of the header. */
function libraryShape({ object, header }: DatasetFacts, options: OpenOptions): readonly number[] {
  const library = options.library();
  try {
    const { shape, size } = library.describe(object.path);
    const grown = readLayout(object.messages).kind === "virtual" &&
      shape?.length === header.shape.length;
    const same = grown || shape?.join() === header.shape.join();
    if (same && shape && size === header.format.size) return shape;
    throw new LibraryError("the HDF5 library sees another dataset");
  } catch (error) {
    if (!(error instanceof LibraryError)) throw error;
    throw options.fail(`has a damaged header (${error.message})`);
  }
}

/**
 * Opens the rows of a dataset.
 *
 * @param facts The dataset.
 * @param options What is there to read with.
 * @returns The rows.
 * @throws {DataError} if other files that it reads from are not there, or the library cannot open it.
 * @throws {DamagedStructure} if what leads to the rows is damaged.
 */
export function openRows(facts: DatasetFacts, options: OpenOptions): OpenRows {
  const { object, header } = facts;
  const { files, fail, direct } = options;
  const sources = checkSources(object, { files, fail });
  const storedBytes = object.container.blocks.file.size + sources.bytes;
  const elementSize = header.format.size;
  const raw = direct ? openRawRows(object, { header, elementSize }) : undefined;
  if (raw) {
    const notices = noticesOf(facts, sources, raw.unwritten);
    return { rows: raw.rows, shape: header.shape, format: header.format, storedBytes, notices };
  }
  const shape = libraryShape(facts, options);
  // The library delivers little endian whatever the file holds.
  const format = { ...header.format, littleEndian: true };
  const rows = new LibraryRows(options.library(), { ...header, shape }, object.path);
  return { rows, shape, format, storedBytes, notices: noticesOf(facts, sources) };
}
