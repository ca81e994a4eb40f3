/**
 * Options of the contact sheet.
 * @module
 */
import { type Section, SECTIONS } from "../../registry/config/sections.ts";
import { count, type OptionEntries, path, whole } from "../../registry/options/mod.ts";

/**
 * Options of a contact sheet, in the names of the command line.
 * @category Images
 */
export interface PreviewFields {
  /** File to write. @default {"preview.png"} */
  readonly output: string;
  /** Images of the training split. @default {6} */
  readonly samples: number;
  /** How often the training policy draws for each of them. @default {4} */
  readonly draws: number;
  /** Seed of the choice of images and of what the policy draws. @default {0} */
  readonly seed: number;
}

const entries: OptionEntries<PreviewFields> = {
  output: path("preview.png", "File to write, a PNG."),
  samples: count(6, "Images of the training split that are shown.", { max: 100 }),
  draws: count(4, "How often the training policy changes each of them.", { max: 20 }),
  seed: whole(
    0,
    "Seed of the choice of images and of the changes; that of a training shows its own.",
  ),
};

const ROOT = SECTIONS.find(({ path }) => path === "")!;

/** The sections of the command: its own fields, and those of training, whose flags may stay. */
export const PREVIEW_SECTIONS: readonly Section[] = [
  { path: "", description: "The sheet", entries: { ...entries, ...ROOT.entries } },
  ...SECTIONS.filter((section) => section !== ROOT),
];
