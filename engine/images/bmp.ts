/**
 * Reads Windows bitmaps, the one common format that libvips does not: 1 to 32 bits a pixel, with
 * palettes, masks and run lengths, as PIL does.
 * @module
 */
import { type BmpHeader, readBmpHeader } from "./bmp_header.ts";
import { HeaderBytes } from "./header_bytes.ts";
import type { Image } from "./image.ts";
import { ImageError } from "./image_error.ts";

/**
 * Decodes a bitmap.
 *
 * @param file The file.
 * @returns The image, RGB; alpha is left out.
 * @throws {ImageError} if the file is cut off, or in a variant that is not known.
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
export function decodeBmp(file: Uint8Array): Image {
  const header = readBmpHeader(new HeaderBytes(file.length, file));
  const pixels = header.bits <= 8 ? readPalette(file, header) : readColors(file, header);
  const { width, height, topDown } = header;
  return { width, height, channels: 3, data: topDown ? pixels : flipRows(pixels, height) };
}

/** The pixels' bytes, rows padded to 4 bytes. */
function pixelBytes(file: Uint8Array, { offset, width, height, bits }: BmpHeader) {
  const stride = Math.ceil((width * bits) / 32) * 4;
  // The padding of the last row is often left out.
  const needed = stride * (height - 1) + Math.ceil((width * bits) / 8);
  if (offset + needed > file.length) throw new ImageError("the file is truncated");
  return { pixels: file.subarray(offset), stride };
}

function readPalette(file: Uint8Array, header: BmpHeader): Uint8Array {
  const colors = colorsOf(file, header);
  const indices = header.compression === "none"
    ? readIndices(file, header)
    : readRuns(file, header);
  const rgb = new Uint8Array(indices.length * 3);
  for (let i = 0, to = 0; i < indices.length; i++, to += 3) {
    const at = indices[i] * 3;
    rgb[to] = colors[at];
    rgb[to + 1] = colors[at + 1];
    rgb[to + 2] = colors[at + 2];
  }
  return rgb;
}

/** Red, green and blue of 256 colors; those beyond the palette are black. */
function colorsOf(file: Uint8Array, { palette, colors, colorSize }: BmpHeader): Uint8Array {
  const rgb = new Uint8Array(768);
  for (let i = 0; i < Math.min(colors, 256); i++) {
    const at = palette + i * colorSize;
    if (at + 3 > file.length) throw new ImageError("the file is truncated");
    rgb.set([file[at + 2], file[at + 1], file[at]], i * 3);
  }
  return rgb;
}

/** Palette indices of 1, 4 or 8 bits, leftmost pixel in the highest bits. */
function readIndices(file: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, bits } = header;
  const { pixels, stride } = pixelBytes(file, header);
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
function readRuns(file: Uint8Array, { width, height, bits, offset }: BmpHeader): Uint8Array {
  const indices = new Uint8Array(width * height);
  let at = offset;
  let to = 0;
  let column = 0;
  const next = () => {
    if (at >= file.length) throw new ImageError("the file is truncated");
    return file[at++];
  };
  const write = (index: number) => void (to < indices.length && (indices[to++] = index));
  const nibble = (byte: number, i: number) => i % 2 === 0 ? byte >> 4 : byte & 15;
  while (to < indices.length) {
    const [count, value] = [next(), next()];
    if (count > 0) {
      const fits = Math.min(count, Math.max(0, width - column)); // a run ends with its row
      for (let i = 0; i < fits; i++) write(bits === 8 ? value : nibble(value, i));
      column += fits;
    } else if (value === 0) { // end of the row
      to = Math.ceil(to / width) * width;
      column = 0;
    } else if (value === 1) { // end of the image
      throw new ImageError("the file is truncated: its pixels end early");
    } else if (value === 2) { // skip to the right and up
      to += next() + next() * width;
      column = to % width;
    } else { // that many pixels as they are, padded to 2 bytes
      if (bits === 4 && value % 2 === 1) {
        throw new ImageError("runs of an odd number of pixels are not read");
      }
      for (let i = 0, byte = 0; i < value; i++) {
        if (bits === 8 || i % 2 === 0) byte = next();
        write(bits === 8 ? byte : nibble(byte, i));
      }
      column += value;
      at += at % 2;
    }
  }
  return indices;
}

/** Pixels of 16, 24 or 32 bits that hold the color itself. */
function readColors(file: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, bits } = header;
  const { pixels, stride } = pixelBytes(file, header);
  const channels = header.masks.map((mask) => {
    const shift = 31 - Math.clz32(mask & -mask);
    return { mask, shift, largest: mask >>> shift };
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
