/**
 * A figure: a chart that can be drawn at several widths, with the table of its numbers.
 * @module
 */
import type { TopLevelSpec } from "vega-lite";
import { chartPng } from "../../charts/png.ts";
import { chartSvg, type ChartText } from "../../charts/svg.ts";

/** A cell of a table. */
export type FigureCell = string | number;

/** Numbers of a figure. */
export interface FigureTable {
  /** Names of the columns. */
  readonly columns: readonly string[];
  /** The rows; numbers are right-aligned. */
  readonly rows: readonly (readonly FigureCell[])[];
}

/** A figure, before it is drawn. */
export interface Figure extends ChartText {
  /** Name of its file, and of its element in a page. */
  readonly id: string;
  /** Whether it takes half of a wide page, so that another stands beside it. */
  readonly half: boolean;
  /** Describes it to Vega-Lite. @param width About how many pixels wide it is. */
  readonly spec: (width: number) => TopLevelSpec;
  /** What a page says of it, where that is less than the description. */
  readonly caption?: string;
  /** Its numbers. */
  readonly table: FigureTable;
}

/** Pixels of a figure in a column of text, of one beside another, and of one on a phone. */
export const WIDTHS = { full: 640, half: 480, phone: 330 } as const;

/** A figure as it lies in a page. */
export interface DrawnFigure extends Figure {
  /** SVG as wide as the page has room for. */
  readonly wide: string;
  /** SVG for a phone. */
  readonly phone: string;
}

/**
 * Draws a figure for a page, without a title and a background.
 * @param figure The figure.
 *
 * @example Its text stands in both
 * ```ts
 * import { drawFigure } from "./figure.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { wide, phone } = await drawFigure({
 *   id: "bars",
 *   title: "Slides by class",
 *   description: "12 benign slides.",
 *   half: true,
 *   spec: (width) => ({ width, data: { values: [{ n: 12 }] }, mark: "bar", encoding: { x: { field: "n", type: "quantitative" } } }),
 *   table: { columns: ["class", "slides"], rows: [["benign", 12]] },
 * });
 * assertEquals([wide, phone].map((svg) => svg.includes("<title>Slides by class</title>")), [true, true]);
 * ```
 */
export async function drawFigure(figure: Figure): Promise<DrawnFigure> {
  const draw = (width: number) => chartSvg(figure.spec(width), { ...figure, transparent: true });
  const { full, half, phone } = WIDTHS;
  return { ...figure, wide: await draw(figure.half ? half : full), phone: await draw(phone) };
}

/** An image of a figure. */
export interface FigureImage {
  /** What its file holds. */
  readonly bytes: Uint8Array;
  /** Lines that the user should see. */
  readonly notices: readonly string[];
}

/**
 * Draws a figure as an image of its own, with its title.
 * @param figure The figure.
 * @param format Kind of file.
 *
 * @example An SVG file
 * ```ts
 * import { figureImage } from "./figure.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { bytes } = await figureImage({
 *   id: "bars",
 *   title: "Slides by class",
 *   description: "12 benign slides.",
 *   half: true,
 *   spec: () => ({ data: { values: [{ n: 12 }] }, mark: "bar", encoding: { x: { field: "n", type: "quantitative" } } }),
 *   table: { columns: [], rows: [] },
 * }, "svg");
 * assertEquals(new TextDecoder().decode(bytes.subarray(0, 4)), "<svg");
 * ```
 */
export async function figureImage(figure: Figure, format: "svg" | "png"): Promise<FigureImage> {
  const width = figure.half ? WIDTHS.half : WIDTHS.full;
  const svg = await chartSvg({ title: figure.title, ...figure.spec(width) }, figure);
  if (format === "png") return await chartPng(svg);
  return { bytes: new TextEncoder().encode(svg), notices: [] };
}
