/**
 * Figures as images in the directory of a run, drawn at the end of its training.
 * @module
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeError, writeFileAtomic } from "../../engine/storage/atomic.ts";
import type { Registry } from "../../registry/registry.ts";
import type { SplitName } from "./facts.ts";
import { figureImage } from "./figures/figure.ts";
import { subjectFigures } from "./figures/figures.ts";
import { collectSubjects } from "./subjects.ts";

/** Folder of the images in a run. */
const FOLDER = "plots";

/** What is drawn. */
export interface PlotOptions {
  /** Splits whose predictions are drawn; those that the run did not predict are left out. */
  readonly splits: readonly SplitName[];
  /** Where metrics are looked up. */
  readonly registry: Registry;
  /**
   * Takes each image once it is written.
   * @param name Its name without the end.
   * @param png Its bytes.
   */
  readonly onImage?: (name: string, png: Uint8Array<ArrayBuffer>) => void | Promise<void>;
}

/**
 * Draws the figures of a run as PNG: `plots/learning_curves.png`, and `plots/<split>_<figure>.png` of
 * each split.
 * @param path The run directory.
 * @param options What is drawn.
 * @returns Lines for the user.
 * @throws {DataError} if files of the run cannot be read, or images not written.
 */
export async function drawPlots(
  path: string,
  { splits, registry, onImage }: PlotOptions,
): Promise<string[]> {
  const images = new Map<string, Uint8Array<ArrayBuffer>>();
  const notices = new Set<string>();
  for (const split of splits) {
    const { subjects: [subject] } = collectSubjects([path], { split, registry });
    for (const figure of subjectFigures(subject)) {
      const name = figure.id === "learning_curves" ? figure.id : `${split}_${figure.id}`;
      if (images.has(name)) continue;
      const image = await figureImage(figure, "png");
      images.set(name, Uint8Array.from(image.bytes));
      for (const line of image.notices) notices.add(line);
    }
  }
  const folder = join(path, FOLDER);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw writeError(error, folder);
  }
  for (const [name, bytes] of images) {
    await writeFileAtomic(join(folder, `${name}.png`), bytes);
    await onImage?.(name, bytes);
  }
  return [...notices];
}
