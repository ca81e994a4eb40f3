/**
 * Files that one process at a time may hold. The system gives a lock up when its process ends,
 * however it ends.
 *
 * Deno locks the file itself (`flock`). Node has no call for that; the locks that its SQLite takes
 * are the system's as well, so there an empty database beside the file is held in its place. The
 * two do not see each other: on one folder, all processes have to be Deno's or all Node's.
 * @module
 */
import { DenoFile, isDenoFileLocked } from "./_deno_file.ts";
import type { LockableFile } from "./_lockable.ts";
import { isNodeFileLocked, NodeFile } from "./_node_file.ts";
import { isDeno } from "./host.ts";

export type { LockableFile };

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
