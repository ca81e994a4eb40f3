/**
 * Telling what a run's config needs that is not there: plugins of third parties. A run records what
 * they were called when it was started; nothing loads them by itself.
 * @module
 */
import type { RunDirectory } from "../../engine/train/run_directory.ts";
import { getAt, joinPath, splitPath } from "../../registry/config/objects.ts";
import { ConfigError, type ConfigIssue, quote } from "../../registry/errors.ts";
import type { Slot } from "../../registry/plugin.ts";
import type { Registry } from "../../registry/registry.ts";
import { SLOT_NAMES, SLOTS } from "../../registry/slots.ts";

/** A run whose config could not be resolved. */
export interface UnresolvedRun {
  /** Run directory. */
  readonly directory: RunDirectory;
  /** The config tree that lies in it. */
  readonly tree: unknown;
  /** Where plugins were looked up. */
  readonly registry: Registry;
}

/**
 * Adds to the issues of a run's config which plugin modules the run was made with, where keys are
 * missing that they may bring.
 * @param error What resolving the run's config threw.
 * @param run The run.
 * @returns An error that names the modules, or the same one where no key is missing.
 */
export function addPluginHint(error: unknown, run: UnresolvedRun): unknown {
  if (!(error instanceof ConfigError)) return error;
  const missing = missingKeys(run);
  const hint = missing.size > 0 ? howToName(run.directory.readPlugins()) : "";
  const issues = error.issues.map((issue): ConfigIssue =>
    missing.has(issue.path) ? { ...issue, message: `${issue.message}; ${hint}` } : issue
  );
  return new ConfigError(issues, { cause: error });
}

/** Paths of the keys that the run's config names and the registry does not have. */
function missingKeys({ tree, registry }: UnresolvedRun): ReadonlySet<string> {
  const paths = SLOT_NAMES.flatMap((slot) =>
    keyPaths(slot).filter((path) => {
      const keys = [getAt(tree, splitPath(path))].flat();
      return keys.some((key) => typeof key === "string" && !registry.has(slot, key));
    })
  );
  return new Set(paths);
}

/** Where keys of a slot stand: images have one policy for training and one for evaluation. */
function keyPaths(slot: Slot): string[] {
  const { section, field } = SLOTS[slot];
  const fields = slot === "policy" ? ["train_policy", field] : [field];
  return fields.map((name) => joinPath(section, name));
}

function howToName(plugins: readonly string[]): string {
  if (plugins.length === 0) {
    return "the plugin that brings it is missing: give --plugin MODULE, or import it first";
  }
  const flags = plugins.map((plugin) => `--plugin ${word(plugin)}`).join(" ");
  return `the run was made with ${flags}: give that again, or import it first`;
}

/** A word of a command line, in quotes where it needs them. */
function word(text: string): string {
  return /\s/.test(text) ? quote(text) : text;
}
