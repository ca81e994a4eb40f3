/**
 * Options of the UMAP plot: GloViTa's, and what colours the points and how the file is written.
 * @module
 */
import { basename, extname } from "node:path";
import { expectedIssue } from "../../registry/config/issues.ts";
import type { Section } from "../../registry/config/sections.ts";
import { ConfigError, type ConfigIssue, quote } from "../../registry/errors.ts";
import {
  choice,
  count,
  list,
  number,
  type OptionEntries,
  path,
  required,
  text,
  whole,
} from "../../registry/options/mod.ts";

/** What may colour the points. */
export const COLOR_KEYS = ["label", "pred", "correct", "split"] as const;

/** What colours the points. */
export type ColorKey = typeof COLOR_KEYS[number];

/** Kinds of files that a plot may be. */
export const PLOT_FORMATS = ["png", "svg", "html"] as const;

/** Kind of file. */
export type PlotFormat = typeof PLOT_FORMATS[number];

/** Options of the plot, in the names of the command line. */
export interface PlotUmapOptions {
  /** Feature files, for example one per split. */
  readonly h5_path: readonly string[];
  /** Title; made of the files' names where not given. @default {null} */
  readonly title: string | null;
  /** File to write; `umap_plots/single/<title>.<format>` where not given. @default {null} */
  readonly output_path: string | null;
  /** Most points; files with more are sampled. @default {5000} */
  readonly max_samples: number;
  /** Most points per class where files are sampled. @default {200} */
  readonly max_per_class: number;
  /** Seed of the sampling and the layout. @default {42} */
  readonly seed: number;
  /** Pixels per inch of a PNG. @default {200} */
  readonly dpi: number;
  /** Neighbours of a point, itself among them. @default {15} */
  readonly n_neighbors: number;
  /** Smallest distance between points of the plot. @default {0.1} */
  readonly min_dist: number;
  /** What colours the points. @default {"label"} */
  readonly color_by: ColorKey;
  /** Table of predictions; needed to colour by them. @default {null} */
  readonly predictions: string | null;
  /** Kind of file; that of output_path, or png. @default {null} */
  readonly format: PlotFormat | null;
}

const entries: OptionEntries<PlotUmapOptions> = {
  h5_path: list(required, "Feature files, for example one per split.", path, { min: 1 }),
  title: text(null, "Title; made of the files' names where not given."),
  output_path: path(null, "File to write; umap_plots/single/NAME.png where not given."),
  max_samples: count(5000, "Most points; more samples than these are sampled."),
  max_per_class: count(200, "Most points per class where samples are sampled."),
  seed: whole(42, "Seed of the sampling and the layout."),
  dpi: count(200, "Pixels per inch of a PNG.", { min: 10, max: 2400 }),
  n_neighbors: count(15, "Neighbours of a point, itself among them.", { min: 2 }),
  min_dist: number(0.1, "Smallest distance between points of the plot.", { min: 0, max: 1 }),
  color_by: choice("label", "What colours the points.", COLOR_KEYS),
  predictions: path(
    null,
    "Table with the columns id and predicted, to colour by: what glovita_infer writes.",
  ),
  format: choice(null, "Kind of file; that of output_path, or png.", PLOT_FORMATS),
};

/** The sections of the command: one, of fields that have no prefix. */
export const PLOT_UMAP_SECTIONS: readonly Section[] = [
  { path: "", description: "What is plotted, and how", entries },
];

/** Where a plot goes. */
export interface PlotTarget {
  /** Title of the plot. */
  readonly title: string;
  /** The file. */
  readonly path: string;
  /** Its kind. */
  readonly format: PlotFormat;
}

/**
 * Says where a plot goes, and what it is called.
 * @param options The options.
 * @throws {ConfigError} if name and format of the file contradict each other, or the points are to be
 *   coloured by what is not given.
 *
 * @example The place of the plot of a file
 * ```ts
 * import { plotTarget } from "./config.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const options = { title: null, output_path: null, format: null, color_by: "label" } as const;
 * const target = plotTarget({ ...options, h5_path: ["a/digits.h5"], predictions: null });
 * assertEquals(target.path, "umap_plots/single/digits.png");
 * ```
 */
export function plotTarget(
  { h5_path, title, output_path, format, color_by, predictions }: Pick<
    PlotUmapOptions,
    "h5_path" | "title" | "output_path" | "format" | "color_by" | "predictions"
  >,
): PlotTarget {
  const issues: ConfigIssue[] = [];
  const ending = output_path === null ? "" : extname(output_path).slice(1).toLowerCase();
  const named = PLOT_FORMATS.find((known) => known === ending);
  if (output_path !== null && named === undefined) {
    const expected = `a file that ends in ${PLOT_FORMATS.map((known) => `.${known}`).join(", ")}`;
    issues.push(expectedIssue("output_path", expected, output_path));
  } else if (format !== null && named !== undefined && format !== named) {
    issues.push(expectedIssue("format", `${quote(named)}, as output_path ends`, format));
  }
  if ((color_by === "pred" || color_by === "correct") && predictions === null) {
    issues.push({ path: "predictions", message: `expected a file, to colour by ${color_by}` });
  }
  if (color_by === "split" && h5_path.length === 1 && predictions === null) {
    const message = "expected a file per split, or predictions that name splits, received one file";
    issues.push({ path: "h5_path", message });
  }
  if (issues.length > 0) throw new ConfigError(issues);
  const name = commonName(h5_path);
  const kind = format ?? named ?? "png";
  return {
    title: title ?? name,
    path: output_path ?? `umap_plots/single/${name}.${kind}`,
    format: kind,
  };
}

/** Name of a file without its ending, or the beginning that several have in common. */
function commonName(paths: readonly string[]): string {
  const [first, ...others] = paths.map((path) => basename(path, extname(path)));
  let length = first.length;
  for (const other of others) {
    while (!other.startsWith(first.slice(0, length))) length--;
  }
  const common = first.slice(0, length);
  const trimmed = others.length > 0 ? common.replace(/[^\p{L}\p{N}]+$/u, "") : common;
  return trimmed === "" ? first : trimmed;
}
