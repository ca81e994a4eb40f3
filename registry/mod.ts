/**
 * What a plugin is made against: the contract of every slot, and the registry that plugins are added
 * to. Importing this module adds no plugin. This one is a head of two linear layers with a ReLU
 * between them:
 *
 * ```ts
 * import { relu } from "@glovita/glovita/engine";
 * import { count, options, type Plugin, registry } from "@glovita/glovita/plugin";
 *
 * const twoLayers: Plugin<"head_type", { readonly hidden_dim: number }> = {
 *   slot: "head_type",
 *   key: "two_layers",
 *   description: "two linear layers",
 *   config: options({ hidden_dim: count(128, "width of the hidden layer") }),
 *   create({ hidden_dim }, { scope, embedDim, numClasses }) {
 *     const first = scope.linear("first", embedDim, hidden_dim);
 *     const second = scope.linear("second", hidden_dim, numClasses);
 *     return {
 *       input: "embedding",
 *       forward: ({ features }, context) => ({
 *         logits: second(relu(first(features, context)), context), // [batch, num_classes]
 *       }),
 *     };
 *   },
 * };
 *
 * registry.add(twoLayers);
 * ```
 *
 * Graphs are made of the operators of `@glovita/glovita/engine` and the layers of
 * `@glovita/glovita/nn`, `@glovita/glovita/parts` has what the built-in plugins share, and
 * `@glovita/glovita/testing` checks that a plugin keeps the contract of its slot.
 * @module
 */
export { DataError, type DataErrorOptions } from "../engine/errors.ts";
export { firstLine } from "../engine/first_line.ts";
export { type AugmentationConfig, augmentationSchema } from "./config/augmentation.ts";
export { didYouMean, quote } from "./errors.ts";
export * from "./options/mod.ts";
export * from "./plugin.ts";
export { Registry, registry } from "./registry.ts";
