/**
 * Reports on runs: facts, figures, files.
 * @module
 */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeError, writeFileAtomic } from "../../engine/storage/atomic.ts";
import { VERSION } from "../../engine/version.ts";
import type { Registry } from "../../registry/registry.ts";
import { type ReportOptions, reportTarget } from "./config.ts";
import type { ReportFacts } from "./facts.ts";
import { drawFigure, type Figure, figureImage } from "./figures/figure.ts";
import { comparisonFigure, subjectFigures } from "./figures/figures.ts";
import { reportPage } from "./page/page.ts";
import { collectSubjects } from "./subjects.ts";

/** Something that happens while a report is made. */
export type ReportEvent =
  /** So many runs and groups are read. */
  | { readonly type: "read"; readonly done: number; readonly total: number }
  /** So many figures are drawn. */
  | { readonly type: "drawn"; readonly done: number; readonly total: number }
  /** A line that the user should see. */
  | { readonly type: "notice"; readonly message: string };

/** What making a report needs besides its options. */
export interface ReportHooks {
  /** Where metrics are looked up. */
  readonly registry?: Registry;
  /** Stops the work between figures when it aborts. */
  readonly signal?: AbortSignal;
  /** Called with everything that happens. */
  readonly onEvent?: (event: ReportEvent) => void;
}

/** What was written. */
export interface WrittenReport {
  /** The page, or the images. */
  readonly files: readonly string[];
}

/** More runs than these are compared, and not shown one by one. */
const MOST_SUBJECTS = 4;

/**
 * Makes a report. Nothing is written before everything is drawn.
 * @param paths Runs, groups of folds, checkpoints, folders of experiments.
 * @param options The options.
 * @param hooks Events, and the signal that stops the work.
 * @returns What was written.
 * @throws {DataError} if a path leads to no run, files cannot be read or the report not written.
 */
export async function report(
  paths: readonly string[],
  options: ReportOptions,
  hooks: ReportHooks = {},
): Promise<WrittenReport> {
  const { registry, signal, onEvent = () => {} } = hooks;
  const facts = collectSubjects(paths, {
    registry,
    signal,
    split: options.split,
    onRead: (done, total) => onEvent({ type: "read", done, total }),
  });
  for (const message of facts.notices) onEvent({ type: "notice", message });
  const target = reportTarget(paths, options);
  const files = options.format === "html"
    ? [{ path: target, bytes: new TextEncoder().encode(await drawPage(facts, hooks)) }]
    : await drawImages(facts, { folder: target, format: options.format, ...hooks });
  for (const { path, bytes } of files) await write(path, bytes);
  return { files: files.map(({ path }) => path) };
}

/** Figures of the comparison, and those of each run where there are few. */
function figuresOf({ subjects }: ReportFacts) {
  return {
    compared: subjects.length > 1 ? comparisonFigure(subjects) : [],
    figures: subjects.length > MOST_SUBJECTS ? [] : subjects.map(subjectFigures),
  };
}

async function drawPage(facts: ReportFacts, hooks: ReportHooks): Promise<string> {
  const { compared, figures } = figuresOf(facts);
  const tick = counter(compared.length + figures.flat().length, hooks);
  const drawAll = async (some: readonly Figure[]) => {
    const drawn = [];
    for (const figure of some) {
      drawn.push(await drawFigure(figure));
      await tick();
    }
    return drawn;
  };
  const drawnSubjects = [];
  const drawnComparison = await drawAll(compared);
  for (const each of figures) drawnSubjects.push(await drawAll(each));
  return reportPage({
    ...facts,
    compared: drawnComparison,
    figures: drawnSubjects,
    version: VERSION,
  });
}

interface ImageFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

async function drawImages(
  facts: ReportFacts,
  { folder, format, ...hooks }: ReportHooks & {
    readonly folder: string;
    readonly format: "png" | "svg";
  },
): Promise<ImageFile[]> {
  const { compared, figures } = figuresOf(facts);
  const several = figures.length > 1;
  const named = [
    ...compared.map((figure) => ({ figure, name: figure.id })),
    ...figures.flatMap((each, at) =>
      each.map((figure) => ({
        figure,
        name: several ? join(fileName(facts.subjects[at].name), figure.id) : figure.id,
      }))
    ),
  ];
  const tick = counter(named.length, hooks);
  const files: ImageFile[] = [];
  const notices = new Set<string>();
  for (const { figure, name } of named) {
    const image = await figureImage(figure, format);
    files.push({ path: join(folder, `${name}.${format}`), bytes: image.bytes });
    for (const line of image.notices) notices.add(line);
    await tick();
  }
  for (const message of notices) hooks.onEvent?.({ type: "notice", message });
  return files;
}

/** A name that all systems take for a folder. */
function fileName(name: string): string {
  return name.replaceAll(/[^\p{L}\p{N}._-]+/gu, "_");
}

/** Counts figures, and lets signals through between them. */
function counter(total: number, { signal, onEvent }: ReportHooks): () => Promise<void> {
  let done = 0;
  return async () => {
    done++;
    onEvent?.({ type: "drawn", done, total });
    await new Promise((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
  };
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
