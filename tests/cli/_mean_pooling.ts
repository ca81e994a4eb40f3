/** A third party's plugin module. @module */
import * as v from "valibot";
import type { Plugin } from "../../registry/plugin.ts";

/** A head that cannot be built. */
export const meanPooling: Plugin<"head_type"> = {
  slot: "head_type",
  key: "mean_pooling",
  description: "Mean over the bag.",
  config: v.strictObject({ hidden_dim: v.optional(v.pipe(v.number(), v.integer()), 32) }),
  create() {
    throw new Error("A fixture creates nothing");
  },
};
