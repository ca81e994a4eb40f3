/**
 * Files that one process at a time may hold. The system gives a lock up when its process ends,
 * however it ends.
 *
 * Deno locks the file itself (`flock`). Node has no call for that; the locks that its SQLite takes
 * are the system's as well, so there an empty database beside the file is held in its place. The
 * two do not see each other: on one folder, all processes have to be Deno's or all Node's.
 * @module
 */
import { isDeno } from "./host.ts";
import { DenoFile, isDenoFileLocked } from "./_deno_file.ts";
import { isNodeFileLocked, NodeFile } from "./_node_file.ts";

/** A file that is open for reading and writing. */
export interface LockableFile extends Disposable {
  /** Bytes in it. */
  readonly size: number;
  /**
   * Reads bytes.
   * @param at Offset of the first one.
   * @param into Takes them.
   * @returns How many were read: fewer only where the file ends.
   */
  read(at: number, into: Uint8Array): number;
  /**
   * Writes bytes.
   * @param at Offset of the first one.
   * @param bytes The bytes.
   */
  write(at: number, bytes: Uint8Array): void;
  /** Cuts it. @param length Bytes that stay. */
  truncate(length: number): void;
  /**
   * Takes its lock, without waiting.
   * @returns Whether nobody else holds it; true on a file system without locks.
   */
  tryLock(): boolean;
  /** Whether a path leads to it; true where the system numbers no files. */
  isAt(path: string): boolean;
  /** Removes it from its folder, while it is still held. @param path Where it is. */
  remove(path: string): void;
  /** Closes it, and gives its lock up. */
  close(): void;
}

/**
 * Opens a file for reading and writing; makes it where there is none.
 * @param path The file.
 * @param mode Permissions of a file that is made.
 * @throws {Error} if the system refuses.
 *
 * @example Only one holds it
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = `${Deno.makeTempDirSync()}/run.lock`;
 * using first = openLockable(path);
 * using second = openLockable(path);
 * assertEquals([first.tryLock(), second.tryLock()], [true, false]);
 * ```
 */
export function openLockable(path: string, mode?: number): LockableFile {
  return isDeno ? new DenoFile(path, mode) : new NodeFile(path, mode);
}

/**
 * Whether a process holds the lock of a file.
 * @param path The file.
 * @throws {Error} if there is no such file, or it cannot be looked at.
 *
 * @example As long as it is open
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = `${Deno.makeTempDirSync()}/run.lock`;
 * const file = openLockable(path);
 * assertEquals([file.tryLock(), isFileLocked(path)], [true, true]);
 * file.close();
 * assertEquals(isFileLocked(path), false);
 * ```
 */
export function isFileLocked(path: string): boolean {
  return isDeno ? isDenoFileLocked(path) : isNodeFileLocked(path);
}
