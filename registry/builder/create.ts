/**
 * Creating the products of selected plugins, whose errors name slot, key and the place in the config.
 * @module
 */
import { isThenable } from "../../engine/fault.ts";
import { selectedPlugin, selectedPlugins } from "../config/selected.ts";
import type { ModelConfig, ResolvedConfig } from "../config/tree.ts";
import type { Created, MetricPlugin, Plugin, Slot, SlotContexts, SlotProducts } from "../plugin.ts";
import type { Registry } from "../registry.ts";
import { Guard } from "./guard.ts";
import { guardedProduct } from "./guarded_product.ts";

/** Slots whose plugins may have to look at files first. */
const MAY_WAIT: ReadonlySet<Slot> = new Set(["dataset", "encoder_type"]);

/** What a builder builds from. */
export interface BuildSources<C extends ModelConfig = ResolvedConfig> {
  /** The resolved tree. */
  readonly config: C;
  /** Where plugins are looked up. */
  readonly registry: Registry;
}

/**
 * Creates the product of the plugin that a config selects for a slot.
 * @param slot The slot.
 * @param context What the slot's plugins get besides their options.
 * @param sources Config and registry.
 * @throws {ConfigError} if the plugin's options do not fit the run.
 * @throws {PluginError} if the plugin is broken.
 */
export function create<S extends Slot>(
  slot: S,
  context: SlotContexts[S],
  { config, registry }: BuildSources<ModelConfig>,
): Created<S> {
  const { plugin, options } = selectedPlugin(config, slot, registry);
  return createFrom(plugin, options, context);
}

/**
 * The guard of the plugin that a config chooses for a slot.
 * @param slot The slot.
 * @param sources Config and registry.
 */
export function guardOf(slot: Slot, { config, registry }: BuildSources<ModelConfig>): Guard {
  return new Guard(selectedPlugin(config, slot, registry).plugin);
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
  const listed = selectedPlugins(config, "metric", registry);
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

/**
 * Creates the product of a plugin. What comes back names slot and key in all of its errors.
 * @param plugin The plugin.
 * @param options Options that its schema has accepted.
 * @param context What the slot's plugins get besides their options.
 * @param path Where the plugin's key stands in the config, for messages; the slot's place where not
 *   given.
 * @throws {ConfigError} if the plugin's options do not fit the run.
 * @throws {PluginError} if the plugin is broken.
 */
export function createFrom<S extends Slot>(
  plugin: Plugin<S>,
  options: unknown,
  context: SlotContexts[S],
  path?: string,
): Created<S> {
  const guard = new Guard(plugin, path);
  const see = (product: unknown) => guardedProduct(plugin.slot, product, guard, context);
  return guard.call("create", () => {
    const created = plugin.create(options, context);
    const later = MAY_WAIT.has(plugin.slot) && isThenable(created);
    return later ? Promise.resolve(created).then(see) : see(created);
  }) as Created<S>;
}
