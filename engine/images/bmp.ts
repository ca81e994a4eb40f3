/**
 * Reads Windows bitmaps, the one common format that libvips does not: 1 to 32 bits a pixel, with
 * palettes, masks and run lengths, as PIL does.
 * @module
 */
import type { Image } from "./image.ts";

/** A bitmap that breaks the rules of its format, or uses a part of it that is not known. */
export class BmpError extends SyntaxError {
  /** Name of the class. */
  override name = "BmpError";
}

/** Most pixels of an image, as for the other formats. */
const MAX_PIXELS = 0x3fff * 0x3fff;

const COMPRESSION = { none: 0, rle8: 1, rle4: 2, masks: 3 } as const;

interface Header {
  readonly width: number;
  readonly height: number;
  /** Whether rows come from the top; usually they come from the bottom. */
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Where the pixels begin. */
  readonly offset: number;
  /** Where the palette begins. */
  readonly palette: number;
  /** Bytes of a color in the palette: blue, green, red and perhaps one more. */
  readonly colorSize: number;
  /** Bits of red, green and blue in a pixel, for 16 and 32 bits a pixel. */
  readonly masks: readonly number[];
}

/**
 * Tells bitmaps from other files.
 *
 * @param bytes The file, or its beginning.
 * @returns Whether it begins as a bitmap does.
 */
export function isBmp(bytes: Uint8Array): boolean {
  return bytes[0] === 0x42 && bytes[1] === 0x4d;
}

/**
 * Reads the size of a bitmap.
 *
 * @param bytes The file, or its beginning.
 * @returns Height and width.
 * @throws {BmpError} if the header is cut off or unknown.
 */
export function bmpSize(bytes: Uint8Array): [height: number, width: number] {
  const { height, width } = readHeader(bytes);
  return [height, width];
}

/**
 * Decodes a bitmap.
 *
 * @param bytes The file.
 * @returns The image, RGB; alpha is left out.
 * @throws {BmpError} if the file is cut off, or in a variant that is not known.
 *
 * @example One red pixel
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bytes = new Uint8Array(30);
 * bytes.set([0x42, 0x4d]); // BM
 * bytes[10] = 26; // where the pixels begin
 * bytes.set([12, 0, 0, 0, 1, 0, 1, 0, 1, 0, 24], 14); // header, width, height, planes, bits
 * bytes.set([0, 0, 255], 26); // blue, green, red
 * assertEquals(decodeBmp(bytes).data, new Uint8Array([255, 0, 0]));
 * ```
 */
export function decodeBmp(bytes: Uint8Array): Image {
  const header = readHeader(bytes);
  const pixels = header.bits <= 8 ? readPalette(bytes, header) : readColors(bytes, header);
  const { width, height, topDown } = header;
  return { width, height, channels: 3, data: topDown ? pixels : flipRows(pixels, height) };
}

function readHeader(bytes: Uint8Array): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 26) throw new BmpError("the file is truncated");
  const offset = view.getUint32(10, true);
  const size = view.getUint32(14, true);
  if (size === 12) { // OS/2
    const [width, height] = [view.getUint16(18, true), view.getUint16(20, true)];
    const bits = view.getUint16(24, true);
    const common = { offset, palette: 26, colorSize: 3, masks: defaultMasks(bits) };
    return checked({ width, height, topDown: false, bits, compression: 0, ...common });
  }
  if (size < 40) throw new BmpError(`a header of ${size} bytes is not known`);
  if (bytes.length < 66) throw new BmpError("the file is truncated");
  const rows = view.getInt32(22, true);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  const masked = compression === COMPRESSION.masks;
  return checked({
    width: view.getInt32(18, true),
    height: Math.abs(rows),
    topDown: rows < 0,
    bits,
    compression,
    offset,
    palette: 14 + size + (masked && size === 40 ? 12 : 0),
    colorSize: 4,
    masks: masked ? [54, 58, 62].map((at) => view.getUint32(at, true)) : defaultMasks(bits),
  });
}

function defaultMasks(bits: number): readonly number[] {
  return bits === 16 ? [0x7c00, 0x03e0, 0x001f] : [0xff0000, 0x00ff00, 0x0000ff];
}

function checked(header: Header): Header {
  const { width, height, bits, compression } = header;
  if (width < 1 || height < 1 || width * height > MAX_PIXELS) {
    throw new BmpError(`it claims to be ${width}x${height} pixels large`);
  }
  const known = compression === COMPRESSION.none
    ? [1, 4, 8, 16, 24, 32]
    : compression === COMPRESSION.rle8
    ? [8]
    : compression === COMPRESSION.rle4
    ? [4]
    : compression === COMPRESSION.masks
    ? [16, 32]
    : [];
  if (known.includes(bits)) return header;
  throw new BmpError(`${bits} bits a pixel with compression ${compression} are not known`);
}

