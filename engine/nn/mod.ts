/**
 * What models are made of besides operators: parameters and layers, initial values, losses, bags of
 * instances, and random numbers inside a graph.
 *
 * @example A layer declares its parameters in a scope
 * ```ts
 * import { input } from "@glovita/glovita/engine";
 * import { crossEntropy, Parameters, RandomStream } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const layer = parameters.scope().linear("fc", 64, 10);
 * assertEquals(parameters.list().map(({ name }) => name), ["fc.weight", "fc.bias"]);
 *
 * const random = new RandomStream(input("random_seed", "uint32", []));
 * const logits = layer(input("x", "float32", ["batch", 64]), { training: true, random });
 * assertEquals(logits.shape, ["batch", 10]);
 * assertEquals(crossEntropy(logits, input("labels", "int64", ["batch"])).shape, []);
 * ```
 * @module
 */
export * from "./bag_pooling.ts";
export * from "./bags.ts";
export * from "./initializers.ts";
export * from "./losses.ts";
export { AGGREGATION_METHODS, type AggregationMethod } from "./pooling.ts";
export { RandomRows, RandomStream } from "./random.ts";
export * from "./row_blocks.ts";
export * from "./scope.ts";
export * from "./wrap_scope.ts";
