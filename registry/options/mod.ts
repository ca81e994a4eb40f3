/**
 * Options, a line for each: `hidden_dim: count(128, "width of the hidden layer")`. They are plain
 * valibot schemas, which flags, `--help`, the config reference and all messages are made from.
 *
 * All kinds are called in the same order: the default (`null` for an option that may be null and is
 * by default, `required` for one that has to be given), the description, then what bounds the
 * values.
 * @module
 */
export * from "./kinds.ts";
export * from "./numbers.ts";
export * from "./option.ts";
