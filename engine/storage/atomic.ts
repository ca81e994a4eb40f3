/**
 * Atomic replacement of files: a crash leaves the old file or the new one, never half of either.
 * @module
 */
import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { platform } from "node:process";
import { DataError } from "../errors.ts";
import { isDenied } from "../platform/permissions.ts";
import { errorCode } from "./file_reader.ts";
import { isFile } from "./is_file.ts";

/** Longest part of the final name that a temporary name repeats. */
const NAME_LENGTH = 100;
/** Names that {@linkcode temporaryPath} makes, and the part that repeats the final name. */
const TEMPORARY = /^\.(.*)\.[0-9a-f-]{36}\.tmp$/;

/**
 * Makes a name for a file while it is being written: hidden, unlike any other, in the folder of its
 * final name.
 *
 * @param path Its final name.
 * @returns A path at which there is nothing.
 *
 * @example In the same folder
 * ```ts
 * import { assertMatch } from "@std/assert";
 * assertMatch(temporaryPath("run/last.pt"), /^run\/\.last\.pt\.[0-9a-f-]+\.tmp$/);
 * ```
 */
export function temporaryPath(path: string): string {
  return join(dirname(path), `.${repeated(path)}.${crypto.randomUUID()}.tmp`);
}

/** The part of a final name that its temporary names repeat. */
function repeated(path: string): string {
  return basename(path).slice(0, NAME_LENGTH);
}

/**
 * Removes the files of a folder that a killed process left half-written.
 *
 * @param folder The folder; nobody else may be writing in it.
 * @throws {Error} if the system refuses.
 *
 * @example What is finished stays
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * const path = `${folder}/last.pt`;
 * for (const name of [path, temporaryPath(path)]) Deno.writeTextFileSync(name, "");
 * removeTemporaries(folder);
 * assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["last.pt"]);
 * ```
 */
export function removeTemporaries(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (TEMPORARY.test(name)) unlinkSync(join(folder, name));
  }
}

/**
 * Removes what a killed process left half-written of one file.
 *
 * @param path Final name of the file; nobody else may be writing it.
 *
 * @example Other files may still be written
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * const [left, other] = ["a.h5", "b.h5"].map((name) => temporaryPath(`${folder}/${name}`));
 * for (const path of [left, other]) Deno.writeTextFileSync(path, "");
 * removeTemporariesOf(`${folder}/a.h5`);
 * assertEquals([...Deno.readDirSync(folder)].map(({ name }) => `${folder}/${name}`), [other]);
 * ```
 */
export function removeTemporariesOf(path: string): void {
  for (const final of new Set([path, resolveLink(path)])) {
    const folder = dirname(final);
    for (const name of readdirSync(folder)) {
      if (TEMPORARY.exec(name)?.[1] === repeated(final)) removeQuietly(join(folder, name));
    }
  }
}

/** The path behind a symbolic link, so that a link stays a link when its file is replaced. */
function resolveLink(path: string): string {
  try {
    return lstatSync(path).isSymbolicLink() ? realpathSync.native(path) : path;
  } catch {
    return path;
  }
}

/** The permission bits of the file that is about to be replaced. */
function modeOf(path: string): number | undefined {
  try {
    return statSync(path).mode;
  } catch {
    return undefined;
  }
}

/** Removes a file that may not be there. */
export function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Nothing to remove, or nothing that could be done about it.
  }
}

