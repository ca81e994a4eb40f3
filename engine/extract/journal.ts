/**
 * The journal of an extraction: what has been computed so far, in a file beside the final one that
 * only grows. A process that is killed leaves at most one record cut short, which is dropped when
 * the work goes on.
 * @module
 */
import { Buffer } from "node:buffer";
import { DataError } from "../errors.ts";
import type { LockableFile } from "../platform/lockable_file.ts";
import { removeQuietly, writeError } from "../storage/atomic.ts";
import { checksum } from "../storage/checksum.ts";
import { openLocked } from "../storage/lock.ts";

/** Features of consecutive samples. */
export interface FeatureBlock {
  /** Index of the first sample. */
  readonly start: number;
  /** Number of samples, those without a row included. */
  readonly count: number;
  /** `[count - skipped.length, embed_dim]`, row-major. */
  readonly features: Float32Array;
  /** Samples that could not be read: offset from `start`, and why. */
  readonly skipped: readonly { readonly position: number; readonly reason: string }[];
}

/** What a journal is about. */
export interface JournalOptions {
  /** Text that is equal exactly for the same work. */
  readonly fingerprint: string;
  /** Values a row. */
  readonly embedDim: number;
  /** Index of the first sample. @default {0} */
  readonly first?: number;
  /** Lines on the data that the samples are read from, which may be told to be the same. */
  readonly data?: string;
}

/** How a journal goes on. */
export interface ResumeOptions {
  /** Whether it goes on although the data is not what it was. @default {false} */
  readonly anyway?: boolean;
  /** Gets a line where it does. */
  readonly notify?: (message: string) => void;
}

const MAGIC = "glovita journal 1\n";
/** Stands between the lines on the work and those on its data. */
const DATA_BEGINS = "\0";
const HEADER_BYTES = 20;

/**
 * Appends blocks, and reads them back.
 *
 * @example Going on where another process stopped
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${Deno.makeTempDirSync()}/features.h5.partial`;
 * const options = { fingerprint: "vit, 5 images", embedDim: 2 };
 * using first = Journal.create(path, options);
 * first.append({ start: 0, count: 1, features: Float32Array.of(1, 2), skipped: [] });
 * first.close();
 * using second = Journal.resume(path, options);
 * assertEquals(second.samples, 1);
 * assertEquals([...second.blocks()][0].features, Float32Array.of(1, 2));
 * ```
 */
export class Journal implements Disposable {
  readonly #path: string;
  readonly #file: LockableFile;
  readonly #options: JournalOptions;
  readonly #begin: number;
  #end: number;
  #samples = 0;
  #open = true;

  private constructor(path: string, file: LockableFile, options: JournalOptions, begin: number) {
    this.#path = path;
    this.#file = file;
    this.#options = options;
    this.#begin = begin;
    this.#end = begin;
  }

  /** Samples that the blocks so far are about. */
  get samples(): number {
    return this.#samples;
  }

  /**
   * Starts a journal, in place of one that may be there.
   * @param path Its file.
   * @param options What it is about.
   * @throws {DataError} if the file cannot be written, or another process is writing it.
   */
  static create(path: string, options: JournalOptions): Journal {
    const file = openAlone(path);
    try {
      return Journal.#start(path, file, options);
    } catch (error) {
      file.close();
      throw writeError(error, path);
    }
  }

  /**
   * Goes on with a journal; starts one where there is none, or only its beginning.
   * @param path Its file.
   * @param options What it is about.
   * @param resume What is done where the data is not what it was.
   * @throws {DataError} if the journal is about other work, the data is not what it was, or another
   *   process is writing it.
   */
  static resume(path: string, options: JournalOptions, resume: ResumeOptions = {}): Journal {
    const file = openAlone(path);
    try {
      const head = readHead(file);
      if (head === undefined) return Journal.#start(path, file, options);
      checkWork(path, head.fingerprint, options.fingerprint);
      checkData(path, { found: head.data, now: options.data ?? "" }, resume);
      const journal = new Journal(path, file, options, head.end);
      for (const block of journal.blocks()) journal.#samples += block.count;
      file.truncate(journal.#end);
      return journal;
    } catch (error) {
      file.close();
      throw writeError(error, path);
    }
  }

  static #start(path: string, file: LockableFile, options: JournalOptions): Journal {
    const { fingerprint, data } = options;
    const text = Buffer.from(data === undefined ? fingerprint : fingerprint + DATA_BEGINS + data);
    const head = Buffer.concat([Buffer.from(MAGIC), uint32s(text.length, checksum(text)), text]);
    file.truncate(0);
    file.write(0, head);
    return new Journal(path, file, options, head.length);
  }

