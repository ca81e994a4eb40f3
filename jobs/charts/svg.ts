/**
 * Draws charts: a specification of Vega-Lite becomes the text of an SVG file. Vega is loaded with the
 * first chart that is drawn, and not before.
 * @module
 */
import type { compile, Config, TopLevelSpec } from "vega-lite";

/** What a chart says to those who do not see it. */
export interface ChartText {
  /** What it is about. */
  readonly title: string;
  /** What it shows, in a sentence or two. */
  readonly description: string;
}

/** How a chart is drawn. */
export interface ChartOptions extends ChartText {
  /**
   * Whether it lies on the page's own background, which may be dark, instead of on white.
   * @default {false}
   */
  readonly transparent?: boolean;
}

/** Fonts of charts, as pages name them; what renders PNG takes the first that it knows. */
const FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif";
const INK = "#1a1a1a";
const QUIET = "#555555";

/** Look of all charts. */
const LOOK: Config = {
  font: FONT,
  view: { stroke: null },
  title: {
    anchor: "start",
    fontSize: 16,
    fontWeight: 600,
    color: INK,
    subtitleFontSize: 13,
    subtitleColor: QUIET,
    subtitlePadding: 4,
    offset: 12,
  },
  axis: {
    labelFontSize: 12,
    labelColor: QUIET,
    titleFontSize: 12,
    titleFontWeight: "normal",
    titleColor: INK,
    gridColor: "#e5e5e5",
    domainColor: QUIET,
    tickColor: QUIET,
  },
  legend: {
    labelFontSize: 12,
    labelColor: INK,
    labelLimit: 240,
    titleFontSize: 12,
    titleColor: INK,
    symbolOpacity: 1,
    symbolSize: 90,
  },
};

/**
 * Draws a chart.
 * @param spec What it shows, in the words of Vega-Lite; its data stands in it.
 * @param options What it says in words, and what it lies on.
 * @returns The text of an SVG file. Text in it stays text.
 * @throws {Error} if Vega refuses the specification: a defect of its author.
 *
 * @example A bar for each class
 * ```ts
 * import { chartSvg } from "./svg.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const svg = await chartSvg({
 *   data: { values: [{ class: "benign", slides: 12 }, { class: "tumour", slides: 7 }] },
 *   mark: "bar",
 *   encoding: { x: { field: "class" }, y: { field: "slides", type: "quantitative" } },
 * }, { title: "Slides by class", description: "12 benign and 7 tumour slides." });
 * assertEquals(svg.startsWith("<svg "), true);
 * assertEquals(svg.includes("<title>Slides by class</title>"), true);
 * ```
 */
export async function chartSvg(spec: TopLevelSpec, options: ChartOptions): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  const refuse = (message: string) => {
    throw new Error(`Cannot draw "${options.title}": ${message}`);
  };
  const logger = strictLogger(refuse);
  const background = options.transparent ? "transparent" : "#ffffff";
  const { spec: compiled } = vegaLite.compile({ background, padding: 12, ...spec }, {
    config: LOOK,
    logger,
  });
  (vega as unknown as WithMetrics).textMetrics.width = textWidth;
  const view = new vega.View(vega.parse(compiled), { renderer: "none", logger });
  try {
    return withText(await view.toSVG(), options);
  } finally {
    view.finalize();
  }
}

/** What Vega exports besides what its types say: how wide texts are, which its layout asks. */
interface WithMetrics {
  readonly textMetrics: { width: (item: unknown, text?: unknown) => number };
}

/**
 * About how wide a text is, in a font as wide as DejaVu Sans. Without a canvas Vega takes all letters
 * for wide ones, and leaves gaps.
 */
function textWidth(item: unknown, text?: unknown): number {
  const { text: own, fontSize = 11 } = item as {
    readonly text?: unknown;
    readonly fontSize?: number;
  };
  const lines = [text ?? own ?? ""].flat().map(String);
  return Math.max(...lines.map(emWidth)) * fontSize;
}

function emWidth(line: string): number {
  return [...line].reduce((sum, letter) => sum + letterWidth(letter), 0);
}

function letterWidth(letter: string): number {
  if (/[ijl.,:;'|!\[\]() frtI1]/.test(letter)) return /[ijl.,:;'|!]/.test(letter) ? 0.32 : 0.41;
  if (/[mwMWOQ%@…→]/.test(letter)) return 0.95;
  return /[A-Z<>=+~_]/.test(letter) ? 0.72 : 0.63;
}

/** What Vega writes its warnings to. */
type Logger = NonNullable<NonNullable<Parameters<typeof compile>[1]>["logger"]>;

/**
 * Throws what Vega would only warn of: a misspelled field draws an empty chart. Vega calls functions
 * of a logger without the logger.
 */
function strictLogger(refuse: (message: string) => never): Logger {
  const throwWords = (...words: readonly string[]) => refuse(words.join(" "));
  const level = ((level?: number) => level === undefined ? 0 : logger) as Logger["level"];
  const logger: Logger = {
    level,
    error: throwWords,
    warn: throwWords,
    info: () => logger,
    debug: () => logger,
  };
  return logger;
}

/** Puts title and description into the root element, and names it an image. */
function withText(svg: string, { title, description }: ChartText): string {
  const end = svg.indexOf(">") + 1;
  const root = svg.slice(0, end - 1);
  const words = `<title>${escapeXml(title)}</title><desc>${escapeXml(description)}</desc>`;
  return `${root} role="img">${words}${svg.slice(end)}`;
}

/**
 * Writes text so that it can stand in XML and HTML, also in an attribute.
 * @param text The text; characters that XML does not have become U+FFFD.
 *
 * @example A name with an ampersand
 * ```ts
 * import { escapeXml } from "./svg.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(escapeXml('H&E "x40"'), "H&amp;E &quot;x40&quot;");
 * ```
 */
export function escapeXml(text: string): string {
  return text.toWellFormed()
    .replaceAll(/[^\P{Cc}\t\n\r]|[\ufffe\uffff]/gu, "\ufffd")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;").replaceAll("'", "&#39;");
}
