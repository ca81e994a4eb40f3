/** Reads all values of many slides, one file after the other. */
import { openSlide } from "../../engine/slides/slide_file.ts";
import type { SlidePart } from "../../engine/slides/slide_source.ts";
import { attempt } from "../../engine/slides/refuse.ts";
import type { Context, Lines } from "./_context.ts";
import type { ValueScan } from "./inspection.ts";
import { scanSlide } from "./slide.ts";
import { type FileScan, joinScans } from "./value_scan.ts";

/** What slides are scanned for. */
export interface SlideScan {
  /** The folder, for those who watch. */
  readonly root: string;
  /** How it is read. */
  readonly context: Context;
  /** Takes what is wrong. */
  readonly problems: Lines;
}

/** Reads slides; of a damaged one what is left is not read. */
export async function scanSlides(
  parts: readonly SlidePart[],
  { root, context: { signal, onProgress }, problems }: SlideScan,
): Promise<ValueScan> {
  const total = parts.reduce((sum, { instances }) => sum + instances, 0);
  const scans: FileScan[] = [];
  let before = 0;
  for (const { path, key, instances } of parts) {
    const scan = await attempt(async () => {
      using slide = await openSlide(path, key);
      const onRows = (rows: number) =>
        onProgress({ step: "values", path: root, done: before + rows, total });
      return slide && await scanSlide(slide, { signal, onRows });
    }, problems.refuse);
    if (scan !== undefined) scans.push(scan);
    if (scan?.problem !== undefined) problems.add(scan.problem);
    before += instances;
  }
  return joinScans(scans);
}
