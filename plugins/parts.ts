/**
 * What the built-in plugins are made of, for plugins of your own: weight decay and the Adam step,
 * counts and rankings of predictions, numbers per channel, adapters of layers. Importing this module
 * adds no plugin.
 *
 * @example A metric: the share of right decisions against a class
 * ```ts
 * import {
 *   accumulateDecisions,
 *   assertSupported,
 *   macroAverage,
 *   ratio,
 * } from "@glovita/glovita/parts";
 * import { type MetricPlugin, type NoOptions, noOptions, registry } from "@glovita/glovita/plugin";
 *
 * const npv: MetricPlugin<NoOptions> = {
 *   slot: "metric",
 *   key: "npv",
 *   description: "true negatives among all decisions against a class (macro average)",
 *   config: noOptions,
 *   subtasks: ["multiclass", "multilabel"],
 *   create(_config, task) {
 *     assertSupported(npv, task);
 *     return {
 *       higherIsBetter: true,
 *       accumulator: () =>
 *         accumulateDecisions("npv", task, (decisions) => ({
 *           NPV: macroAverage(decisions, ({ tn, fn }) => ratio(tn, tn + fn)),
 *         })),
 *     };
 *   },
 * };
 *
 * registry.add(npv);
 * ```
 * @module
 */
export * from "../engine/metrics/brier.ts";
export * from "../engine/metrics/calibration.ts";
export {
  argmax,
  confusionMatrix,
  countDecisions,
  decide,
  type Decided,
} from "../engine/metrics/decisions.ts";
export * from "../engine/metrics/moments.ts";
export * from "../engine/metrics/ranked_classes.ts";
export * from "./dataset/_layout.ts";
export * from "./metric/_confusion.ts";
export * from "./metric/_losses.ts";
export * from "./metric/_metric.ts";
export * from "./metric/_moments.ts";
export * from "./metric/_ranking.ts";
export * from "./metric/_samples.ts";
export * from "./optimizer/_adam.ts";
export * from "./optimizer/_decay.ts";
export * from "./peft/_adapters.ts";
export * from "./peft/_block_outputs.ts";
export * from "./peft/_delta_weight.ts";
export * from "./peft/_mersenne_twister.ts";
export * from "./peft/_rank_allocator.ts";
export * from "./peft/_rotations.ts";
export * from "./peft/_selection.ts";
export * from "./policy/_evaluation.ts";
export * from "./policy/_steps.ts";
export * from "./policy/_training.ts";
