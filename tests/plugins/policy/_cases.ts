/** Policies with given options, and what they get besides. */
import * as v from "valibot";
import type { ImageTransform } from "../../../engine/images/transform.ts";
import type { Plugin, PolicyContext } from "../../../registry/plugin.ts";

/** The transform of a policy with options as a config file gives them. */
export function transformOf<C>(
  plugin: Plugin<"policy", C>,
  context: PolicyContext,
  options: Readonly<Record<string, unknown>> = {},
): ImageTransform {
  return plugin.create(v.parse(plugin.config, options), context);
}
