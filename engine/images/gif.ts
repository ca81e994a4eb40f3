/**
 * Reads the first image of GIF files as PIL does: transparent pixels keep the color of the palette,
 * which libvips makes black.
 * @module
 */
import { HeaderBytes } from "./header_bytes.ts";
import { unpackLzw } from "./_lzw.ts";
import type { Image } from "./image.ts";
import { ImageError } from "./image_error.ts";

/** What a GIF file says about its first image. */
export interface GifHeader {
  /** Pixels in a row, of the screen. */
  readonly width: number;
  /** Rows of the screen. */
  readonly height: number;
}

interface Palette {
  /** Where it begins. */
  readonly at: number;
  /** How many colors it has. */
  readonly colors: number;
}

interface Frame extends GifHeader {
  readonly left: number;
  readonly top: number;
  readonly columns: number;
  readonly rows: number;
  readonly interlaced: boolean;
  /** The colors that are meant. */
  readonly palette?: Palette;
  /** The colors of the whole file. */
  readonly common?: Palette;
  /** Index of the color that is transparent. */
  readonly transparent?: number;
  /** Where the pixels begin. */
  readonly at: number;
}

const EXTENSION = 0x21;
const IMAGE = 0x2c;
const GRAPHIC_CONTROL = 0xf9;

/**
 * Reads the header of a GIF file.
 *
 * @param bytes The file; its signature has been checked.
 * @returns The size of its first image.
 * @throws {ImageError} if the header is cut off, or no image follows.
 */
export function readGifHeader(bytes: HeaderBytes): GifHeader {
  return readFrame(bytes);
}

/**
 * Decodes the first image of a GIF file.
 *
 * @param file The file.
 * @returns The image, RGB.
 * @throws {ImageError} if the file is cut off or damaged.
 *
 * @example One pixel, of the second of two colors
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const file = atob("R0lGODdhAQABAIAAAAAAAP8AACwAAAAAAQABAAACAkwBADs=");
 * const bytes = Uint8Array.from(file, (character) => character.charCodeAt(0));
 * assertEquals(decodeGif(bytes).data, new Uint8Array([255, 0, 0]));
 * ```
 */
export function decodeGif(file: Uint8Array): Image {
  const bytes = new HeaderBytes(file.length, file);
  const frame = readFrame(bytes);
  const { width, height, columns, rows, left, top, transparent = 0 } = frame;
  const indices = unpackLzw(file, frame.at, columns * rows);
  const screen = new Uint8Array(width * height).fill(transparent);
  let from = 0;
  for (const row of frame.interlaced ? interlacedRows(rows) : Array(rows).keys()) {
    const line = indices.subarray(from, from += columns);
    screen.set(line, (top + row) * width + left);
  }
  const colors = colorsOf(file, frame);
  const data = new Uint8Array(screen.length * 3);
  for (let i = 0, to = 0; i < screen.length; i++) {
    const color = screen[i] * 3;
    data[to++] = colors[color];
    data[to++] = colors[color + 1];
    data[to++] = colors[color + 2];
  }
  return { width, height, channels: 3, data };
}

/** Every eighth row, those in their middles, and so on. */
function* interlacedRows(rows: number): Iterable<number> {
  for (const [start, step] of [[0, 8], [4, 8], [2, 4], [1, 2]]) {
    for (let row = start; row < rows; row += step) yield row;
  }
}

/** Without a palette, or with one that only counts up, indices are grey. */
function colorsOf(file: Uint8Array, { palette, common }: Frame): Uint8Array {
  const grey = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
  const own = palette && bytesOf(file, palette);
  if (own?.every((value, i) => value === grey[i]) ?? true) {
    if (common && bytesOf(file, common).some((value, i) => value !== grey[i])) {
      throw new ImageError("a grey palette beside one of colors is not read"); // PIL mixes them up
    }
    return grey;
  }
  const colors = new Uint8Array(768); // what is beyond the palette is black
  colors.set(own!);
  return colors;
}

function bytesOf(file: Uint8Array, { at, colors }: Palette): Uint8Array {
  return file.subarray(at, at + 3 * colors);
}

function readFrame(bytes: HeaderBytes): Frame {
  const [width, height] = [bytes.uint16(6, "little"), bytes.uint16(8, "little")];
  const common = readPalette(bytes, 13, bytes.uint8(10));
  let transparent: number | undefined;
  for (let at = common.end;;) {
    const block = bytes.uint8(at++);
    if (block === IMAGE) {
      const [left, top, columns, rows] = [0, 2, 4, 6].map((i) => bytes.uint16(at + i, "little"));
      if (columns * rows === 0) throw new ImageError("its first image has no pixels");
      const flags = bytes.uint8(at + 8);
      const own = readPalette(bytes, at + 9, flags);
      return {
        width: Math.max(width, left + columns),
        height: Math.max(height, top + rows),
        left,
        top,
        columns,
        rows,
        interlaced: (flags & 64) !== 0,
        palette: own.palette ?? common.palette,
        common: common.palette,
        transparent,
        at: own.end,
      };
    }
    if (block === EXTENSION) {
      const isControl = bytes.uint8(at++) === GRAPHIC_CONTROL;
      if (isControl && bytes.uint8(at) >= 4) {
        if (bytes.uint8(at + 1) & 1) transparent = bytes.uint8(at + 4);
      }
      for (let size = bytes.uint8(at++); size > 0; size = bytes.uint8(at++)) at += size;
    } else throw new ImageError("it holds no image");
  }
}

/** A palette that may follow, and where it ends. */
function readPalette(
  bytes: HeaderBytes,
  at: number,
  flags: number,
): { readonly palette?: Palette; readonly end: number } {
  if ((flags & 128) === 0) return { end: at };
  const colors = 2 << (flags & 7);
  bytes.bytes(at, 3 * colors);
  return { palette: { at, colors }, end: at + 3 * colors };
}
