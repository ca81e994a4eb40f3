/** Reads protobuf messages from a file, field by field, without what is passed over. */
import type { FileReader } from "../storage/file_reader.ts";

/** Bytes that are fetched at once. */
const WINDOW = 1 << 14;
/** Longest text. */
const MAX_TEXT = 1 << 20;

/** A field of a message. */
export interface Field {
  /** Number of the field. */
  readonly number: number;
  /** Its value where that is an integer, else its number of bytes. */
  readonly value: number;
  /** First byte of the content. */
  readonly start: number;
  /** Byte after the content. */
  readonly end: number;
}

/** Reads fields. Throws a `SyntaxError` where there is no protobuf. */
export class WireReader {
  readonly #file: FileReader;
  #window = new Uint8Array(0);
  #windowStart = 0;

  /** @param file The file. */
  constructor(file: FileReader) {
    this.#file = file;
  }

  /**
   * The fields of a message, one after the other.
   * @param start First byte of the message.
   * @param end Byte after the message.
   */
  *fields(start: number, end: number): Generator<Field> {
    for (let at = start; at < end;) {
      const [tag, afterTag] = this.#varint(at);
      const number = Math.floor(tag / 8);
      const field = this.#field(number, tag % 8, afterTag);
      if (number === 0 || field.end > end) throw new SyntaxError("a field ends after its message");
      yield field;
      at = field.end;
    }
  }

  /** The text of a field. */
  text({ start, end }: Field): string {
    if (end - start > MAX_TEXT) throw new SyntaxError(`a text has ${end - start} bytes`);
    return new TextDecoder().decode(this.#file.read(start, end - start));
  }

  #field(number: number, wireType: number, at: number): Field {
    switch (wireType) {
      case 0: {
        const [value, end] = this.#varint(at);
        return { number, value, start: at, end };
      }
      case 1:
        return { number, value: 8, start: at, end: at + 8 };
      case 2: {
        const [length, start] = this.#varint(at);
        // Varints are signed; a field that ended before it begins would be read for ever.
        if (length < 0) throw new SyntaxError("a length is below 0");
        return { number, value: length, start, end: start + length };
      }
      case 5:
        return { number, value: 4, start: at, end: at + 4 };
      default:
        throw new SyntaxError(`wire type ${wireType} is unknown`);
    }
  }

  /** An integer of 7 bits a byte, lowest first, and the position after it. */
  #varint(at: number): [value: number, next: number] {
    let value = 0n;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte(at + i);
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return [Number(BigInt.asIntN(64, value)), at + i + 1];
    }
    throw new SyntaxError("an integer has more than ten bytes");
  }

  #byte(at: number): number {
    const offset = at - this.#windowStart;
    if (offset >= 0 && offset < this.#window.length) return this.#window[offset];
    if (at >= this.#file.size) throw new SyntaxError("the file ends within a field");
    this.#windowStart = at;
    this.#window = this.#file.read(at, Math.min(WINDOW, this.#file.size - at));
    return this.#window[0];
  }
}
