/**
 * The config tree of exporting a model: which trained models, and what the file is to be.
 * @module
 */
import { choice, flag, type OptionEntries, path, whole } from "../options/mod.ts";
import { type Registry, registry as defaultRegistry } from "../registry.ts";
import { type ConfigSources, type Resolution, resolveTree } from "./resolve.ts";
import type { Section } from "./sections.ts";

/**
 * A config tree of exporting in which every field has its value.
 * @category Configs
 */
export interface ExportConfig {
  /** Directory of a run, or of a group of folds, which become one model. @default {null} */
  readonly exp_dir: string | null;
  /** A checkpoint that takes the place of `exp_dir`. @default {null} */
  readonly checkpoint_path: string | null;
  /** Which checkpoint of each run. @default {"best"} */
  readonly checkpoint: "best" | "last";
  /** The only fold of the group that is exported. @default {null} */
  readonly fold: number | null;
  /** The file; `null` is `model.onnx` in the run, or in the group. @default {null} */
  readonly output: string | null;
  /** Folder that becomes a page for browsers, the model in it. @default {null} */
  readonly browser: string | null;
  /** Bits of a stored weight; everything is computed in float32. @default {32} */
  readonly precision: 16 | 32;
  /** Whether the file takes images as they are and resizes them itself. @default {false} */
  readonly with_preprocessing: boolean;
  /** Whether what the PEFT method adds becomes part of the weights. @default {false} */
  readonly merge_adapters: boolean;
}

const entries: OptionEntries<ExportConfig> = {
  exp_dir: path(null, "Directory of a run, or of a group of folds, which become one model."),
  checkpoint_path: path(null, "A checkpoint that takes the place of exp_dir."),
  checkpoint: choice("best", "Which checkpoint of each run.", ["best", "last"]),
  fold: whole(null, "The only fold of the group that is exported."),
  output: path(null, "The file; model.onnx in the run, or in the group, where not given."),
  browser: path(null, "Folder that becomes a page for browsers, the model in it."),
  precision: choice(32, "Bits of a stored weight; everything is computed in float32.", [16, 32]),
  with_preprocessing: flag(
    false,
    "Whether the file takes images as they are, uint8 [height, width, 3], and resizes them itself.",
  ),
  merge_adapters: flag(false, "Whether what the PEFT method adds becomes part of the weights."),
};

/** The sections of the tree of exporting. */
export const EXPORT_SECTIONS: readonly Section[] = [
  { path: "", description: "Which models, and what the file is to be", entries },
];

/**
 * Resolves a config of exporting.
 * @param sources File, parts and flags.
 * @param registry Where plugins are looked up; the application's by default.
 * @returns The resolved tree, and lines for the user.
 * @throws {ConfigError} with everything that is wrong.
 */
export function resolveExportConfig(
  sources: ConfigSources<Partial<ExportConfig>>,
  registry: Registry = defaultRegistry,
): Resolution<ExportConfig> {
  const { tree, ...rest } = resolveTree(sources, { registry, sections: EXPORT_SECTIONS });
  return { config: tree as unknown as ExportConfig, ...rest };
}
