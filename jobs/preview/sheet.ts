/**
 * Draws a contact sheet: rows of images under captions.
 * @module
 */
import { greyToRgb, type Image } from "../../engine/images/image.ts";
import { chartPng } from "../charts/png.ts";

/** A contact sheet before it is drawn. */
export interface Sheet {
  /** What it shows. */
  readonly title: string;
  /** A second line, smaller. */
  readonly subtitle: string;
  /** Captions of the columns. */
  readonly columns: readonly string[];
  /** A row per image, with its caption. */
  readonly rows: readonly {
    /** Caption. */
    readonly caption: string;
    /** One image per column. */
    readonly images: readonly Image[];
  }[];
}

/** A drawn sheet. */
export interface DrawnSheet {
  /** Bytes of a PNG file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Lines that the user should see. */
  readonly notices: readonly string[];
}

/** Images whose longer side is smaller than this are enlarged by a whole number. */
const SMALLEST_TILE = 112;
/** Images are made smaller than this. */
const LARGEST_TILE = 256;
/** Grey of the page, which is none of the colors that policies fill with. */
export const PAGE_GREY = 240;
const GAP = 8;
const MARGIN = 16;
const HEADER = 76;
const CAPTION = 22;
const FONT = "'DejaVu Sans', 'Helvetica Neue', Arial, sans-serif";

/**
 * Draws the sheet.
 * @param sheet What is on it; a column has images of any size.
 *
 * @example A red pixel, enlarged
 * ```ts
 * import { drawSheet } from "./sheet.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const red = { width: 1, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0) };
 * const sheet = { title: "Red", subtitle: "", columns: ["original"] };
 * const { bytes } = await drawSheet({ ...sheet, rows: [{ caption: "0", images: [red] }] });
 * assertEquals(new TextDecoder().decode(bytes.subarray(1, 4)), "PNG");
 * ```
 */
export async function drawSheet(sheet: Sheet): Promise<DrawnSheet> {
  const sharp = (await import("sharp")).default;
  const place = layOut(sheet);
  const page = await chartPng(captions(sheet, place), { dpi: 96 });
  const tiles = sheet.rows.flatMap(({ images }, row) =>
    images.map(async (image, column) => {
      const { left, top, width, height } = place.tile(image, row, column);
      const { data, channels } = image;
      const raw = { width: image.width, height: image.height, channels: 3 } as const;
      const enlarged = width > image.width;
      const input = await sharp(channels === 1 ? greyToRgb(data) : data, { raw })
        .resize(width, height, { fit: "fill", kernel: enlarged ? "nearest" : "lanczos3" })
        .png().toBuffer();
      return { input, left, top };
    })
  );
  const drawn = await sharp(page.bytes, { limitInputPixels: false })
    .composite(await Promise.all(tiles)).png().toBuffer();
  return { bytes: Uint8Array.from(drawn), notices: page.notices };
}

/** Where everything is, in pixels. */
interface Layout {
  readonly width: number;
  readonly height: number;
  /** Left end of a column. */
  left(column: number): number;
  /** Top of a row, its caption included. */
  top(row: number): number;
  tile(image: Image, row: number, column: number): {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
}

function layOut({ columns, rows }: Sheet): Layout {
  const sizeOf = ({ width, height }: Image) => {
    const scale = scaleOf(Math.max(width, height));
    return { width: Math.round(width * scale), height: Math.round(height * scale) };
  };
  const sizes = rows.map(({ images }) => images.map(sizeOf));
  const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), 0);
  const widths = columns.map((_, at) => most(sizes.map((row) => row[at].width)));
  const heights = sizes.map((row) => CAPTION + most(row.map(({ height }) => height)));
  const sum = (values: readonly number[], end: number) =>
    values.slice(0, end).reduce((total, value) => total + value + GAP, 0);
  const left = (column: number) => MARGIN + sum(widths, column);
  const top = (row: number) => HEADER + sum(heights, row);
  return {
    width: Math.max(480, left(columns.length) - GAP + MARGIN),
    height: top(rows.length) - GAP + MARGIN,
    left,
    top,
    tile: (image, row, column) => ({
      ...sizeOf(image),
      left: left(column),
      top: top(row) + CAPTION,
    }),
  };
}

function scaleOf(side: number): number {
  if (side > LARGEST_TILE) return LARGEST_TILE / side;
  return side < SMALLEST_TILE ? Math.ceil(SMALLEST_TILE / side) : 1;
}

function captions({ title, subtitle, columns, rows }: Sheet, place: Layout): string {
  const { width, height } = place;
  const text = (x: number, y: number, content: string, size: number, style = "") =>
    `<text x="${x}" y="${y}" font-family="${FONT}" font-size="${size}" ${style}>` +
    `${escaped(content)}</text>`;
  const quiet = 'fill="#555555"';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">`,
    `<rect width="100%" height="100%" fill="rgb(${PAGE_GREY},${PAGE_GREY},${PAGE_GREY})"/>`,
    text(MARGIN, 28, title, 16, 'font-weight="600" fill="#1a1a1a"'),
    text(MARGIN, 48, subtitle, 12, quiet),
    ...columns.map((column, at) => text(place.left(at), HEADER - 6, column, 12, 'fill="#1a1a1a"')),
    ...rows.map(({ caption }, at) => text(MARGIN, place.top(at) + CAPTION - 7, caption, 11, quiet)),
    "</svg>",
  ].join("");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
