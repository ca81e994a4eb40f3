/**
 * The HDF5 files behind a name: the one that the user gave, and those that it links to.
 * @module
 */
import { statSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { DataError } from "../../errors.ts";
import { FileReader } from "../file_reader.ts";
import { Blocks, Cursor } from "./cursor.ts";
import { GlobalHeap } from "./global_heap.ts";
import { readSuperblock } from "./superblock.ts";

/** An open file whose structures are read here. */
export interface Container {
  /** Path as the user gave it, or as the file names it that leads here. */
  readonly path: string;
  /** Its blocks. */
  readonly blocks: Blocks;
  /** Its texts. */
  readonly heap: GlobalHeap;
}

function openContainer(path: string): Container {
  const file = FileReader.open(path);
  try {
    const blocks = new Blocks(file, readSuperblock(file));
    return { path, blocks, heap: new GlobalHeap(blocks) };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Whether a path is that of a file: neither a folder nor a pipe, which might never end. */
export function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Finds a file that another one names, where HDF5 looks for it: by its absolute path, beside the
 * other file, in the current folder.
 *
 * @param name What the other file calls it.
 * @param from Path of the other file.
 * @returns Its path; `undefined` where there is no such file.
 *
 * @example Beside the file that names it
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * Deno.writeTextFileSync(`${folder}/b.h5`, "");
 * assertEquals(findBeside("b.h5", `${folder}/a.h5`), `${folder}/b.h5`);
 * assertEquals(findBeside("c.h5", `${folder}/a.h5`), undefined);
 * ```
 */
export function findBeside(name: string, from: string): string | undefined {
  const folder = dirname(from);
  const places = isAbsolute(name)
    ? [name, join(folder, basename(name))]
    : [join(folder, name), name];
  return places.find(isFile);
}

/** A file and those that it links to; each is opened once. */
export class ContainerSet implements Disposable {
  /** The file that the user gave. */
  readonly main: Container;
  readonly #open: Map<string, Container>;

  /**
   * Opens the file.
   *
   * @param path The file.
   * @throws {DataError} if it cannot be read or is not HDF5.
   */
  constructor(path: string) {
    this.main = openContainer(path);
    this.#open = new Map([[path, this.main]]);
  }

  /**
   * Opens a file that another one names.
   *
   * @param name What the other file calls it.
   * @param from The other file.
   * @returns The file, or why it cannot be opened.
   */
  other(name: string, from: Container): Container | string {
    const path = findBeside(name, from.path);
    if (path === undefined) return "which does not exist";
    const known = this.#open.get(path);
    if (known) return known;
    try {
      const opened = openContainer(path);
      this.#open.set(path, opened);
      return opened;
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return `which cannot be read: ${error.message.replace(/^Cannot read ".*?": /, "")}`;
    }
  }

  /** Closes all files. */
  close(): void {
    for (const { blocks } of this.#open.values()) blocks.file.close();
  }

  /** Closes all files. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * A cursor over bytes that come out of a file's heap.
 *
 * @param container The file.
 * @param bytes The bytes.
 */
export function cursorOver(container: Container, bytes: Uint8Array): Cursor {
  return new Cursor(bytes, container.blocks.superblock);
}
