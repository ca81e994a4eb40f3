/**
 * Attention as an image: each tile where it lies, coloured by its percentile, over a thumbnail of the
 * slide where there is one.
 * @module
 */
import { Buffer } from "node:buffer";
import type sharpModule from "sharp";
import { type ChartImage, chartPng } from "../charts/png.ts";
import { escapeXml } from "../charts/svg.ts";
import type { Rgb } from "./magma.ts";
import type { SlideAttention } from "./slide_attention.ts";

/** Longer side of the map in pixels of the SVG. */
const SIDE = 720;
/** Pixels of the map for each of the SVG. */
const DETAIL = 2;
const MARGIN = 24;
const TITLE_HEIGHT = 40;
const LEGEND_HEIGHT = 64;
/** Least width, so that title and legend have room. */
const MIN_WIDTH = 360;
/** How opaque a tile of the highest percentile is over a thumbnail. */
const OVER_THUMBNAIL = 0.75;
/** Lengths of scale bars in micrometres. */
const BARS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000];

/** How a map is drawn. */
export interface MapOptions {
  /** Colour of a percentile. */
  readonly colorOf: (percentile: number) => Rgb;
  /** Image of the whole slide: PNG, JPEG or another that is read everywhere. */
  readonly thumbnail?: Uint8Array;
}

/** A part of the slide in pixels of level 0. */
interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Draws a slide's attention.
 * @param slide The slide.
 * @param options Colours and thumbnail; a thumbnail needs {@linkcode SlideAttention.slideSize}.
 * @returns The image, and a line where there is no font for its text.
 */
export async function attentionMap(
  slide: SlideAttention,
  { colorOf, thumbnail }: MapOptions,
): Promise<ChartImage> {
  const below = thumbnail && slide.slideSize ? thumbnail : undefined;
  const area = below ? wholeSlide(slide.slideSize!) : areaOf(slide);
  const scale = SIDE / Math.max(area.width, area.height);
  const [width, height] = [area.width, area.height].map((side) => Math.max(1, side * scale));
  const opacity = below ? OVER_THUMBNAIL : 1;
  const tiles = await tilesImage(slide, { area, scale: scale * DETAIL, colorOf, opacity });
  const size = `width="${width}" height="${height}"`;
  const place = `x="${MARGIN}" y="${TITLE_HEIGHT}" ${size}`;
  const total = [Math.max(MIN_WIDTH, width + 2 * MARGIN), TITLE_HEIGHT + height + LEGEND_HEIGHT];
  const parts = [
    `<rect width="${total[0]}" height="${total[1]}" fill="#ffffff"/>`,
    text(MARGIN, 26, titleOf(slide), 'font-size="15" font-weight="600"'),
    ...(below ? [image(await asPng(below), `${place} preserveAspectRatio="none"`)] : []),
    image(tiles, `${place} preserveAspectRatio="none"`),
    `<rect ${place} fill="none" stroke="#bbbbbb"/>`,
    ...legend(TITLE_HEIGHT + height + 16, colorOf),
    ...scaleBar(slide, { scale, right: total[0] - MARGIN, y: TITLE_HEIGHT + height + 24 }),
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${total[0]}" height="${total[1]}" ` +
    `font-family="sans-serif" fill="#222222">${parts.join("")}</svg>`;
  return await chartPng(svg);
}

function titleOf({ slide, predicted }: SlideAttention): string {
  return predicted === undefined ? slide : `${slide}: predicted ${predicted}`;
}

function wholeSlide([width, height]: readonly [number, number]): Area {
  return { x: 0, y: 0, width, height };
}

/** What the tiles cover, and a tile around it. */
function areaOf({ corners, size }: SlideAttention): Area {
  const range = (offset: number) => {
    let [least, most] = [Infinity, -Infinity];
    for (let at = offset; at < corners.length; at += 2) {
      least = Math.min(least, corners[at]);
      most = Math.max(most, corners[at]);
    }
    return [least - size, most + 2 * size];
  };
  const [[left, right], [top, bottom]] = [range(0), range(1)];
  return { x: left, y: top, width: right - left, height: bottom - top };
}

async function tilesImage(
  { corners, size, percentiles }: SlideAttention,
  { area, scale, colorOf, opacity }: {
    readonly area: Area;
    readonly scale: number;
    readonly colorOf: MapOptions["colorOf"];
    readonly opacity: number;
  },
): Promise<Uint8Array> {
  const [width, height] = [area.width, area.height].map((side) =>
    Math.max(1, Math.round(side * scale))
  );
  const pixels = new Uint8Array(width * height * 4);
  // The least attention first, so that the most lies above where tiles overlap.
  const order = Array.from(percentiles, (_, at) => at)
    .sort((a, b) => percentiles[a] - percentiles[b]);
  for (const tile of order) {
    const [x, y] = [corners[2 * tile] - area.x, corners[2 * tile + 1] - area.y];
    const [left, top] = [x, y].map((at) => Math.max(0, Math.round(at * scale)));
    const right = Math.min(width, Math.max(left + 1, Math.round((x + size) * scale)));
    const bottom = Math.min(height, Math.max(top + 1, Math.round((y + size) * scale)));
    const share = percentiles[tile] / 100;
    const alpha = Math.round(255 * (opacity < 1 ? opacity * share : 1));
    const color = [...colorOf(percentiles[tile]), alpha];
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        pixels.set(color, 4 * (row * width + column));
      }
    }
  }
  const sharp = await loadSharp();
  return await sharp(pixels, { raw: { width, height, channels: 4 } }).png().toBuffer();
}

