/** A file that Node locks, by way of a database of SQLite's beside it. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import type { LockableFile } from "./_lockable.ts";

/** A database that is held until it is closed. */
type Lock = Pick<DatabaseSync, "close">;

/** What SQLite says where somebody else has a lock. */
const BUSY = /^database is locked/;

/** A file of Node's. */
export class NodeFile implements LockableFile {
  readonly #path: string;
  readonly #file: number;
  #lock: Lock | undefined;

  constructor(path: string, mode = 0o666) {
    this.#path = path;
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, mode);
  }

  get size(): number {
    return fstatSync(this.#file).size;
  }

  read(at: number, into: Uint8Array): number {
    let done = 0;
    for (let count = -1; count !== 0 && done < into.length; done += count) {
      count = readSync(this.#file, into, done, into.length - done, at + done);
    }
    return done;
  }

  write(at: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.#file, bytes, done, bytes.length - done, at + done);
    }
  }

  truncate(length: number): void {
    ftruncateSync(this.#file, length);
  }

  tryLock(): boolean {
    if (this.#lock !== undefined) return true;
    this.#lock ??= takeLock(lockPath(this.#path));
    return this.#lock !== undefined;
  }

  isAt(path: string): boolean {
    return isSame(this.#file, path);
  }

  remove(path: string): void {
    unlinkSync(path);
  }

  close(): void {
    this.#lock?.close();
    closeSync(this.#file);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Whether a process holds the database of a file. */
export function isNodeFileLocked(path: string): boolean {
  const lock = lockPath(path);
  statSync(path);
  if (!existsSync(lock)) return false;
  const database = open(lock, true);
  try {
    database.exec("SELECT count(*) FROM sqlite_schema");
    return false;
  } catch (error) {
    return isBusy(error);
  } finally {
    database.close();
  }
}

/**
 * The database that stands for a file: hidden, in its folder. It is empty, and stays: were it
 * removed, two processes could hold two files of its name.
 */
function lockPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.node`);
}

/** Takes a database; `undefined` where somebody else has it. */
function takeLock(path: string): Lock | undefined {
  const database = open(path);
  try {
    database.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    if (!isBusy(error)) return database; // A file system without locks.
    database.close();
    return undefined;
  }
  return database;
}

function isSame(file: number, path: string): boolean {
  const { dev, ino } = fstatSync(file);
  try {
    const there = statSync(path);
    return there.dev === dev && there.ino === ino;
  } catch {
    return false;
  }
}

/** Loaded where a lock is taken, as nothing else needs it. */
function open(path: string, readOnly = false): DatabaseSync {
  const sqlite: typeof import("node:sqlite") = createRequire(import.meta.url)("node:sqlite");
  const database = new sqlite.DatabaseSync(path, { readOnly });
  database.exec("PRAGMA busy_timeout = 0"); // Deno's waits for five seconds otherwise.
  return database;
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && BUSY.test(error.message);
}
