/**
 * What threads say to the thread of the HDF5 library.
 * @module
 */

/** What the library is asked. Numbers of files are those that it gave. */
export type LibraryRequest =
  | { readonly type: "open"; readonly path: string }
  | { readonly type: "describe"; readonly file: number; readonly dataset: string }
  | {
    readonly type: "read";
    readonly file: number;
    readonly dataset: string;
    /** Dimensions of the dataset. */
    readonly shape: readonly number[];
    readonly start: number;
    readonly count: number;
    /** Takes the bytes; has at least their length. */
    readonly into: SharedArrayBuffer;
    readonly bytes: number;
  }
  | {
    readonly type: "attribute";
    readonly file: number;
    readonly object: string;
    readonly name: string;
  }
  | { readonly type: "close"; readonly file: number };

/** A dataset as the library sees it. */
export interface LibraryDataset {
  readonly shape: readonly number[] | null;
  readonly chunks: readonly number[] | null;
  /** Bytes of an element. */
  readonly size: number;
}

/** A request, and where its answer goes. */
export interface LibraryCall {
  readonly request: LibraryRequest;
  /** An answer: its state, its length in bytes, and JSON. It grows as it must. */
  readonly answer: SharedArrayBuffer;
}

/** States of an answer. */
export const STATE = {
  /** There is none yet. */
  waiting: 0,
  /** The answer is what was asked for. */
  done: 1,
  /** The answer is what the library threw. */
  failed: 2,
  /** The same, and the library is of no use any more. */
  dead: 3,
} as const;

/** Bytes of an answer before its JSON. */
export const HEAD_BYTES = 8;
/** Bytes of an answer to begin with, and at most. */
export const ANSWER_BYTES: readonly [first: number, most: number] = [4096, 64 << 20];

/**
 * Makes room for an answer.
 * @returns Memory that both threads see.
 */
export function newAnswer(): SharedArrayBuffer {
  const [first, most] = ANSWER_BYTES;
  return new SharedArrayBuffer(first, { maxByteLength: most });
}

/**
 * Gives an answer and wakes who waits for it.
 * @param answer Takes it.
 * @param state What it is.
 * @param value Goes as JSON.
 */
export function giveAnswer(answer: SharedArrayBuffer, state: number, value: unknown): void {
  const bytes = new TextEncoder().encode(JSON.stringify(value ?? null));
  if (HEAD_BYTES + bytes.length > answer.byteLength) answer.grow(HEAD_BYTES + bytes.length);
  new Uint8Array(answer, HEAD_BYTES).set(bytes);
  const head = new Int32Array(answer, 0, 2);
  head[1] = bytes.length;
  Atomics.store(head, 0, state);
  Atomics.notify(head, 0);
}

/**
 * Reads an answer that was given.
 * @param answer Where it stands.
 */
export function readAnswer(answer: SharedArrayBuffer): unknown {
  const [, length] = new Int32Array(answer, 0, 2);
  // A decoder takes no shared memory.
  const bytes = new Uint8Array(answer, HEAD_BYTES, length).slice();
  return JSON.parse(new TextDecoder().decode(bytes));
}
