/**
 * A head and a metric for glovita, made outside of it.
 * Importing this module adds `attention_pool` and `true_probability`.
 * @module
 */
export * from "./attention_pool.ts";
export * from "./true_probability.ts";
