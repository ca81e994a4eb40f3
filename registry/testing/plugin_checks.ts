/**
 * Checks that a plugin of any slot keeps to its contract, for the tests of its author. What they
 * check is what this project's own tests check of every built-in plugin.
 * @module
 */
import { firstLine } from "../../engine/first_line.ts";
import type { PartialOptions } from "../configure.ts";
import type { Plugin, Slot, SlotContexts } from "../plugin.ts";
import { datasetChecks } from "./dataset_checks.ts";
import { encoderChecks } from "./encoder_checks.ts";
import { headChecks } from "./head_checks.ts";
import { loggerChecks } from "./logger_checks.ts";
import { metricChecks } from "./metric_checks.ts";
import { minimalOptions } from "./minimal_options.ts";
import { optimizerChecks } from "./optimizer_checks.ts";
import { peftChecks } from "./peft_checks.ts";
import { policyChecks } from "./policy_checks.ts";
import { schedulerChecks } from "./scheduler_checks.ts";
import { schemaChecks } from "./schema_checks.ts";
import type { Check, PluginUnderTest } from "./plugin_under_test.ts";

/** One check of a plugin, for whatever runs tests. */
export interface PluginCheck {
  /** What is checked: slot, key and a promise of the slot. */
  readonly name: string;
  /**
   * Checks it.
   * @throws {PluginCheckError} if the plugin does not keep the promise.
   */
  run(): Promise<void>;
}

/** How a plugin is checked. */
export interface PluginCheckOptions<S extends Slot, C> {
  /**
   * Options of the plugin. Required ones that are left out get the smallest value of their type and
   * bounds, others their default.
   */
  readonly config?: PartialOptions<NoInfer<C>>;
  /**
   * What `create` gets besides, where the checks' own choice does not suit: `sampleShape` of an
   * encoder, `data_root_dir` of a dataset, `embed_dim` of a head.
   */
  readonly context?: Partial<SlotContexts[S]>;
  /** Promises that the plugin breaks on purpose, as the names of the checks end. */
  readonly skip?: readonly string[];
}

/** A promise that a plugin does not keep. */
export interface PluginFailure {
  /** The promise, as the name of its check ends. */
  readonly check: string;
  /** What is the case instead. */
  readonly state: string;
  /** What was thrown. */
  readonly cause: unknown;
}

/**
 * A plugin that does not keep to its contract. Its message has one line for each failure.
 *
 * @example Reading what is wrong
 * ```ts
 * import { PluginCheckError } from "@glovita/glovita/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const failure = { check: "lowers a loss", state: "it went from 1 to 2", cause: undefined };
 * const error = new PluginCheckError({ slot: "optimizer", key: "mine" }, [failure]);
 * assertEquals(
 *   error.message,
 *   'Cannot accept optimizer "mine", which lowers a loss: it went from 1 to 2',
 * );
 * ```
 */
export class PluginCheckError extends Error {
  /** Name of the class, which survives a second copy of this package. */
  override name = "PluginCheckError";
  /** Slot of the plugin. */
  readonly slot: Slot;
  /** Key of the plugin. */
  readonly key: string;
  /** The promises that it does not keep. */
  readonly failures: readonly PluginFailure[];

  /**
   * Makes the error.
   * @param plugin The plugin.
   * @param failures The promises that it does not keep, at least one.
   */
  constructor({ slot, key }: Pick<Plugin, "slot" | "key">, failures: readonly PluginFailure[]) {
    const lines = failures.map(({ check, state }) =>
      `Cannot accept ${slot} ${JSON.stringify(key)}, which ${check}: ${state}`
    );
    super(lines.join("\n"), { cause: failures[0]?.cause });
    this.slot = slot;
    this.key = key;
    this.failures = failures;
  }
}

/** What each slot promises besides what all plugins do. A new slot is a new line here. */
const CHECKS: { readonly [S in Slot]: readonly Check<S>[] } = {
  dataset: datasetChecks,
  encoder_type: encoderChecks,
  head_type: headChecks,
  optimizer: optimizerChecks,
  peft: peftChecks,
  scheduler: schedulerChecks,
  metric: metricChecks,
  logger: loggerChecks,
  policy: policyChecks,
};

/**
 * Lists the checks of a plugin. Nothing is checked, created or read before a check is run.
 * @param plugin The plugin.
 * @param options Its options, where the smallest ones do not do.
 * @returns The checks, each with a name and a function, in any test runner's terms.
 * @throws {RangeError} if a check is to be skipped that does not exist.
 *
 * @example The tests of a plugin
 * ```ts
 * import { cosineAnneal } from "@glovita/glovita";
 * import { pluginChecks } from "@glovita/glovita/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const [{ name, run }] = pluginChecks(cosineAnneal);
 * assertEquals(name, 'scheduler "CosineAnneal" can be registered');
 * await run(); // In a test file each of them becomes a test: Deno.test(name, run).
 * ```
 */
export function pluginChecks<S extends Slot, C>(
  plugin: Plugin<S, C>,
  options: PluginCheckOptions<S, C> = {},
): PluginCheck[] {
  const checks: readonly Check<S>[] = [
    ...schemaChecks as readonly Check<Slot>[],
    ...CHECKS[plugin.slot],
  ];
  const { skip = [], context = {} } = options;
  const unknown = skip.find((name) => checks.every((check) => check.name !== name));
  if (unknown !== undefined) {
    const names = checks.map(({ name }) => JSON.stringify(name)).join(", ");
    throw new RangeError(
      `Cannot skip ${JSON.stringify(unknown)}: the checks of ${plugin.slot} are ${names}`,
    );
  }
  const subject = (): PluginUnderTest<S> => ({
    plugin: plugin as Plugin<S>,
    options: minimalOptions(plugin, { ...options.config }),
    context,
  });
  return checks.filter(({ name }) => !skip.includes(name)).map(({ name, check }) => ({
    name: `${plugin.slot} ${JSON.stringify(plugin.key)} ${name}`,
    async run() {
      try {
        await check(subject());
      } catch (cause) {
        throw new PluginCheckError(plugin, [{ check: name, state: firstLine(cause), cause }]);
      }
    },
  }));
}

/**
 * Runs all checks of a plugin.
 * @param plugin The plugin.
 * @param options Its options, where the smallest ones do not do.
 * @throws {PluginCheckError} with everything that it does not keep to.
 *
 * @example A schedule that becomes negative
 * ```ts
 * import { noOptions, type Plugin } from "@glovita/glovita/plugin";
 * import { checkPlugin, PluginCheckError } from "@glovita/glovita/testing";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const downhill: Plugin<"scheduler"> = {
 *   slot: "scheduler",
 *   key: "downhill",
 *   description: "one less in every epoch",
 *   config: noOptions,
 *   create: () => ({ factor: (epoch) => 1 - epoch }),
 * };
 * const error = await assertRejects(() => checkPlugin(downhill), PluginCheckError);
 * assertEquals(error.failures.map(({ state }) => state), ["epoch 2 of 3 has the factor -1"]);
 * ```
 */
export async function checkPlugin<S extends Slot, C>(
  plugin: Plugin<S, C>,
  options: PluginCheckOptions<S, C> = {},
): Promise<void> {
  const failures: PluginFailure[] = [];
  for (const { run } of pluginChecks(plugin, options)) {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof PluginCheckError)) throw error;
      failures.push(...error.failures);
    }
  }
  if (failures.length > 0) throw new PluginCheckError(plugin, failures);
}
