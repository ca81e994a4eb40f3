/** A file that grows by what arrives, and gets its name when it is complete. */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { writeError } from "../storage/atomic.ts";

/** The part of a file that has arrived, in this run or in an earlier one. */
export class PartialFile implements Disposable {
  /** Path that it has until it is complete. */
  readonly path: string;
  readonly #file: number;
  #size: number;

  /**
   * @param path Path of the part; what is there is kept.
   * @throws {DataError} if it cannot be written.
   */
  constructor(path: string) {
    this.path = path;
    try {
      this.#file = openSync(path, "a");
      this.#size = fstatSync(this.#file).size;
    } catch (error) {
      throw writeError(error, path);
    }
  }

  /** Bytes that have arrived. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds what has arrived.
   * @throws {DataError} if it cannot be written.
   */
  append(bytes: Uint8Array): void {
    this.#write(() => {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at);
    });
    this.#size += bytes.length;
  }

  /** Throws away what has arrived. */
  clear(): void {
    this.#write(() => ftruncateSync(this.#file, 0));
    this.#size = 0;
  }

  /** Waits until everything is on the disk. */
  sync(): void {
    this.#write(() => fsyncSync(this.#file));
  }

  /** Releases the file; nothing is left behind where nothing has arrived. */
  [Symbol.dispose](): void {
    closeSync(this.#file);
    if (this.#size > 0) return;
    try {
      unlinkSync(this.path);
    } catch {
      // Complete, and empty.
    }
  }

  #write(action: () => void): void {
    try {
      action();
    } catch (error) {
      throw writeError(error, this.path);
    }
  }
}
