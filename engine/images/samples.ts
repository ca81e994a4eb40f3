/**
 * The kinds of samples that files hold, how they are had from libvips as they are, and what PIL's
 * `convert("RGB")` makes of them. Nothing is left to libvips' own conversions.
 * @module
 */
import { cmykToRgb, type Image } from "./image.ts";

/** Samples as the decoder gives them. */
export type Samples =
  | Uint8Array
  | Uint16Array
  | Int16Array
  | Int32Array
  | Float32Array;

/** Bytes that are changed before the decoder gets the file. */
export interface Patch {
  /** Position of the first one. */
  readonly at: number;
  /** What stands there then. */
  readonly bytes: readonly number[];
}

/** What the header of an image says that libvips decodes. */
export interface SampleHeader {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** What its samples are, and so what becomes of them. */
  readonly kind: SampleKindName;
  /** Makes the decoder give samples as they are stored. */
  readonly patches?: readonly Patch[];
}

/** Decoded samples. */
export interface DecodedSamples {
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** Samples of a pixel. */
  readonly bands: number;
  /** `[height, width, bands]`, row-major. */
  readonly samples: Samples;
}

/** A kind of samples. */
export interface SampleKind {
  /** libvips' name of the color space that such samples are in: they are not converted to another. */
  readonly space: "b-w" | "grey16" | "srgb" | "rgb16" | "cmyk";
  /** libvips' name of their number type. */
  readonly depth: "uchar" | "char" | "ushort" | "short" | "uint" | "int" | "float";
  /** Fewest samples of a pixel. */
  readonly bands: number;
  /** Makes 8-bit grey or RGB of them; samples beyond the color are alpha or unknown, and left out. */
  toImage(decoded: DecodedSamples): Image;
}

/** Cuts numbers off at 0 and 255, and what is behind the point, as PIL does; it does not scale. */
function clip({ width, height, bands, samples }: DecodedSamples): Image {
  const data = new Uint8Array(width * height);
  for (let i = 0, from = 0; i < data.length; i++, from += bands) {
    data[i] = Math.min(Math.max(samples[from], 0), 255);
  }
  return { width, height, channels: 1, data };
}

/** The high byte of 16 bits. */
function high(value: number): number {
  return value >> 8;
}

/** The first of several samples. */
function pick(channels: 1 | 3, convert?: (value: number) => number) {
  return ({ width, height, bands, samples }: DecodedSamples): Image => {
    if (bands === channels && !convert) {
      return { width, height, channels, data: bytesOf(samples) };
    }
    const data = new Uint8Array(width * height * channels);
    for (let to = 0, from = 0; to < data.length; from += bands) {
      for (let band = 0; band < channels; band++) {
        const value = samples[from + band];
        data[to++] = convert ? convert(value) : value;
      }
    }
    return { width, height, channels, data };
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Samples): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Divides colors by alpha, each as 8 bits. */
function unmultiply(convert: (value: number) => number) {
  return ({ width, height, bands, samples }: DecodedSamples): Image => {
    const data = new Uint8Array(width * height * 3);
    for (let to = 0, from = 0; to < data.length; from += bands) {
      const alpha = convert(samples[from + 3]);
      for (let band = 0; band < 3; band++) {
        const value = convert(samples[from + band]);
        data[to++] = alpha === 0 ? 0 : Math.min(255, Math.trunc((value * 255) / alpha));
      }
    }
    return { width, height, channels: 3, data };
  };
}

function mixInks(convert?: (value: number) => number) {
  return ({ width, height, bands, samples }: DecodedSamples): Image => {
    const inks = new Uint8Array(width * height * 4);
    for (let to = 0, from = 0; to < inks.length; from += bands) {
      for (let ink = 0; ink < 4; ink++) {
        const value = samples[from + ink];
        inks[to++] = convert ? convert(value) : value;
      }
    }
    return { width, height, channels: 3, data: cmykToRgb(inks) };
  };
}

/** Unpacks 12-bit numbers, of which each row begins with a byte, and cuts them off at 255. */
function unpack12({ width: rowBytes, height, samples }: DecodedSamples): Image {
  const width = Math.floor((rowBytes * 2) / 3);
  const data = new Uint8Array(width * height);
  for (let row = 0, to = 0; row < height; row++) {
    for (let x = 0; x < width; x++) {
      const at = row * rowBytes + (x >> 1) * 3;
      const value = x % 2 === 0
        ? (samples[at] << 4) | (samples[at + 1] >> 4)
        : ((samples[at + 1] & 15) << 8) | samples[at + 2];
      data[to++] = Math.min(value, 255);
    }
  }
  return { width, height, channels: 1, data };
}

const grey = { space: "b-w", bands: 1, toImage: clip } as const;

/** Every kind of samples that is read. */
export const SAMPLE_KINDS = {
  /** Grey of up to 8 bits; the decoder spreads fewer bits over 0 to 255. */
  grey8: { space: "b-w", depth: "uchar", bands: 1, toImage: pick(1) },
  /** Numbers with signs, which PIL takes for numbers without. */
  greySigned8: { space: "b-w", depth: "char", bands: 1, toImage: pick(1) },
  /** Grey of 12 bits, whose bytes are read as 8-bit grey. */
  grey12: { space: "b-w", depth: "uchar", bands: 1, toImage: unpack12 },
  grey16: { space: "grey16", depth: "ushort", bands: 1, toImage: clip },
  greySigned16: { space: "grey16", depth: "short", bands: 1, toImage: clip },
  /** 16 bits, of which PIL keeps the high byte where there is alpha. */
  greyAlpha16: { space: "grey16", depth: "ushort", bands: 2, toImage: pick(1, high) },
  /** 32 bits without a sign, which PIL takes for numbers with one. */
  grey32: { ...grey, depth: "uint" },
  greySigned32: { ...grey, depth: "int" },
  greyFloat: { ...grey, depth: "float" },
  /** Three colors or more of 8 bits, or a palette of them. */
  rgb8: { space: "srgb", depth: "uchar", bands: 3, toImage: pick(3) },
  rgb16: { space: "rgb16", depth: "ushort", bands: 3, toImage: pick(3, high) },
  /** Colors that are multiplied with alpha. */
  premultiplied8: {
    space: "srgb",
    depth: "uchar",
    bands: 4,
    toImage: unmultiply((value) => value),
  },
  premultiplied16: { space: "rgb16", depth: "ushort", bands: 4, toImage: unmultiply(high) },
  cmyk8: { space: "cmyk", depth: "uchar", bands: 4, toImage: mixInks() },
  cmyk16: { space: "cmyk", depth: "ushort", bands: 4, toImage: mixInks(high) },
} as const satisfies Readonly<Record<string, SampleKind>>;

/** Name of a kind of samples. */
export type SampleKindName = keyof typeof SAMPLE_KINDS;

/** Views bytes as the numbers that PIL takes them for. */
export const SAMPLE_ARRAYS: {
  readonly [D in SampleKind["depth"]]: {
    readonly BYTES_PER_ELEMENT: number;
    new (buffer: ArrayBuffer, at: number, length: number): Samples;
  };
} = {
  uchar: Uint8Array,
  char: Uint8Array,
  ushort: Uint16Array,
  short: Int16Array,
  uint: Int32Array,
  int: Int32Array,
  float: Float32Array,
};