function sync(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes the renaming itself durable, where the system lets a folder be opened. */
function syncFolder(path: string): void {
  try {
    sync(path);
  } catch {
    // Not every file system can sync a folder; the file's own content is safe already.
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** What a failed write says about the file, or `undefined` if the file system is not at fault. */
function describe(error: unknown, path: string): string | undefined {
  if (isDenied(error)) {
    return "Deno has no permission to write it, see --allow-write";
  }
  switch (errorCode(error)) {
    case "ENOSPC":
    case "EDQUOT":
      return "the disk is full";
    case "EROFS":
      return "the folder is read-only";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EISDIR":
    case "ENOTEMPTY":
      return "it is a folder";
    case "EEXIST":
      return isFile(path) ? "it is a file, not a folder" : "it is a folder";
    case "ENOENT":
      return isFolder(dirname(path))
        ? "another process removed its temporary file"
        : `the folder "${dirname(path)}" does not exist`;
    case "ENOTDIR":
      return `"${dirname(path)}" is not a folder`;
    case "ENAMETOOLONG":
      return "the name is too long";
    case "EFBIG":
      return "the file system takes no file of this size";
    default:
      return undefined;
  }
}

/**
 * Turns a failure to write `path` into a {@linkcode DataError} of one line, and hands back every
 * other error as it is.
 *
 * @param error What was thrown.
 * @param path The file that was being written.
 * @returns The error to throw.
 */
export function writeError(error: unknown, path: string): unknown {
  if (error instanceof DataError) return error;
  const state = describe(error, path);
  if (state === undefined) return error;
  return new DataError(`Cannot write "${path}": ${state}`, { file: path, cause: error });
}

/**
 * Replaces a file by one that `write` makes under a temporary name in the same folder. The new file
 * is flushed to the disk before it takes the name; if anything fails it is removed and the old file
 * stays.
 *
 * @param path The file to replace or create.
 * @param write Writes the whole file at the path that it is given.
 * @throws {DataError} if the file cannot be written (disk full, read-only, permission denied, …).
 *
 * @example Copy a file into place
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * await replaceFile(`${folder}/a.txt`, (path) => Deno.writeTextFileSync(path, "new"));
 * assertEquals(Deno.readTextFileSync(`${folder}/a.txt`), "new");
 * ```
 */
export async function replaceFile(
  path: string,
  write: (temporary: string) => void | Promise<void>,
): Promise<void> {
  const target = resolveLink(path);
  const temporary = temporaryPath(target);
  try {
    await write(temporary);
    const mode = modeOf(target);
    if (mode !== undefined && platform !== "win32") chmodSync(temporary, mode & 0o777);
    putInPlace(temporary, target);
  } catch (error) {
    removeQuietly(temporary);
    throw writeError(error, path);
  }
}

/**
 * Gives a finished file its name, when its content is safe on the disk.
 *
 * @param temporary The finished file, in the folder of its final name.
 * @param path Its final name.
 * @throws {Error} if the system refuses.
 *
 * @example A file that was written under another name
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * Deno.writeTextFileSync(`${folder}/a.tmp`, "whole");
 * putInPlace(`${folder}/a.tmp`, `${folder}/a.txt`);
 * assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.txt"]);
 * ```
 */
export function putInPlace(temporary: string, path: string): void {
  sync(temporary);
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) written += (await file.write(bytes, written)).bytesWritten;
}

/**
 * Writes a file atomically.
 *
 * @param path The file to replace or create.
 * @param chunks Its content, whole or piece by piece; pieces are asked for as they are written.
 * @throws {DataError} if the file cannot be written (disk full, read-only, permission denied, …).
 *
 * @example Write two pieces
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = `${Deno.makeTempDirSync()}/a.bin`;
 * await writeFileAtomic(path, [new Uint8Array([1]), new Uint8Array([2, 3])]);
 * assertEquals(Deno.readFileSync(path), new Uint8Array([1, 2, 3]));
 * ```
 */
export async function writeFileAtomic(
  path: string,
  chunks: Uint8Array | Iterable<Uint8Array>,
): Promise<void> {
  await replaceFile(path, async (temporary) => {
    await using file = await open(temporary, "wx");
    for (const chunk of chunks instanceof Uint8Array ? [chunks] : chunks) {
      await writeAll(file, chunk);
    }
  });
}

/**
 * Writes a value as indented JSON, atomically.
 *
 * @param path The file to replace or create.
 * @param value Anything that `JSON.stringify` takes.
 * @throws {DataError} if the file cannot be written (disk full, read-only, permission denied, …).
 *
 * @example Write and read back
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = `${Deno.makeTempDirSync()}/a.json`;
 * await writeJsonAtomic(path, { epochs: 20 });
 * assertEquals(JSON.parse(Deno.readTextFileSync(path)), { epochs: 20 });
 * ```
 */
export async function writeJsonAtomic(path: string, value: unknown): Promise<void> {
  const text = JSON.stringify(value, null, 2) + "\n";
  await writeFileAtomic(path, new TextEncoder().encode(text));
}
