/**
 * Charts as PNG: what a browser would draw of an SVG, drawn by libvips.
 * @module
 */
import type sharpModule from "sharp";

/** Pixels per inch of an SVG, as browsers count. */
const SVG_DPI = 96;
/** Density at which libvips makes one pixel of each pixel of the SVG. */
const VIPS_DENSITY = 72;

/** A chart as an image. */
export interface ChartImage {
  /** Bytes of a PNG file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Lines that the user should see: that there is no font, and what helps. */
  readonly notices: readonly string[];
}

/** How a chart becomes an image. */
export interface ImageOptions {
  /** Pixels per inch; 192 draws two for each pixel of the SVG. @default {192} */
  readonly dpi?: number;
  /** Says whether text can be drawn. @default {canDrawText} */
  readonly canDrawText?: () => Promise<boolean>;
}

/**
 * Draws an SVG as PNG.
 * @param svg The text of an SVG file.
 * @param options Its resolution.
 * @returns The image, and a line where there is no font for its text.
 *
 * @example Two pixels for each of the SVG
 * ```ts
 * import { chartPng } from "./png.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"/>';
 * const { bytes } = await chartPng(svg);
 * assertEquals(new DataView(bytes.buffer).getUint32(16), 8); // width in the header
 * ```
 */
export async function chartPng(svg: string, options: ImageOptions = {}): Promise<ChartImage> {
  const { dpi = 2 * SVG_DPI, canDrawText: drawsText = canDrawText } = options;
  const bytes = await render(svg, { density: VIPS_DENSITY * dpi / SVG_DPI, dpi });
  return { bytes, notices: await drawsText() ? [] : [NO_FONT] };
}

const NO_FONT =
  "no font was found, so the image has boxes for letters: install one, such as the package fonts-dejavu-core";

let textDrawn: Promise<boolean> | undefined;

/**
 * Finds out whether text can be drawn: containers often come without a single font, and every letter
 * is then drawn as the same box, or as nothing.
 * @returns Whether two letters look different.
 *
 * @example Where fonts are installed
 * ```ts
 * import { canDrawText } from "./png.ts";
 *
 * if (!await canDrawText()) console.log("charts will have no text");
 * ```
 */
export function canDrawText(): Promise<boolean> {
  return textDrawn ??= drawsLetters();
}

async function drawsLetters(): Promise<boolean> {
  const [wide, narrow] = await Promise.all(["W", "i"].map(drawLetter));
  return wide.some((value, at) => value !== narrow[at]);
}

async function drawLetter(letter: string): Promise<Uint8Array> {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24">' +
    `<text x="4" y="18" font-family="sans-serif" font-size="16">${letter}</text></svg>`;
  const sharp = await loadSharp();
  return await sharp(encode(svg)).ensureAlpha().raw().toBuffer();
}

async function render(
  svg: string,
  { density, dpi }: { readonly density: number; readonly dpi: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const sharp = await loadSharp();
  const image = sharp(encode(svg), { density, limitInputPixels: false, unlimited: true });
  return Uint8Array.from(await image.withMetadata({ density: dpi }).png().toBuffer());
}

function encode(svg: string): Uint8Array {
  return new TextEncoder().encode(svg);
}

async function loadSharp(): Promise<typeof sharpModule> {
  return (await import("sharp")).default;
}
