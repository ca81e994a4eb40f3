/**
 * Locks on files: what keeps two processes from writing the same thing. The system gives a lock up
 * when its process ends, however it ends.
 * @module
 */
import { DataError } from "../errors.ts";
import { writeError } from "./atomic.ts";

/**
 * Opens a file for reading and writing, and keeps other processes off it until it is closed.
 *
 * @param path The file, which is made where it does not exist.
 * @returns The open file; `undefined` if another process holds it, or this one does elsewhere.
 * @throws {DataError} if it cannot be written.
 */
export function openLocked(path: string): Deno.FsFile | undefined {
  for (;;) {
    const file = openToWrite(path);
    if (!tryLock(file)) {
      file.close();
      return undefined;
    }
    if (isAt(file, path)) return file;
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
  #file: Deno.FsFile | undefined;

  private constructor(path: string, file: Deno.FsFile) {
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
    using file = Deno.openSync(path);
    return !tryLock(file);
  } catch {
    return false;
  }
}

function openToWrite(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { read: true, write: true, create: true });
  } catch (error) {
    throw writeError(error, path);
  }
}

/** Whether nobody else holds the file; true on a file system without locks. */
function tryLock(file: Deno.FsFile): boolean {
  try {
    return file.tryLockSync(true);
  } catch {
    return true;
  }
}

/** Whether an open file still has its name; true where the system numbers no files. */
function isAt(file: Deno.FsFile, path: string): boolean {
  const { dev, ino } = file.statSync();
  if (ino === null) return true;
  try {
    const there = Deno.statSync(path);
    return there.dev === dev && there.ino === ino;
  } catch {
    return false;
  }
}

/** Removed while it is still locked: nobody else can have begun to use it. */
function removeIfEmpty(file: Deno.FsFile, path: string): void {
  try {
    if (file.statSync().size === 0 && isAt(file, path)) Deno.removeSync(path);
  } catch {
    // It stays, and locks nothing.
  }
}
