/**
 * Resolves a config: defaults, then a file, then typed parts, then flags; validated as a whole.
 * @module
 */
import { ConfigError, type ConfigIssue, renderIssue } from "../errors.ts";
import { type ConfigPart, mergeParts } from "../configure.ts";
import { type Registry, registry as defaultRegistry } from "../registry.ts";
import { keyPath, SLOTS } from "../slots.ts";
import { type ComposedSection, composeSections, optionEntries } from "./compose.ts";
import { applyFlags } from "./flags.ts";
import type { Flag } from "./flag.ts";
import { givenFields, isSame } from "./given_fields.ts";
import { expectedIssue } from "./issues.ts";
import { getAt, isPlainObject, joinPath, type PlainObject, setAt, splitPath } from "./objects.ts";
import { readSchema } from "./schema.ts";
import { type SelectOptions, selectPlugins } from "./select.ts";
import type { ResolvedConfig } from "./tree.ts";
import { validateSection } from "./validate.ts";

/**
 * What a config is made from; `P` are its typed parts.
 * @category Configs
 */
export interface ConfigSources<P extends object = ConfigPart> {
  /** A config tree as it stands in a file, complete or not. */
  readonly file?: unknown;
  /** Typed parts of a config, which win over the file; later ones win over earlier ones. */
  readonly parts?: readonly P[];
  /** Flags, which win over file and parts. */
  readonly flags?: readonly Flag[];
  /** Whether the file is the config of an earlier run, which nobody wrote for this one. */
  readonly inherited?: boolean;
}

/**
 * A config that can be used.
 * @category Configs
 */
export interface Resolution<C = ResolvedConfig> {
  /** The tree with every field. */
  readonly config: C;
  /** Lines that the user should see once: fields without effect, keys that were replaced. */
  readonly notices: readonly string[];
  /** Dotted paths of the fields that somebody set, and did not leave at their defaults. */
  readonly given: readonly string[];
}

/**
 * Resolves a config. What it returns, written as JSON and read as the file, resolves to itself.
 * @param sources File, parts and flags.
 * @param registry Where plugins are looked up; the application's by default.
 * @returns The resolved tree, and lines for the user.
 * @throws {ConfigError} with everything that is wrong.
 *
 * @example A config of built-in plugins
 * ```ts
 * import { flag, registry, resolveConfig } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const { config } = resolveConfig({
 *   file: {
 *     data: {
 *       dataset: "precomputed_features",
 *       num_classes: 2,
 *       train_features_file: "train.h5",
 *       val_features_file: "val.h5",
 *     },
 *     model: { encoder: { encoder_type: "precomputed", feature_dim: 1024 } },
 *   },
 *   flags: [flag("training.epochs", "3")],
 * }, registry);
 * assertEquals(config.training.epochs, 3);
 * assertEquals(config.dataloading.eval_batch_size, config.dataloading.batch_size);
 * ```
 *
 * @category Configs
 */
export function resolveConfig(
  sources: ConfigSources,
  registry: Registry = defaultRegistry,
): Resolution {
  const { tree, ...rest } = resolveTree(sources, { registry });
  fillEvalBatchSize(tree);
  return { config: tree as unknown as ResolvedConfig, ...rest };
}

/** A tree whose sections are validated. */
export interface ResolvedTree extends Omit<Resolution, "config"> {
  /** The tree with every field. */
  readonly tree: PlainObject;
}

/**
 * Resolves a tree of any sections.
 * @param sources File, parts and flags.
 * @param options Where plugins are looked up, and the sections of the tree.
 * @returns The resolved tree, lines for the user, and which fields somebody set.
 * @throws {ConfigError} with everything that is wrong.
 */
