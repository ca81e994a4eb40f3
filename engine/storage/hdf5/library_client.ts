/**
 * Reads through the HDF5 library, which runs on a thread of its own: whatever it throws is an error
 * of ours, and where it gives itself up or does not come to an end, the next file gets a fresh one.
 * @module
 */
import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { moduleUrl } from "../../platform/host.ts";
import { libraryReason } from "./library.ts";
import type {} from "./_library_worker.ts"; // so that packages take it along
import {
  type LibraryDataset,
  type LibraryRequest,
  newAnswer,
  readAnswer,
  STATE,
} from "./_library_protocol.ts";
import { type Hdf5Header, type Hdf5Rows, rowError } from "./rows.ts";

export type { LibraryDataset } from "./_library_protocol.ts";

/** What the library says of filters that it does not have, or that were built without a part. */
const UNDOABLE = /undefined symbol|required filter|not registered/;
/** Time for one request; reads are of a few MB, or of one chunk. */
const LIMIT_MS = 30_000;
/** Time for the thread to load the library. */
const START_MS = 60_000;

/** What the library threw, or that it broke or did not come to an end. */
export class LibraryError extends Error {
  override name = "LibraryError";
}

/** The library on its thread. */
class LibraryThread {
  readonly #worker: Worker;
  /** Open files; where there is none, the thread ends. */
  users = 0;
  /** Whether it gives no answers any more. */
  dead = false;

  constructor() {
    // A worker of node:worker_threads, unlike others, does not keep a program from ending even if
    // it never comes back; it takes no module from elsewhere but through such a line.
    const { href: url } = moduleUrl(new URL("./_library_worker.ts", import.meta.url));
    const line = `data:application/javascript,import ${JSON.stringify(url)}`;
    const ready = newAnswer();
    this.#worker = new Worker(new URL(line), { workerData: ready });
    this.#worker.on("error", () => {});
    this.#worker.unref();
    this.#wait(ready, START_MS);
  }

  /** The thread that files share, for one more of them. */
  static forFile(): LibraryThread {
    current ??= new LibraryThread();
    current.users++;
    return current;
  }

  call(request: LibraryRequest, limit: number): unknown {
    const answer = newAnswer();
    this.#worker.postMessage({ request, answer });
    return this.#wait(answer, limit);
  }

  /** One file less. */
  leave(file: number, limit: number): void {
    if (--this.users === 0) this.#end();
    else if (!this.dead) this.call({ type: "close", file }, limit);
  }

  #end(): void {
    this.#retire();
    this.dead = true;
    void this.#worker.terminate();
  }

  /** Lets files that are opened from now on have a fresh one. */
  #retire(): void {
    if (current === this) current = undefined;
  }

  #wait(answer: SharedArrayBuffer, limit: number): unknown {
    const state = new Int32Array(answer, 0, 1);
    if (Atomics.wait(state, 0, STATE.waiting, limit) === "timed-out") {
      this.#end();
      throw new LibraryError(`the HDF5 library gave no answer for ${limit / 1000} s`);
    }
    const value = readAnswer(answer);
    if (state[0] === STATE.done) return value;
    // What it failed at it may keep open, and would see it again in another file of that name.
    if (state[0] === STATE.dead) this.#end();
    else this.#retire();
    throw new LibraryError(libraryReason(value));
  }
}

/** The thread that the files of this thread share. */
let current: LibraryThread | undefined;

/**
 * A file that the library has open.
 *
 * @example Ask for the shape of a dataset
 * ```ts ignore
 * using file = new LibraryFile("features.h5");
 * console.log(file.describe("features").shape);
 * ```
 */
export class LibraryFile implements Disposable {
  readonly #path: string;
  readonly #limit: number;
  #thread: LibraryThread | undefined;
  #file = -1;

  /**
   * @param path The file.
   * @param limitMs Time for one request.
   */
  constructor(path: string, limitMs: number = LIMIT_MS) {
    this.#path = resolve(path);
    this.#limit = limitMs;
  }

