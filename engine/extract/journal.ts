/**
 * The journal of an extraction: what has been computed so far, in a file beside the final one that
 * only grows. A process that is killed leaves at most one record cut short, which is dropped when
 * the work goes on.
 * @module
 */
import { Buffer } from "node:buffer";
import { DataError } from "../errors.ts";
import { writeError } from "../storage/atomic.ts";
import { checksum } from "../storage/checksum.ts";

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
}

const MAGIC = "glovita journal 1\n";
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
  readonly #file: Deno.FsFile;
  readonly #embedDim: number;
  readonly #begin: number;
  #end: number;
  #samples = 0;
  #open = true;

  private constructor(path: string, file: Deno.FsFile, embedDim: number, begin: number) {
    this.#path = path;
    this.#file = file;
    this.#embedDim = embedDim;
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
  static create(path: string, { fingerprint, embedDim }: JournalOptions): Journal {
    const text = new TextEncoder().encode(fingerprint);
    const head = Buffer.concat([Buffer.from(MAGIC), uint32s(text.length, checksum(text)), text]);
    let file: Deno.FsFile | undefined;
    try {
      file = Deno.openSync(path, { read: true, write: true, create: true });
      lock(file, path);
      file.truncateSync(0);
      writeAll(file, head);
      return new Journal(path, file, embedDim, head.length);
    } catch (error) {
      file?.close();
      throw error instanceof DataError ? error : writeError(error, path);
    }
  }

  /**
   * Goes on with a journal; starts one where there is none, or only its beginning.
   * @param path Its file.
   * @param options What it is about.
   * @throws {DataError} if the journal is about other work, or another process is writing it.
   */
  static resume(path: string, options: JournalOptions): Journal {
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(path, { read: true, write: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return Journal.create(path, options);
      throw writeError(error, path);
    }
    try {
      lock(file, path);
      const found = readFingerprint(file);
      if (found !== undefined) {
        checkFingerprint(path, found.text, options);
        const journal = new Journal(path, file, options.embedDim, found.end);
        for (const block of journal.blocks()) journal.#samples += block.count;
        file.truncateSync(journal.#end);
        return journal;
      }
    } catch (error) {
      file.close();
      throw error;
    }
    file.close();
    return Journal.create(path, options);
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
      this.#file.seekSync(this.#end, Deno.SeekMode.Start);
      writeAll(this.#file, Buffer.concat([uint32s(checksum(body)), body]));
    } catch (error) {
      throw writeError(error, this.#path);
    }
    this.#end += 4 + body.length;
    this.#samples += count;
  }

  /** Reads the blocks, in their order; stops before one that is cut short. */
  *blocks(): IterableIterator<FeatureBlock> {
    let at = this.#begin;
    for (;;) {
      const head = readAt(this.#file, at, HEADER_BYTES);
      if (head === undefined) break;
      const [sum, start, count, textLength, valuesLength] = readUint32s(head, 5);
      const body = readAt(this.#file, at + HEADER_BYTES, textLength + valuesLength);
      if (body === undefined) break;
      if (checksum(body, checksum(head.subarray(4))) !== sum) break;
      const text = body.subarray(0, textLength).toString();
      const features = new Float32Array(body.buffer.slice(
        body.byteOffset + textLength,
        body.byteOffset + textLength + valuesLength,
      ));
      const skipped = text === "" ? [] : JSON.parse(text) as FeatureBlock["skipped"];
      if (features.length !== (count - skipped.length) * this.#embedDim) break;
      at += HEADER_BYTES + textLength + valuesLength;
      this.#end = Math.max(this.#end, at);
      yield { start, count, features, skipped };
    }
  }

  /** Closes the file, which stays. */
  close(): void {
    if (this.#open) this.#file.close();
    this.#open = false;
  }

  /** Closes and removes the file. */
  remove(): void {
    this.close();
    Deno.removeSync(this.#path);
  }

  /** Closes the file, which stays. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Keeps other processes off the file for as long as it is open. */
function lock(file: Deno.FsFile, path: string): void {
  let free: boolean;
  try {
    free = file.tryLockSync(true);
  } catch {
    return; // A file system without locks.
  }
  if (free) return;
  throw new DataError(`Cannot write "${path}": another process is writing it`, { file: path });
}

function checkFingerprint(path: string, found: string, options: JournalOptions): void {
  if (found === options.fingerprint) return;
  throw new DataError(
    `Cannot go on with "${path}": it is of other work, ${difference(found, options)}; ` +
      "remove it, or run without resume",
    { file: path },
  );
}

function uint32s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeUInt32LE(value, i * 4));
  return bytes;
}

function readUint32s(bytes: Buffer, count: number): number[] {
  return Array.from({ length: count }, (_, i) => bytes.readUInt32LE(i * 4));
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

/** So many bytes, or `undefined` where the file ends before. */
function readAt(file: Deno.FsFile, at: number, length: number): Buffer | undefined {
  const size = file.statSync().size;
  if (at + length > size) return undefined;
  const bytes = Buffer.alloc(length);
  file.seekSync(at, Deno.SeekMode.Start);
  for (let done = 0; done < length;) {
    const count = file.readSync(bytes.subarray(done));
    if (count === null) return undefined;
    done += count;
  }
  return bytes;
}

function readFingerprint(file: Deno.FsFile): { text: string; end: number } | undefined {
  const head = readAt(file, 0, MAGIC.length + 8);
  if (head === undefined || head.subarray(0, MAGIC.length).toString() !== MAGIC) return undefined;
  const [length, sum] = readUint32s(head.subarray(MAGIC.length), 2);
  const text = readAt(file, head.length, length);
  if (text === undefined || checksum(text) !== sum) return undefined;
  return { text: text.toString(), end: head.length + length };
}

/** The first line in which two fingerprints differ. */
function difference(found: string, { fingerprint }: JournalOptions): string {
  const [old, now] = [found.split("\n"), fingerprint.split("\n")];
  const at = now.findIndex((line, i) => line !== old[i]);
  const show = (line: string | undefined) => (line ?? "nothing").slice(0, 120);
  return at < 0 ? "with more to it" : `${show(old[at])} instead of ${show(now[at])}`;
}
