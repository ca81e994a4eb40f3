/**
 * Every kind of pixels that a TIFF file may hold and that is read: the kinds that PIL reads, of those
 * that libvips gives as they are stored. What is not in the table is refused.
 * @module
 */
import type { SampleKindName } from "./samples.ts";

/** What the tags of a TIFF file say about its pixels. */
export interface TiffPixels {
  /** Whether numbers begin with their lowest byte. */
  readonly little: boolean;
  /** Number of the color space. */
  readonly photometric: number;
  /** Number of the samples' type. */
  readonly sampleFormat: number;
  /** Bits of each sample of a pixel. */
  readonly bits: readonly number[];
  /** What the samples beyond the color are: 0 unknown, 1 alpha that colors are multiplied with, 2 alpha. */
  readonly extras: readonly number[];
  /** Whether the first pixel of a byte is in its lowest bits. */
  readonly reversed: boolean;
  /** Whether each sample has a plane of its own. */
  readonly planes: boolean;
  /** Whether pixels are in tiles. */
  readonly tiles: boolean;
  /** Number of the compression. */
  readonly compression: number;
}

/** A kind of pixels. */
export interface TiffKind {
  /** What becomes of the samples. */
  readonly kind: SampleKindName;
  /** Files in which numbers begin with their highest byte are refused: all, or compressed ones. */
  readonly littleOnly?: true | "compressed";
  /** Bits may be reversed: in all files, in compressed ones, or where `little` is true. */
  readonly reversible?: true | "compressed" | "little";
  /** Each sample may have a plane of its own: in all files, or in compressed ones. */
  readonly planes?: true | "compressed";
}

const GREY: TiffKind = { kind: "grey8", reversible: true };
const RGB: TiffKind = { kind: "rgb8" };
const RGB16: TiffKind = { kind: "rgb16" };
const PALETTE: TiffKind = { kind: "rgb8", reversible: "compressed" };
const INKS: TiffKind = { kind: "cmyk8" };
const PREMULTIPLIED: TiffKind = { kind: "premultiplied8" };

/**
 * Kinds by color space, type and bits of a sample, samples of a pixel and what those beyond the color
 * are. Grey of more than 8 bits is read as if 0 was black, also where it is white: PIL does so.
 */
export const TIFF_KINDS: Readonly<Record<string, TiffKind>> = {
  "white is 0, 1 x uint1": GREY,
  "white is 0, 1 x uint2": GREY,
  "white is 0, 1 x uint4": GREY,
  "white is 0, 1 x uint8": { kind: "grey8", reversible: "compressed" },
  "white is 0, 1 x uint16": { kind: "grey16", littleOnly: true },
  "white is 0, 1 x float32": { kind: "greyFloat", littleOnly: "compressed" },
  "grey, 1 x uint1": GREY,
  "grey, 1 x uint2": GREY,
  "grey, 1 x uint4": GREY,
  "grey, 1 x uint8": GREY,
  "grey, 1 x int8": { kind: "greySigned8" },
  "grey, 1 x uint12": { kind: "grey12", littleOnly: true },
  "grey, 1 x uint16": { kind: "grey16", reversible: "little" },
  "grey, 1 x int16": { kind: "greySigned16", littleOnly: "compressed" },
  "grey, 1 x uint32": { kind: "grey32", littleOnly: true },
  "grey, 1 x int32": { kind: "greySigned32", littleOnly: "compressed" },
  "grey, 1 x float32": { kind: "greyFloat", littleOnly: "compressed" },
  "grey, 2 x uint8 + 2": { kind: "grey8" },
  "RGB, 3 x uint8": { kind: "rgb8", reversible: true, planes: true },
  "RGB, 4 x uint8": RGB,
  "RGB, 4 x uint8 + 0": RGB,
  "RGB, 5 x uint8 + 0,0": RGB,
  "RGB, 6 x uint8 + 0,0,0": RGB,
  "RGB, 4 x uint8 + 1": PREMULTIPLIED,
  "RGB, 5 x uint8 + 1,0": PREMULTIPLIED,
  "RGB, 6 x uint8 + 1,0,0": PREMULTIPLIED,
  "RGB, 4 x uint8 + 2": { kind: "rgb8", planes: true },
  "RGB, 5 x uint8 + 2,0": RGB,
  "RGB, 6 x uint8 + 2,0,0": RGB,
  "RGB, 4 x uint8 + 999": RGB, // Corel Draw 10
  "RGB, 3 x uint16": { kind: "rgb16", planes: "compressed" },
  "RGB, 4 x uint16": RGB16,
  "RGB, 4 x uint16 + 0": RGB16,
  "RGB, 4 x uint16 + 1": { kind: "premultiplied16" },
  "RGB, 4 x uint16 + 2": { kind: "rgb16", planes: "compressed" },
  "palette, 1 x uint1": PALETTE,
  "palette, 1 x uint2": PALETTE,
  "palette, 1 x uint4": PALETTE,
  "palette, 1 x uint8": { kind: "rgb8", reversible: true },
  "palette, 2 x uint8 + 0": RGB,
  "palette, 2 x uint8 + 2": RGB,
  "CMYK, 4 x uint8": { kind: "cmyk8", planes: true },
  "CMYK, 5 x uint8 + 0": INKS,
  "CMYK, 6 x uint8 + 0,0": INKS,
  "CMYK, 4 x uint16": { kind: "cmyk16", planes: "compressed" },
  "YCbCr, 3 x uint8": RGB,
};