  /**
   * Describes a dataset.
   *
   * @param dataset Its path.
   * @returns What the library sees.
   * @throws {LibraryError} if it sees none.
   */
  describe(dataset: string): LibraryDataset {
    return this.#call((file) => ({ type: "describe", file, dataset })) as LibraryDataset;
  }

  /**
   * Reads rows of a dataset.
   *
   * @param dataset Its path and dimensions.
   * @param rows First row, and number of rows.
   * @param into Takes the bytes; has at least their length.
   * @param bytes Their length.
   * @throws {LibraryError} if they cannot be read.
   */
  read(
    { dataset, shape }: { readonly dataset: string; readonly shape: readonly number[] },
    [start, count]: readonly [start: number, count: number],
    { into, bytes }: { readonly into: SharedArrayBuffer; readonly bytes: number },
  ): void {
    this.#call((file) => ({ type: "read", file, dataset, shape, start, count, into, bytes }));
  }

  /**
   * Reads an attribute.
   *
   * @param object Path of the object that has it.
   * @param name Its name.
   * @returns Its value as JSON has it.
   * @throws {LibraryError} if it cannot be read.
   */
  attribute(object: string, name: string): unknown {
    return this.#call((file) => ({ type: "attribute", file, object, name }));
  }

  /** Closes the file; the last one ends the library's thread. */
  close(): void {
    const thread = this.#thread;
    this.#thread = undefined;
    try {
      thread?.leave(this.#file, this.#limit);
    } catch (error) {
      // It has nothing to give any more.
      if (!(error instanceof LibraryError)) throw error;
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Asks, after opening the file where the library is a fresh one. */
  #call(request: (file: number) => LibraryRequest): unknown {
    if (this.#thread === undefined || this.#thread.dead) {
      this.#thread = LibraryThread.forFile();
      const opening = { type: "open", path: this.#path } as const;
      this.#file = this.#thread.call(opening, this.#limit) as number;
    }
    return this.#thread.call(request(this.#file), this.#limit);
  }
}

/** What an error of the library means for whoever reads rows. */
function reasonOf(message: string): string {
  if (UNDOABLE.test(message)) return "its filter cannot be undone here";
  if (message.includes("enum members")) {
    return "its enumeration is in a byte order that cannot be read with these filters";
  }
  return `the data is damaged (${message})`;
}

/** Rows of a dataset, read through the library. */
export class LibraryRows implements Hdf5Rows {
  readonly chunkRows: number;
  readonly gapBytes = 0;
  readonly #file: LibraryFile;
  readonly #header: Hdf5Header;
  readonly #dataset: string;
  #buffer = new SharedArrayBuffer(0);

  /**
   * @param file The file that holds the dataset.
   * @param header The dataset.
   * @param dataset Its path inside that file.
   */
  constructor(file: LibraryFile, header: Hdf5Header, dataset: string) {
    this.#file = file;
    this.#header = header;
    this.#dataset = dataset;
    this.chunkRows = header.chunks?.[0] ?? 1;
  }

  /** Reads rows; see {@linkcode Hdf5Rows}. */
  read(start: number, count: number, target: Uint8Array): void {
    const { shape } = this.#header;
    const bytes = target.length;
    if (this.#buffer.byteLength < bytes) this.#buffer = new SharedArrayBuffer(bytes);
    const into = this.#buffer;
    try {
      this.#file.read({ dataset: this.#dataset, shape }, [start, count], { into, bytes });
    } catch (error) {
      throw this.#failure(error, [start, count]);
    }
    target.set(new Uint8Array(into, 0, bytes));
  }

  /** Frees the buffer. */
  close(): void {
    this.#buffer = new SharedArrayBuffer(0);
  }

  #failure(error: unknown, rows: readonly [start: number, count: number]): unknown {
    if (!(error instanceof LibraryError)) return error;
    const { message } = error;
    const state = reasonOf(message);
    return rowError(this.#header, rows, { state, cause: error });
  }
}
