/**
 * Reads what a Windows bitmap says about its pixels, and refuses the variants that PIL refuses.
 * @module
 */
import type { HeaderBytes } from "./header_bytes.ts";
import { ImageError } from "./image_error.ts";

/** What a bitmap says. */
export interface BmpHeader {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Whether rows come from the top; usually they come from the bottom. */
  readonly topDown: boolean;
  /** Bits of a pixel. */
  readonly bits: number;
  /** How pixels are packed. */
  readonly compression: "none" | "rle8" | "rle4" | "masks";
  /** Where the pixels begin. */
  readonly offset: number;
  /** Where the palette begins. */
  readonly palette: number;
  /** Colors of the palette. */
  readonly colors: number;
  /** Bytes of a color in the palette: blue, green, red and perhaps one more. */
  readonly colorSize: number;
  /** Bits of red, green and blue in a pixel, for more than 8 bits a pixel. */
  readonly masks: readonly number[];
}

const COMPRESSIONS = ["none", "rle8", "rle4", "masks"] as const;

/** Bits a pixel may have. */
const DEPTHS: { readonly [C in BmpHeader["compression"]]: readonly number[] } = {
  none: [1, 4, 8, 16, 24, 32],
  rle8: [8],
  rle4: [4],
  masks: [16, 24, 32],
};

/** Bits of red, green and blue, and of alpha, by bits of a pixel. */
const MASKS: Readonly<Record<number, readonly (readonly number[])[]>> = {
  16: [[0xf800, 0x7e0, 0x1f], [0x7c00, 0x3e0, 0x1f]],
  24: [[0xff0000, 0xff00, 0xff]],
  32: [
    [0xff0000, 0xff00, 0xff, 0],
    [0xff000000, 0xff0000, 0xff00, 0],
    [0xff000000, 0xff00, 0xff, 0],
    [0xff000000, 0xff0000, 0xff00, 0xff],
    [0xff, 0xff00, 0xff0000, 0xff000000],
    [0xff0000, 0xff00, 0xff, 0xff000000],
    [0xff000000, 0xff00, 0xff, 0xff0000],
    [0, 0, 0, 0],
  ],
};

const DEFAULT_MASKS = [0xff0000, 0xff00, 0xff];
const OS2 = 12;
const HEADER_SIZES = [OS2, 40, 52, 56, 64, 108, 124];

/** Most colors that a palette may have. */
const MAX_COLORS = 65536;

/**
 * Reads the header of a bitmap.
 *
 * @param bytes The file; its first bytes have been checked.
 * @returns What the header says.
 * @throws {ImageError} if it is cut off, or of a variant that is not read.
 */
export function readBmpHeader(bytes: HeaderBytes): BmpHeader {
  const size = bytes.uint32(14, "little");
  if (!HEADER_SIZES.includes(size)) throw new ImageError(`a header of ${size} bytes is not known`);
  bytes.bytes(14, size); // all of it is there
  const number = (at: number) => bytes.uint32(at, "little");
  const os2 = size === OS2;
  const bits = bytes.uint16(os2 ? 24 : 28, "little");
  const compression = COMPRESSIONS[os2 ? 0 : number(30)];
  if (!compression || !DEPTHS[compression].includes(bits)) {
    throw new ImageError(`${bits} bits a pixel with compression ${number(30)} are not known`);
  }
  const masked = compression === "masks";
  const palette = 14 + size + (masked && size === 40 ? 12 : 0);
  const colorSize = os2 ? 3 : 4;
  const colors = (os2 ? 0 : number(46)) || 1 << Math.min(bits, 30);
  const offset = number(10);
  const end = bits <= 8 ? palette + colorSize * colors : palette;
  const topDown = !os2 && bytes.uint8(25) === 0xff;
  const rows = os2 ? bytes.uint16(20, "little") : number(22);
  if (bits <= 8 && colors > MAX_COLORS) throw new ImageError(`its palette has ${colors} colors`);
  return {
    width: os2 ? bytes.uint16(18, "little") : number(18),
    height: topDown ? 2 ** 32 - rows : rows,
    topDown,
    bits,
    compression,
    // Some programs write no position, or one as if there was no palette.
    offset: offset !== 0 && !(bits <= 8 && offset === 14 + size) ? offset : end,
    palette,
    colors,
    colorSize,
    masks: masked ? masksOf(bytes, size, bits) : bits === 16 ? MASKS[16][1] : DEFAULT_MASKS,
  };
}

function masksOf(bytes: HeaderBytes, size: number, bits: number): readonly number[] {
  const [red, green, blue, alpha] = [54, 58, 62, 66].map((at, i) =>
    i === 3 && size < 56 ? 0 : bytes.uint32(at, "little")
  );
  const known = MASKS[bits].find((masks) =>
    [red, green, blue, alpha].every((mask, i) => mask === (masks[i] ?? mask))
  );
  if (!known) {
    const words = [red, green, blue, alpha].map((mask) => mask.toString(16)).join(", ");
    throw new ImageError(`colors in the bits ${words} of a pixel are not known`);
  }
  return known.every((mask) => mask === 0) ? DEFAULT_MASKS : known.slice(0, 3);
}
