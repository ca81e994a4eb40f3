/**
 * Random access to a file's bytes, with errors that users understand.
 * @module
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { DataError } from "../errors.ts";
import { firstLine } from "../first_line.ts";
import { isDenied } from "../platform/permissions.ts";

/** Most bytes asked for in one system call. */
const CALL_BYTES = 1 << 30;

/**
 * The POSIX code of a failed system call.
 *
 * @param error What was thrown.
 * @returns For example `"ENOENT"`, or `undefined` for any other error.
 *
 * @example A missing file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * try {
 *   Deno.readFileSync("no_such_file");
 * } catch (error) {
 *   assertEquals(errorCode(error), "ENOENT");
 * }
 * ```
 */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

function describe(error: unknown): string {
  if (isDenied(error)) {
    return "Deno has no permission to read it, see --allow-read";
  }
  switch (errorCode(error)) {
    case "ENOENT":
    case "ENOTDIR":
      return "the file does not exist";
    case "EISDIR":
      return "it is a folder";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EIO":
      return "the disk reports an input/output error";
    default:
      return firstLine(error);
  }
}

/**
 * Turns a failure to read `path` into a {@linkcode DataError} of one line.
 *
 * @param error What was thrown; a `DataError` is handed back as it is.
 * @param path The file that was being read, as the user gave it.
 * @returns The error to throw.
 */
export function readError(error: unknown, path: string): DataError {
  if (error instanceof DataError) return error;
  return new DataError(`Cannot read "${path}": ${describe(error)}`, { file: path, cause: error });
}

/**
 * A file that is open for reading at any position.
 *
 * @example Read from the middle
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = `${Deno.makeTempDirSync()}/a.bin`;
 * Deno.writeFileSync(path, new Uint8Array([1, 2, 3, 4]));
 * using file = FileReader.open(path);
 * assertEquals(file.read(1, 2), new Uint8Array([2, 3]));
 * ```
 */
export class FileReader implements Disposable {
  /** Path as the user gave it. */
  readonly path: string;
  /** Bytes in the file when it was opened. */
  readonly size: number;
  #descriptor: number | undefined;

  private constructor(path: string, descriptor: number, size: number) {
    this.path = path;
    this.#descriptor = descriptor;
    this.size = size;
  }

  /**
   * Opens a file.
   *
   * @param path The file.
   * @returns The open file; close it.
   * @throws {DataError} if it does not exist, is a folder or may not be read.
   */
  static open(path: string): FileReader {
    try {
      const descriptor = openSync(path, "r");
      const stat = fstatSync(descriptor);
      if (stat.isDirectory()) {
        closeSync(descriptor);
        throw new DataError(`Cannot read "${path}": it is a folder`, { file: path });
      }
      return new FileReader(path, descriptor, stat.size);
    } catch (error) {
      throw readError(error, path);
    }
  }

  /**
   * Fills `target` with the bytes at `position`.
   *
   * @param position Offset of the first byte.
   * @param target Takes the bytes.
   * @throws {DataError} if the file ends before `target` is full.
   */
  readInto(position: number, target: Uint8Array): void {
    if (this.#descriptor === undefined) {
      throw new DataError(`Cannot read "${this.path}": it is closed`, { file: this.path });
    }
    let done = 0;
    try {
      while (done < target.length) {
        const wanted = Math.min(CALL_BYTES, target.length - done);
        const count = readSync(this.#descriptor, target, done, wanted, position + done);
        if (count === 0) break;
        done += count;
      }
    } catch (error) {
      throw readError(error, this.path);
    }
    if (done < target.length) {
      throw new DataError(
        `Cannot read "${this.path}": the file ends at byte ${position + done}, ` +
          `${target.length - done} bytes too early`,
        { file: this.path },
      );
    }
  }

  /**
   * Reads bytes into a new array.
   *
   * @param position Offset of the first byte.
   * @param length Number of bytes.
   * @returns The bytes.
   * @throws {DataError} if the file ends before.
   */
  read(position: number, length: number): Uint8Array<ArrayBuffer> {
    if (position < 0 || length < 0 || position + length > this.size) {
      throw new DataError(
        `Cannot read "${this.path}": bytes ${position} to ${position + length} are wanted ` +
          `but the file has ${this.size}`,
        { file: this.path },
      );
    }
    const bytes = new Uint8Array(length);
    this.readInto(position, bytes);
    return bytes;
  }

  /**
   * Reads the beginning of the file.
   *
   * @param length Number of bytes.
   * @returns As many bytes, or all if the file has fewer.
   */
  start(length: number): Uint8Array<ArrayBuffer> {
    return this.read(0, Math.min(length, this.size));
  }

  /** Releases the file; closing twice is fine. */
  close(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  /** Releases the file. */
  [Symbol.dispose](): void {
    this.close();
  }
}
