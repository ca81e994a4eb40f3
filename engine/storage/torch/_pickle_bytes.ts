/** Reads the numbers and texts of a pickle, each within its bounds. */

/** A pickle that breaks its own rules, or asks for more than data needs. */
export class PickleError extends SyntaxError {
  override name = "PickleError";
}

/** A pickle whose end is missing. */
export class UnfinishedPickle extends PickleError {
  constructor() {
    super("the end is missing");
  }
}

/** Longest integer. */
const MAX_LONG_BYTES = 1 << 16;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const latin1 = new TextDecoder("latin1");

/** Python's UTF-8, which holds halves of surrogate pairs, as names of files may need them. */
function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return decodeSurrogates(bytes);
  }
}

function decodeSurrogates(bytes: Uint8Array): string {
  const parts: string[] = [];
  try {
    let done = 0;
    for (let at = 0; at + 2 < bytes.length; at++) {
      const [lead, middle = 0, last = 0] = bytes.subarray(at, at + 3);
      if (lead !== 0xed || middle < 0xa0) continue;
      const unit = 0xd000 | (middle & 0x3f) << 6 | last & 0x3f;
      parts.push(utf8.decode(bytes.subarray(done, at)), String.fromCharCode(unit));
      at += 2;
      done = at + 1;
    }
    parts.push(utf8.decode(bytes.subarray(done)));
  } catch {
    throw new PickleError("a text is damaged");
  }
  return parts.join("");
}

/** A position in the bytes of a pickle. */
export class PickleBytes {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;

  /**
   * @param bytes What holds the pickle.
   * @param start Where it begins.
   */
  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = start;
  }

  /** Bytes before the position. */
  get at(): number {
    return this.#at;
  }

  #advance(count: number): number {
    if (count > this.#bytes.length - this.#at) throw new UnfinishedPickle();
    this.#at += count;
    return this.#at - count;
  }

  u8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  u64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  f64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  take(count: number): Uint8Array {
    const start = this.#advance(count);
    return this.#bytes.subarray(start, start + count);
  }

  text(count: number): string {
    return decodeText(this.take(count));
  }

  latin1(count: number): string {
    return latin1.decode(this.take(count));
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw new UnfinishedPickle();
    const line = this.text(end - this.#at);
    this.#at++;
    return line;
  }

  /** An integer in two's complement; a `bigint` where a number does not hold it. */
  long(count: number): number | bigint {
    if (count > MAX_LONG_BYTES) throw new PickleError(`an integer has ${count} bytes`);
    if (count === 0) return 0;
    const digits = Array.from(
      this.take(count).toReversed(),
      (byte) => byte.toString(16).padStart(2, "0"),
    );
    const value = BigInt.asIntN(8 * count, BigInt(`0x${digits.join("")}`));
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
}
