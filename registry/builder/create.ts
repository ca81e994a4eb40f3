/**
 * Creating the products of chosen plugins, with errors that name the place in the config.
 * @module
 */
import { chosenPlugin, chosenPlugins } from "../config/chosen.ts";
import type { ResolvedConfig } from "../config/tree.ts";
import { ConfigError } from "../errors.ts";
import type { MetricPlugin, Plugin, Slot, SlotContexts, SlotProducts } from "../plugin.ts";
import type { Registry } from "../registry.ts";
import { SLOTS } from "../slots.ts";

/** What a builder builds from. */
export interface BuildSources {
  /** The resolved tree. */
  readonly config: ResolvedConfig;
  /** Where plugins are looked up. */
  readonly registry: Registry;
}

/**
 * Creates the product of the plugin that a config chooses for a slot.
 * @param slot The slot.
 * @param context What the slot's plugins get besides their options.
 * @param sources Config and registry.
 * @throws {ConfigError} if the plugin's options do not fit the run.
 */
export function create<S extends Slot>(
  slot: S,
  context: SlotContexts[S],
  { config, registry }: BuildSources,
): SlotProducts[S] {
  const { plugin, options } = chosenPlugin(config, slot, registry);
  return createFrom(plugin, options, context);
}

/**
 * Creates the metrics that a config lists and that are defined for the run's targets. Where none of
 * them is, all registered ones that are defined for them.
 * @param context What is predicted.
 * @param sources Config and registry.
 * @returns The metrics, and a line for every listed one that was left out.
 * @throws {ConfigError} if a metric cannot be used.
 */
export function createMetrics(
  context: SlotContexts["metric"],
  { config, registry }: BuildSources,
): { readonly metrics: SlotProducts["metric"][]; readonly notices: string[] } {
  const listed = chosenPlugins(config, "metric", registry);
  const fits = (plugin: MetricPlugin) => plugin.subtasks?.includes(context.subtask) ?? true;
  const fitting = listed.filter(({ plugin }) => fits(plugin));
  const notices = listed.filter(({ plugin }) => !fits(plugin)).map(({ plugin }) =>
    `metric "${plugin.key}" is not defined for ${context.subtask} targets and is left out`
  );
  if (fitting.length > 0) {
    const metrics = fitting.map(({ plugin, options }) => createFrom(plugin, options, context));
    return { metrics, notices };
  }
  const all: MetricPlugin[] = registry.list("metric").map((key) => registry.get("metric", key));
  const others = all.filter((plugin) => plugin.subtasks !== undefined && fits(plugin));
  return { metrics: others.map((plugin) => createFrom(plugin, {}, context)), notices };
}

function createFrom<S extends Slot>(
  plugin: Plugin<S>,
  options: unknown,
  context: SlotContexts[S],
): SlotProducts[S] {
  try {
    return plugin.create(options, context);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const { section, field } = SLOTS[plugin.slot];
    const issue = { path: `${section}.${field}`, message: `"${plugin.key}": ${error.message}` };
    throw new ConfigError([issue], { cause: error });
  }
}
