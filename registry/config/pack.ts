/**
 * The config tree of packing slides: the dataset, and how the files are to look.
 * @module
 */
import type { Configured } from "../configure.ts";
import { choice, flag, type OptionEntries, path, required, whole } from "../options/mod.ts";
import { type Registry, registry as defaultRegistry } from "../registry.ts";
import { type ConfigSources, type Resolution, resolveTree } from "./resolve.ts";
import { type Section, SECTIONS } from "./sections.ts";
import { shardEntries } from "./shards.ts";
import type { ConfigFields, ModelConfig } from "./tree.ts";

/**
 * Fields of packing outside all sections.
 * @category Configs
 */
export interface PackFields {
  /** Folder of the files. */
  readonly output_dir: string;
  /** Bits of a stored float; `null` keeps what the slides have. @default {null} */
  readonly precision: 16 | 32 | null;
  /** gzip level, 0 for none. @default {0} */
  readonly compression: number;
  /** Whether finished files are kept. @default {false} */
  readonly resume: boolean;
  /** Whether finished files are replaced. @default {false} */
  readonly overwrite: boolean;
  /** Part `i/n` of every split, counted from 1; `auto` takes it from the cluster. @default {null} */
  readonly shard: string | null;
  /** Number of parts whose files are joined; `auto` finds it. @default {null} */
  readonly merge: number | "auto" | null;
}

/**
 * A config tree of packing in which every field has its value.
 * @category Configs
 */
export interface PackConfig extends Pick<ModelConfig, "data">, PackFields {}

/**
 * The fields of that tree that belong to no plugin, any of them left out.
 * @category Configs
 */
export interface PackConfigFields extends Partial<PackFields>, Pick<ConfigFields, "data"> {}

/**
 * A part of a config of packing: a selected dataset, or fields that belong to no plugin.
 * @category Configs
 */
export type PackPart = Configured | PackConfigFields;

const rootEntries: OptionEntries<PackFields> = {
  output_dir: path(required, "Folder of the files."),
  precision: choice(
    null,
    "Bits of a stored float; what the slides have where not given: 16 for float16, else 32.",
    [16, 32],
  ),
  compression: whole(0, "gzip level; 0 is none: features hardly get smaller.", { max: 9 }),
  resume: flag(false, "Whether finished files of the same slides are kept."),
  overwrite: flag(false, "Whether finished files are replaced."),
  ...shardEntries("of every split"),
};

/** The sections of the tree of packing, in the order in which it is shown. */
export const PACK_SECTIONS: readonly Section[] = [
  { path: "", description: "What the files are to look like", entries: rootEntries },
  ...SECTIONS.filter(({ path }) => path === "data"),
];

/**
 * Resolves a config of packing.
 * @param sources File, parts and flags.
 * @param registry Where plugins are looked up; the application's by default.
 * @returns The resolved tree, and lines for the user.
 * @throws {ConfigError} with everything that is wrong.
 */
export function resolvePackConfig(
  sources: ConfigSources<PackPart>,
  registry: Registry = defaultRegistry,
): Resolution<PackConfig> {
  const { tree, ...rest } = resolveTree(sources, { registry, sections: PACK_SECTIONS });
  return { config: tree as unknown as PackConfig, ...rest };
}
