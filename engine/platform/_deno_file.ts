/** A file that Deno locks. */
import type { LockableFile } from "./_lockable.ts";

/** A file of Deno's. */
export class DenoFile implements LockableFile {
  readonly #file: Deno.FsFile;
  #locked = false;

  constructor(path: string, mode?: number) {
    this.#file = Deno.openSync(path, { read: true, write: true, create: true, mode });
  }

  get size(): number {
    return this.#file.statSync().size;
  }

  read(at: number, into: Uint8Array): number {
    this.#file.seekSync(at, Deno.SeekMode.Start);
    let done = 0;
    for (let count: number | null = -1; count !== null && done < into.length;) {
      count = this.#file.readSync(into.subarray(done));
      done += count ?? 0;
    }
    return done;
  }

  write(at: number, bytes: Uint8Array): void {
    this.#file.seekSync(at, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) done += this.#file.writeSync(bytes.subarray(done));
  }

  truncate(length: number): void {
    this.#file.truncateSync(length);
  }

  tryLock(): boolean {
    return this.#locked = tryLock(this.#file);
  }

  isAt(path: string): boolean {
    const { dev, ino } = this.#file.statSync();
    if (ino === null) return true;
    try {
      const there = Deno.statSync(path);
      return there.dev === dev && there.ino === ino;
    } catch {
      return false;
    }
  }

  remove(path: string): void {
    Deno.removeSync(path);
  }

  /** Unlocks, too: a process that another thread is just starting still has a copy of the file open. */
  close(): void {
    if (this.#locked) unlock(this.#file);
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function tryLock(file: Deno.FsFile): boolean {
  try {
    return file.tryLockSync(true);
  } catch {
    return true;
  }
}

function unlock(file: Deno.FsFile): void {
  try {
    file.unlockSync();
  } catch {
    // Where files cannot be locked, nothing is.
  }
}

/** Whether another open file has the lock. */
export function isDenoFileLocked(path: string): boolean {
  using file = Deno.openSync(path);
  if (!tryLock(file)) return true;
  unlock(file);
  return false;
}