  /**
   * Adds a block, which must follow the one before.
   * @param block Features of the next samples.
   * @throws {DataError} if the file cannot be written.
   */
  append(block: FeatureBlock): void {
    const { start, count, features, skipped } = block;
    const values = Buffer.from(features.buffer, features.byteOffset, features.byteLength);
    const text = Buffer.from(skipped.length === 0 ? "" : JSON.stringify(skipped));
    const numbers = uint32s(start, count, text.length, values.length);
    const body = Buffer.concat([numbers, text, values]);
    try {
      this.#file.write(this.#end, Buffer.concat([uint32s(checksum(body)), body]));
    } catch (error) {
      throw writeError(error, this.#path);
    }
    this.#end += 4 + body.length;
    this.#samples += count;
  }

  /** Reads the blocks, in their order; stops before one that is cut short or is not a block. */
  *blocks(): IterableIterator<FeatureBlock> {
    const { embedDim, first = 0 } = this.#options;
    let at = this.#begin;
    for (let next = first;;) {
      const head = readAt(this.#file, at, HEADER_BYTES);
      if (head === undefined) break;
      const [sum, start, count, textLength, valuesLength] = readUint32s(head, 5);
      const body = readAt(this.#file, at + HEADER_BYTES, textLength + valuesLength);
      if (body === undefined) break;
      if (checksum(body, checksum(head.subarray(4))) !== sum) break;
      const skipped = readSkipped(body.subarray(0, textLength).toString(), count);
      if (skipped === undefined || start !== next) break;
      if (valuesLength !== (count - skipped.length) * embedDim * 4) break;
      const begin = body.byteOffset + textLength;
      const features = new Float32Array(body.buffer.slice(begin, begin + valuesLength));
      at += HEADER_BYTES + textLength + valuesLength;
      next += count;
      this.#end = Math.max(this.#end, at);
      yield { start, count, features, skipped };
    }
  }

  /** Closes the file, which stays. */
  close(): void {
    if (this.#open) this.#file.close();
    this.#open = false;
  }

  /** Closes and removes the file, which somebody may have removed before. */
  remove(): void {
    // Removed while it is locked: no other process can have begun to use it.
    removeQuietly(this.#path);
    this.close();
  }

  /** Closes the file, which stays. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Opens the file, and keeps other processes off it for as long as it is open. */
function openAlone(path: string): LockableFile {
  const file = openLocked(path);
  if (file !== undefined) return file;
  throw new DataError(`Cannot write "${path}": another process is writing it`, { file: path });
}

function checkWork(path: string, found: string, now: string): void {
  if (found === now) return;
  throw new DataError(
    `Cannot go on with "${path}": it is of other work, ${difference(found, now)}; ` +
      "remove it, or run without resume",
    { file: path },
  );
}

function checkData(
  path: string,
  { found, now }: { readonly found: string; readonly now: string },
  { anyway = false, notify = () => {} }: ResumeOptions,
): void {
  if (found === now) return;
  const state = `its samples are of other data, ${difference(found, now)}`;
  if (anyway) return notify(`"${path}": ${state}; going on anyway`);
  throw new DataError(
    `Cannot go on with "${path}": ${state}; resume_anyway goes on, or run without resume`,
    { file: path },
  );
}

/** Samples of a block that were left out; `undefined` where the text says nothing of the kind. */
function readSkipped(text: string, count: number): FeatureBlock["skipped"] | undefined {
  if (text === "") return [];
  let skipped: unknown;
  try {
    skipped = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(skipped) || !skipped.every(isSkipped)) return undefined;
  const positions = new Set(skipped.map(({ position }) => position));
  const inside = [...positions].every((at) => Number.isInteger(at) && at >= 0 && at < count);
  return inside && positions.size === skipped.length ? skipped : undefined;
}

function isSkipped(value: unknown): value is FeatureBlock["skipped"][number] {
  const { position, reason } = Object(value) as Record<string, unknown>;
  return typeof position === "number" && typeof reason === "string";
}

function uint32s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32LE(value, i * 4));
  return bytes;
}

function readUint32s(bytes: Buffer, count: number): number[] {
  return Array.from({ length: count }, (_, i) => bytes.readUInt32LE(i * 4));
}

/** So many bytes, or `undefined` where the file ends before. */
function readAt(file: LockableFile, at: number, length: number): Buffer | undefined {
  if (at + length > file.size) return undefined;
  const bytes = Buffer.alloc(length);
  return file.read(at, bytes) === length ? bytes : undefined;
}

interface Head {
  readonly fingerprint: string;
  readonly data: string;
  /** Where the blocks begin. */
  readonly end: number;
}

function readHead(file: LockableFile): Head | undefined {
  const head = readAt(file, 0, MAGIC.length + 8);
  if (head === undefined || head.subarray(0, MAGIC.length).toString() !== MAGIC) return undefined;
  const [length, sum] = readUint32s(head.subarray(MAGIC.length), 2);
  const text = readAt(file, head.length, length);
  if (text === undefined || checksum(text) !== sum) return undefined;
  const [fingerprint, data = ""] = text.toString().split(DATA_BEGINS);
  return { fingerprint, data, end: head.length + length };
}

/** The first line in which two texts differ. */
function difference(found: string, wanted: string): string {
  const [old, now] = [found.split("\n"), wanted.split("\n")];
  const at = now.findIndex((line, i) => line !== old[i]);
  const show = (line: string | undefined) => (line || "nothing").slice(0, 120);
  return at < 0 ? "with more to it" : `${show(old[at])} instead of ${show(now[at])}`;
}
