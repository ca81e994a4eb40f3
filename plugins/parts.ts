/**
 * What the built-in plugins are made of, for plugins of your own: weight decay and the Adam step,
 * counts and rankings of predictions, numbers per channel. Importing this module adds no plugin.
 *
 * @example A metric: the share of negatives that are recognized
 * ```ts
 * import {
 *   accumulateDecisions,
 *   assertSupported,
 *   macroAverage,
 *   ratio,
 * } from "@glovita/glovita/parts";
 * import { type MetricPlugin, type NoOptions, noOptions, registry } from "@glovita/glovita/plugin";
 *
 * const specificity: MetricPlugin<NoOptions> = {
 *   slot: "metric",
 *   key: "specificity",
 *   description: "true negatives among all negatives (macro average)",
 *   config: noOptions,
 *   subtasks: ["multiclass", "multilabel"],
 *   create(_config, task) {
 *     assertSupported(specificity, task);
 *     return {
 *       higherIsBetter: true,
 *       accumulator: () =>
 *         accumulateDecisions("specificity", task, (decisions) => ({
 *           Specificity: macroAverage(decisions, ({ tn, fp }) => ratio(tn, tn + fp)),
 *         })),
 *     };
 *   },
 * };
 *
 * registry.add(specificity);
 * ```
 * @module
 */
export * from "./metric/_confusion.ts";
export * from "./metric/_metric.ts";
export * from "./metric/_ranking.ts";
export * from "./metric/_samples.ts";
export * from "./optimizer/_adam.ts";
export * from "./optimizer/_decay.ts";
export * from "./policy/_evaluation.ts";