export function resolveTree(sources: ConfigSources<object>, options: SelectOptions): ResolvedTree {
  const { file = {}, parts = [], flags = [], inherited = false } = sources;
  const { registry } = options;
  if (!isPlainObject(file)) throw new ConfigError([expectedIssue("", "a config tree", file)]);
  const tree = structuredClone(file);
  moveLegacyLogger(tree);
  mergeParts(tree, parts);
  const { selections, issues: keyIssues, notices } = selectPlugins(tree, flags, options);
  const sections = composeSections(selections, options.sections);
  const dropped = dropReplacedOptions(tree, sections, registry);
  const ignored = inherited ? [] : dropped;
  const issues: ConfigIssue[] = [...applyFlags(tree, flags, sections), ...keyIssues];
  const resolved: PlainObject = {};
  for (const section of sections) {
    const path = splitPath(section.path);
    const input = section.path === "" ? tree : getAt(tree, path);
    const validated = validateSection(section, input, { sections, registry, flags });
    issues.push(...validated.issues);
    ignored.push(...validated.ignored);
    if (section.path === "") Object.assign(resolved, validated.values);
    else setAt(resolved, path, validated.values);
  }
  if (issues.length > 0) throw new ConfigError(inTreeOrder(issues, sections));
  return {
    tree: resolved,
    notices: [...notices, ...ignoredFields(ignored)],
    given: givenFields(sections, {
      tree,
      resolved,
      flags,
      inherited: inherited ? file : undefined,
    }),
  };
}

/**
 * Says which fields are not used.
 * @param paths Dotted paths of the fields.
 * @returns A line for the user; none if there are no fields.
 */
export function ignoredFields(paths: readonly string[]): string[] {
  return paths.length === 0 ? [] : [`ignored: ${paths.join(", ")} (not used by this command)`];
}

/** Older configs of GloViTa call the section `wandb`. */
function moveLegacyLogger(tree: PlainObject): void {
  if (!("wandb" in tree) || "logger" in tree) return;
  tree.logger = isPlainObject(tree.wandb) ? { backend: "wandb", ...tree.wandb } : tree.wandb;
  delete tree.wandb;
}

/**
 * Where another key took the place of the file's, the options that only the file's plugin has go.
 * @returns Paths of the options that went and were not at their defaults.
 */
function dropReplacedOptions(
  tree: PlainObject,
  sections: readonly ComposedSection[],
  registry: Registry,
): string[] {
  const dropped: string[] = [];
  for (const section of sections) {
    for (const { slot, keys, replaced = [] } of section.selections) {
      const gone = replaced.filter((key) => !keys.includes(key) && registry.has(slot, key));
      const fields = getAt(tree, splitPath(section.path));
      if (!isPlainObject(fields)) continue;
      for (
        const [name, schema] of gone.flatMap((key) =>
          Object.entries(optionEntries(registry.get(slot, key)))
        )
      ) {
        if (!Object.hasOwn(fields, name) || Object.hasOwn(section.entries, name)) continue;
        const { default: otherwise } = readSchema(schema);
        if (!isSame(fields[name], otherwise)) dropped.push(joinPath(section.path, name));
        delete fields[name];
      }
    }
  }
  return dropped;
}

function fillEvalBatchSize(resolved: PlainObject): void {
  const dataloading = resolved.dataloading as PlainObject;
  dataloading.eval_batch_size ??= dataloading.batch_size;
}

/** Sorts issues by section and drops repetitions; flags of no section come first. */
function inTreeOrder(
  issues: readonly ConfigIssue[],
  sections: readonly ComposedSection[],
): ConfigIssue[] {
  const places = new Map<string, number>();
  sections.forEach((section, i) => {
    for (const { slot } of section.selections) places.set(keyPath(SLOTS[slot]), i);
    for (const name of Object.keys(section.entries)) places.set(joinPath(section.path, name), i);
  });
  const placeOf = ({ path }: ConfigIssue): number => {
    for (let names = path.split("."); names.length > 0; names = names.slice(0, -1)) {
      const prefix = names.join(".");
      const section = sections.findIndex((section) => section.path === prefix);
      const place = places.get(prefix) ?? (section >= 0 ? section : undefined);
      if (place !== undefined) return place;
    }
    return -1;
  };
  const unique = new Map(issues.map((issue) => [renderIssue(issue), issue]));
  return [...unique.values()].sort((a, b) => placeOf(a) - placeOf(b));
}