const SPACES: Readonly<Record<number, string>> = {
  0: "white is 0",
  1: "grey",
  2: "RGB",
  3: "palette",
  4: "mask",
  5: "CMYK",
  6: "YCbCr",
  8: "CIELab",
  9: "ICCLab",
  10: "ITULab",
  32803: "color filter array",
  32844: "LogL",
  32845: "LogLuv",
};

const TYPES: Readonly<Record<number, string>> = {
  1: "uint",
  2: "int",
  3: "float",
  4: "undefined",
  5: "complex int",
  6: "complex float",
};

/** Compressions by number, and whether the decoder has them. */
const COMPRESSIONS: Readonly<Record<number, readonly [name: string, read: boolean]>> = {
  1: ["none", true],
  2: ["CCITT", true],
  3: ["CCITT group 3", true],
  4: ["CCITT group 4", true],
  5: ["LZW", true],
  6: ["JPEG of version 6", false],
  7: ["JPEG", true],
  8: ["Deflate", true],
  32773: ["PackBits", true],
  32946: ["Deflate", true],
  34887: ["LERC", false],
  34925: ["LZMA", false],
  50000: ["Zstandard", false],
  50001: ["WebP", false],
  50002: ["JPEG XL", false],
  33003: ["JPEG 2000", false],
  33005: ["JPEG 2000", false],
};

const YCBCR = 6;
const NO_COMPRESSION = 1;
const JPEG = 7;

/**
 * Words for the pixels of a TIFF file, under which the table has them.
 * @param pixels What the tags say.
 * @returns For example `RGB, 4 x uint8 + 2`.
 */
export function describePixels(
  { photometric, sampleFormat, bits, extras }: TiffPixels,
): string {
  const space = SPACES[photometric] ?? `color space ${photometric}`;
  const type = TYPES[sampleFormat] ?? `type ${sampleFormat} of `;
  const same = bits.every((count) => count === bits[0]);
  const beyond = extras.length > 0 ? ` + ${extras}` : "";
  return `${space}, ${bits.length} x ${type}${same ? bits[0] : bits.join("/")}${beyond}`;
}

/**
 * What is to be done with the pixels of a TIFF file.
 *
 * @param pixels What the tags say.
 * @returns The kind, or why such pixels are not read.
 *
 * @example RGB in numbers with a point, whose meaning differs from program to program
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const pixels = { little: true, photometric: 2, sampleFormat: 3, bits: [32, 32, 32], extras: [] };
 * const stored = { reversed: false, planes: false, tiles: false, compression: 1 };
 * assertEquals(
 *   tiffKind({ ...pixels, ...stored }),
 *   "a TIFF of these pixels is not read: RGB, 3 x float32",
 * );
 * ```
 */
export function tiffKind(pixels: TiffPixels): TiffKind | string {
  const { little, reversed, photometric, compression, planes, tiles } = pixels;
  const found = TIFF_KINDS[describePixels(pixels)];
  if (!found) return `a TIFF of these pixels is not read: ${describePixels(pixels)}`;
  const [name, read] = COMPRESSIONS[compression] ?? [`number ${compression}`, false];
  if (!read) return `a TIFF in the compression ${name} is not read`;
  const when = { compressed: compression !== NO_COMPRESSION, little };
  const holds = (flag: TiffKind["reversible"]) => flag === true || (flag && when[flag]);
  const variants: readonly (readonly [refused: boolean | undefined, what: string])[] = [
    [!little && holds(found.littleOnly), "with the high byte first"],
    [reversed && !holds(found.reversible), "in reversed bits"],
    [photometric === YCBCR && compression !== JPEG, "without JPEG"],
    [planes && !holds(found.planes), "in planes"],
    [planes && (tiles || reversed), "in planes of tiles or reversed bits"],
    [tiles && found.kind === "grey12", "in tiles"],
  ];
  const refused = variants.find(([refused]) => refused);
  if (refused) return `a TIFF of these pixels ${refused[1]} is not read: ${describePixels(pixels)}`;
  return found;
}
