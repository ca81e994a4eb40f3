/**
 * The UMAP plot of feature files: samples, layout, picture, file.
 * @module
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { DataError } from "../../engine/errors.ts";
import { writeError, writeFileAtomic } from "../../engine/storage/atomic.ts";
import { chartPng } from "../charts/png.ts";
import { chartSvg } from "../charts/svg.ts";
import { type UmapChart, umapChart, umapSpec } from "./chart.ts";
import { plotTarget, type PlotUmapOptions } from "./config.ts";
import { layOut, type LayoutProgress } from "./layout.ts";
import { umapPage } from "./page.ts";
import { matchPredictions } from "./predictions.ts";
import { readSamples } from "./read_samples.ts";

/** Something that happens while a plot is made. */
export type PlotEvent =
  /** The files are about to be read. */
  | { readonly type: "files"; readonly paths: readonly string[] }
  /** The samples are read. */
  | {
    readonly type: "samples";
    readonly samples: number;
    readonly total: number;
    readonly classes: number;
  }
  /** How far the layout is. */
  | { readonly type: "progress" } & LayoutProgress
  /** A line that the user should see. */
  | { readonly type: "notice"; readonly message: string };

/** What making a plot needs besides its options. */
export interface PlotHooks {
  /** Stops the work when it aborts. */
  readonly signal?: AbortSignal;
  /** Called with everything that happens. */
  readonly onEvent?: (event: PlotEvent) => void;
}

/**
 * Makes the plot. Nothing is written before it is drawn.
 * @param options The options.
 * @param hooks Events, and the signal that stops the work.
 * @returns Path of the file.
 * @throws {ConfigError} if options contradict each other.
 * @throws {DataError} if files cannot be read or written, hold too few samples, or predictions do not
 *   fit them.
 */
export async function plotUmap(options: PlotUmapOptions, hooks: PlotHooks = {}): Promise<string> {
  const { signal, onEvent = () => {} } = hooks;
  const { max_samples, max_per_class, seed, n_neighbors, min_dist, color_by } = options;
  const notify = (lines: readonly string[]) => {
    for (const message of lines) onEvent({ type: "notice", message });
  };
  const { title, path, format } = plotTarget(options);
  onEvent({ type: "files", paths: options.h5_path });
  const data = await readSamples(options.h5_path, {
    maxSamples: max_samples,
    maxPerClass: max_per_class,
    seed,
  });
  const { samples, points, total } = data;
  const classes = new Set(samples.map(({ label }) => label)).size;
  onEvent({ type: "samples", samples: samples.length, total, classes });
  notify(data.notices);
  const neighbors = Math.min(n_neighbors, samples.length - 1);
  if (neighbors < 2) {
    const [file] = options.h5_path;
    throw new DataError(`Cannot plot "${file}": a layout needs 3 samples at least`, { file });
  }
  if (neighbors < n_neighbors) {
    notify([`n_neighbors is ${neighbors} instead of ${n_neighbors}: there are no more samples`]);
  }
  const predictions = options.predictions === null
    ? undefined
    : await matchPredictions(options.predictions, samples, data.classNames);
  notify(predictions?.notices ?? []);
  const layout = await layOut(points, {
    neighbors,
    minDist: min_dist,
    seed,
    signal,
    onProgress: (progress) => onEvent({ type: "progress", ...progress }),
  });
  const chart = umapChart({ title, colorBy: color_by, seed, data, layout, predictions });
  const { bytes, notices } = await DRAW[format](chart, options);
  notify(notices);
  await write(path, bytes);
  return path;
}

/** What is written, and lines that the user should see. */
interface Drawn {
  readonly bytes: Uint8Array;
  readonly notices: readonly string[];
}

const DRAW: Readonly<
  Record<"png" | "svg" | "html", (chart: UmapChart, options: PlotUmapOptions) => Promise<Drawn>>
> = {
  png: async (chart, { dpi }) => await chartPng(await chartSvg(umapSpec(chart), chart), { dpi }),
  svg: async (chart) => text(await chartSvg(umapSpec(chart), chart)),
  html: async (chart) =>
    text(umapPage(chart, await chartSvg(umapSpec(chart, true), { ...chart, transparent: true }))),
};

function text(content: string): Drawn {
  return { bytes: new TextEncoder().encode(content), notices: [] };
}

async function write(path: string, bytes: Uint8Array): Promise<void> {
  const folder = dirname(path);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw writeError(error, folder);
  }
  await writeFileAtomic(path, bytes);
}