/** The pixels' bytes, rows padded to 4 bytes. */
function pixelBytes(bytes: Uint8Array, { offset, width, height, bits }: Header) {
  const stride = Math.ceil((width * bits) / 32) * 4;
  // The padding of the last row is often left out.
  const needed = stride * (height - 1) + Math.ceil((width * bits) / 8);
  if (offset + needed > bytes.length) throw new BmpError("the file is truncated");
  return { pixels: bytes.subarray(offset), stride };
}

function readPalette(bytes: Uint8Array, header: Header): Uint8Array {
  const { palette, colorSize, offset } = header;
  const colors = bytes.subarray(palette, offset > palette ? offset : palette);
  const indices = header.compression === COMPRESSION.none
    ? readIndices(bytes, header)
    : readRuns(bytes, header);
  const rgb = new Uint8Array(indices.length * 3);
  for (let i = 0, to = 0; i < indices.length; i++, to += 3) {
    const at = indices[i] * colorSize;
    rgb[to] = colors[at + 2];
    rgb[to + 1] = colors[at + 1];
    rgb[to + 2] = colors[at];
  }
  return rgb;
}

/** Palette indices of 1, 4 or 8 bits, leftmost pixel in the highest bits. */
function readIndices(bytes: Uint8Array, header: Header): Uint8Array {
  const { width, height, bits } = header;
  const { pixels, stride } = pixelBytes(bytes, header);
  const indices = new Uint8Array(width * height);
  const perByte = 8 / bits;
  for (let row = 0, to = 0; row < height; row++) {
    for (let x = 0; x < width; x++) {
      const byte = pixels[row * stride + Math.floor(x / perByte)];
      indices[to++] = (byte >> (8 - bits - (x % perByte) * bits)) & ((1 << bits) - 1);
    }
  }
  return indices;
}

/** Palette indices as runs: `count value`, or `0` and a command. */
function readRuns(bytes: Uint8Array, { width, height, bits, offset }: Header): Uint8Array {
  const indices = new Uint8Array(width * height);
  let at = offset;
  let to = 0;
  const next = () => {
    if (at >= bytes.length) throw new BmpError("the file is truncated");
    return bytes[at++];
  };
  const write = (index: number) => void (to < indices.length && (indices[to++] = index));
  const nibble = (byte: number, i: number) => i % 2 === 0 ? byte >> 4 : byte & 15;
  while (to < indices.length) {
    const [count, value] = [next(), next()];
    if (count > 0) {
      for (let i = 0; i < count; i++) write(bits === 8 ? value : nibble(value, i));
    } else if (value === 0) { // end of the row
      to = Math.ceil(to / width) * width;
    } else if (value === 1) { // end of the image
      break;
    } else if (value === 2) { // skip to the right and up
      to += next() + next() * width;
    } else { // that many pixels as they are, padded to 2 bytes
      const start = at;
      let byte = 0;
      for (let i = 0; i < value; i++) {
        if (bits === 8 || i % 2 === 0) byte = next();
        write(bits === 8 ? byte : nibble(byte, i));
      }
      at += (at - start) % 2;
    }
  }
  return indices;
}

/** Pixels of 16, 24 or 32 bits that hold the color itself. */
function readColors(bytes: Uint8Array, header: Header): Uint8Array {
  const { width, height, bits } = header;
  const { pixels, stride } = pixelBytes(bytes, header);
  const channels = header.masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, largest: (mask >>> shift) || 1 };
  });
  const rgb = new Uint8Array(width * height * 3);
  let to = 0;
  for (let row = 0; row < height; row++) {
    for (let x = 0; x < width; x++) {
      const at = row * stride + x * (bits / 8);
      let value = 0;
      for (let byte = bits / 8; byte-- > 0;) value = (value << 8) | pixels[at + byte];
      for (const { mask, shift, largest } of channels) {
        rgb[to++] = Math.trunc((((value & mask) >>> shift) * 255) / largest);
      }
    }
  }
  return rgb;
}

function flipRows(pixels: Uint8Array, height: number): Uint8Array {
  const size = pixels.length / height;
  const flipped = new Uint8Array(pixels.length);
  for (let row = 0; row < height; row++) {
    flipped.set(pixels.subarray(row * size, (row + 1) * size), (height - 1 - row) * size);
  }
  return flipped;
}