async function asPng(bytes: Uint8Array): Promise<Uint8Array> {
  const side = SIDE * DETAIL;
  const sharp = await loadSharp();
  return await sharp(bytes).resize(side, side, { fit: "inside", withoutEnlargement: true }).png()
    .toBuffer();
}

async function loadSharp(): Promise<typeof sharpModule> {
  return (await import("sharp")).default;
}

function image(png: Uint8Array, attributes: string): string {
  return `<image ${attributes} href="data:image/png;base64,${
    Buffer.from(png).toString("base64")
  }"/>`;
}

function text(x: number, y: number, content: string, attributes = 'font-size="11"'): string {
  return `<text x="${x}" y="${y}" ${attributes}>${escapeXml(content)}</text>`;
}

const LEGEND_WIDTH = 180;

function legend(y: number, colorOf: MapOptions["colorOf"]): string[] {
  const steps = 60;
  const bars = Array.from({ length: steps }, (_, at) => {
    const [x, width] = [MARGIN + at * LEGEND_WIDTH / steps, LEGEND_WIDTH / steps + 0.5];
    const color = colorOf(100 * at / (steps - 1)).join(", ");
    return `<rect x="${x}" y="${y}" width="${width}" height="10" fill="rgb(${color})"/>`;
  });
  const marks = [0, 50, 100].map((percentile) =>
    text(
      MARGIN + LEGEND_WIDTH * percentile / 100,
      y + 23,
      String(percentile),
      'font-size="11" text-anchor="middle"',
    )
  );
  return [...bars, ...marks, text(MARGIN, y + 38, "percentile of attention in the bag")];
}

/** About a fifth of the map's width, a round number of micrometres. */
function scaleBar(
  { mpp }: SlideAttention,
  { scale, right, y }: { readonly scale: number; readonly right: number; readonly y: number },
): string[] {
  if (mpp === undefined) return [];
  const perPixel = mpp / scale;
  const length = BARS.findLast((bar) => bar / perPixel <= SIDE / 5) ?? BARS[0];
  const width = length / perPixel;
  const label = length >= 1000 ? `${length / 1000} mm` : `${length} µm`;
  return [
    `<rect x="${right - width}" y="${y}" width="${width}" height="3" fill="#222222"/>`,
    text(right - width / 2, y + 16, label, 'font-size="11" text-anchor="middle"'),
  ];
}
