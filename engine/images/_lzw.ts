/** Unpacks the compressed indices of a GIF image. */
import { ImageError } from "./image_error.ts";

/** Codes that the table may hold. */
const MAX_CODES = 4096;

/** Reads codes of a growing number of bits from blocks that each begin with their length. */
class CodeReader {
  readonly #file: Uint8Array;
  #at: number;
  #left = 0;
  #bits = 0;
  #count = 0;

  constructor(file: Uint8Array, at: number) {
    this.#file = file;
    this.#at = at;
  }

  next(width: number): number {
    while (this.#count < width) {
      this.#bits |= this.#byte() << this.#count;
      this.#count += 8;
    }
    const code = this.#bits & ((1 << width) - 1);
    this.#bits >>>= width;
    this.#count -= width;
    return code;
  }

  #byte(): number {
    if (this.#left === 0) {
      this.#left = this.#file[this.#at++] ?? 0;
      if (this.#left === 0) throw new ImageError("the file is truncated");
    }
    if (this.#at >= this.#file.length) throw new ImageError("the file is truncated");
    this.#left--;
    return this.#file[this.#at++];
  }
}

/**
 * Unpacks indices.
 * @param file The file.
 * @param at Where the number of bits stands with which codes begin.
 * @param count How many indices there are to be.
 * @throws {ImageError} if there are fewer, or codes that cannot be.
 */
export function unpackLzw(file: Uint8Array, at: number, count: number): Uint8Array {
  const bits = file[at];
  if (bits === undefined) throw new ImageError("the file is truncated");
  if (bits < 1 || bits > 11) throw new ImageError(`its pixels are packed by codes of ${bits} bits`);
  const clear = 1 << bits;
  const codes = new CodeReader(file, at + 1);
  const indices = new Uint8Array(count);
  // What a code stands for: what an earlier one does, and one index more.
  const prefix = new Uint16Array(MAX_CODES);
  const suffix = new Uint8Array(MAX_CODES);
  const stack = new Uint8Array(MAX_CODES + 1);
  let width = bits + 1;
  let next = clear + 2;
  let last: number | undefined;
  let first = 0;
  for (let to = 0; to < count;) {
    const code = codes.next(width);
    if (code === clear) {
      width = bits + 1;
      next = clear + 2;
      last = undefined;
      continue;
    }
    if (code === clear + 1) throw new ImageError("the file is truncated: its pixels end early");
    if (last === undefined ? code >= clear : code > next) {
      throw new ImageError("its packed pixels are damaged");
    }
    let height = 0;
    let walk = code;
    if (code === next && last !== undefined) { // the last one and its own first index
      stack[height++] = first;
      walk = last;
    }
    while (walk >= clear) {
      stack[height++] = suffix[walk];
      walk = prefix[walk];
    }
    first = walk;
    stack[height++] = first;
    while (height > 0 && to < count) indices[to++] = stack[--height];
    if (last !== undefined && next < MAX_CODES) {
      prefix[next] = last;
      suffix[next] = first;
      next++;
      if (next === 1 << width && width < 12) width++;
    }
    last = code;
  }
  return indices;
}
