/**
 * Contract checks for plugins, for the tests of their authors.
 *
 * @example All checks of a plugin, at once
 * ```ts
 * import { cosineAnneal } from "@glovita/glovita";
 * import { checkPlugin } from "@glovita/glovita/testing";
 *
 * await checkPlugin(cosineAnneal, { config: { warmup_epochs: 3 } });
 * ```
 * @module
 */
export { checkGradients, type GradientPoint } from "./gradient_check.ts";
export { minimalOptions } from "./minimal_options.ts";
export {
  checkPlugin,
  type PluginCheck,
  PluginCheckError,
  type PluginCheckOptions,
  pluginChecks,
  type PluginFailure,
} from "./plugin_checks.ts";
