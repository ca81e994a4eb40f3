/**
 * Creating the products of chosen plugins, with errors that name the place in the config.
 * @module
 */
import { chosenPlugin, chosenPlugins } from "../config/chosen.ts";
import type { ModelConfig, ResolvedConfig } from "../config/tree.ts";
import { ConfigError, PluginError, quote } from "../errors.ts";
import type {
  Created,
  Dataset,
  ImageTransforms,
  MetricPlugin,
  Plugin,
  Slot,
  SlotContexts,
  SlotProducts,
} from "../plugin.ts";
import type { Registry } from "../registry.ts";
import { keyPath, SLOTS } from "../slots.ts";

/** What a builder builds from. */
export interface BuildSources<C extends ModelConfig = ResolvedConfig> {
  /** The resolved tree. */
  readonly config: C;
  /** Where plugins are looked up. */
  readonly registry: Registry;
}

/**
 * Creates the product of the plugin that a config chooses for a slot.
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
  const { plugin, options } = chosenPlugin(config, slot, registry);
  return createFrom(plugin, options, context);
}

/**
 * Creates the dataset that a config chooses. Folder and fold are read by the datasets that use them.
 * @param sources Config and registry.
 * @param images What becomes of images, where the encoder takes any.
 * @throws {ConfigError} if the dataset's options do not fit the run.
 * @throws {PluginError} if the dataset is broken.
 */
export function createDataset(
  sources: BuildSources<ModelConfig>,
  images: ImageTransforms | undefined,
): Dataset {
  const { data } = sources.config;
  return create("dataset", {
    get dataRootDir() {
      return data.data_root_dir ?? ".";
    },
    get fold() {
      return data.fold ?? undefined;
    },
    images,
  }, sources);
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
): Created<S> {
  try {
    const created = plugin.create(options, context);
    if (!(created instanceof Promise)) return created;
    return created.catch((error) => {
      throw explainPluginError(error, plugin);
    }) as Created<S>;
  } catch (error) {
    throw explainPluginError(error, plugin);
  }
}

/**
 * Says of an error that a plugin threw where in the config its reason stands, or whose bug it is.
 * @param error What was thrown; a `RangeError` says that options do not fit, a `TypeError` or
 *   `ReferenceError` that the plugin is broken.
 * @param plugin The plugin.
 * @param path Dotted path of the plugin's key; that of its slot where not given.
 * @returns The error to throw.
 */
export function explainPluginError(
  error: unknown,
  plugin: Pick<Plugin, "slot" | "key">,
  path: string = keyPath(SLOTS[plugin.slot]),
): unknown {
  const { slot, key } = plugin;
  if (error instanceof TypeError || error instanceof ReferenceError) {
    const message = `Cannot use ${slot} ${quote(key)}: it is broken: ${error.message}`;
    return new PluginError(message, { slot, key, cause: error });
  }
  if (!(error instanceof RangeError)) return error;
  return new ConfigError([{ path, message: `"${key}": ${error.message}` }], {
    cause: error,
  });
}
