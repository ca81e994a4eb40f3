/**
 * Locks on files: what keeps two processes from writing the same thing. The system gives a lock up
 * when its process ends, however it ends.
 * @module
 */
import { DataError } from "../errors.ts";
import { isFileLocked, type LockableFile, openLockable } from "../platform/lockable_file.ts";
import { writeError } from "./atomic.ts";

/**
 * Opens a file for reading and writing, and keeps other processes off it until it is closed.
 *
 * @param path The file, which is made where it does not exist.
 * @returns The open file; `undefined` if another process holds it, or this one does elsewhere.
 * @throws {DataError} if it cannot be written.
 */
export function openLocked(path: string): LockableFile | undefined {
  for (;;) {
    const file = openToWrite(path);
    if (!file.tryLock()) {
      file.close();
      return undefined;
    }
    if (file.isAt(path)) return file;
    file.close(); // Whoever held it has removed it.
  }
}

/**
 * Holds a file for as long as something is worked on that no other process may touch.
 *
 * @example The second one has to wait
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * const path = `${folder}/run.lock`;
 * const refusal = "Cannot train: another process does";
 * const first = FileLock.take(path, refusal);
 * assertThrows(() => FileLock.take(path, refusal), Error, refusal);
 * first.release();
 * FileLock.take(path, refusal).release();
 * assertEquals([...Deno.readDirSync(folder)], []);
 * ```
 */
export class FileLock implements Disposable {
  readonly #path: string;
  #file: LockableFile | undefined;

  private constructor(path: string, file: LockableFile) {
    this.#path = path;
    this.#file = file;
  }

  /**
   * Takes a lock.
   * @param path The file that stands for what is locked.
   * @param refusal What to say where another process has it.
   * @throws {DataError} if another process has it, or the file cannot be written.
   */
  static take(path: string, refusal: string): FileLock {
    const file = openLocked(path);
    if (file === undefined) throw new DataError(refusal, { file: path });
    return new FileLock(path, file);
  }

  /** Gives the lock up. The file goes, unless somebody keeps something in it. */
  release(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    removeIfEmpty(file, this.#path);
    file.close();
  }

  /** Gives the lock up. */
  [Symbol.dispose](): void {
    this.release();
  }
}

/**
 * Tells whether a process holds a lock, without taking it.
 *
 * @param path The file that stands for what is locked.
 * @returns Whether it is held; false where there is no such file, or it cannot be opened.
 *
 * @example As long as it is held
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = `${Deno.makeTempDirSync()}/run.lock`;
 * const lock = FileLock.take(path, "Cannot train: another process does");
 * assertEquals(isLocked(path), true);
 * lock.release();
 * assertEquals(isLocked(path), false);
 * ```
 */
export function isLocked(path: string): boolean {
  try {
    return isFileLocked(path);
  } catch {
    return false;
  }
}

function openToWrite(path: string): LockableFile {
  try {
    return openLockable(path);
  } catch (error) {
    throw writeError(error, path);
  }
}

/** Removed while it is still locked: nobody else can have begun to use it. */
function removeIfEmpty(file: LockableFile, path: string): void {
  try {
    if (file.size === 0 && file.isAt(path)) file.remove(path);
  } catch {
    // It stays, and locks nothing.
  }
}
