/**
 * Options of the report, and where it goes.
 * @module
 */
import { join } from "node:path";
import type { Section } from "../../registry/config/sections.ts";
import { choice, type OptionEntries, path } from "../../registry/options/mod.ts";

/** Kinds of files that a report may be. */
export const REPORT_FORMATS = ["html", "png", "svg"] as const;

/** Kind of file: one page, or each figure as an image. */
export type ReportFormat = typeof REPORT_FORMATS[number];

/** Options of the report, in the names of the command line. */
export interface ReportOptions {
  /** File to write, or folder of the images; beside the runs where not given. @default {null} */
  readonly output: string | null;
  /** A page, or each figure as an image. @default {"html"} */
  readonly format: ReportFormat;
  /** Split that is shown; test where there are predictions of it. @default {null} */
  readonly split: "val" | "test" | null;
}

const entries: OptionEntries<ReportOptions> = {
  output: path(
    null,
    "File to write, or with --format png|svg the folder; PATH/report.html or PATH/report where " +
      "not given.",
  ),
  format: choice("html", "One page, or each figure as an image.", REPORT_FORMATS),
  split: choice(null, "Split that is shown; test where it was predicted, or val.", ["val", "test"]),
};

/** The sections of the command: one, of fields that have no prefix. */
export const REPORT_SECTIONS: readonly Section[] = [
  { path: "", description: "What is written, and where", entries },
];

/**
 * Says where a report goes.
 * @param paths Folders of runs.
 * @param options The options.
 * @returns The file, or the folder of the images.
 *
 * @example In the folder of the run
 * ```ts
 * import { reportTarget } from "./config.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(reportTarget(["exp/0"], { output: null, format: "html" }), "exp/0/report.html");
 * assertEquals(reportTarget(["a", "b"], { output: null, format: "png" }), "report");
 * ```
 */
export function reportTarget(
  paths: readonly string[],
  { output, format }: Pick<ReportOptions, "output" | "format">,
): string {
  const folder = paths.length === 1 ? paths[0] : "";
  return output ?? join(folder, format === "html" ? "report.html" : "report");
}
