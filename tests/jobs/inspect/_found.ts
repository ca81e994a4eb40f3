/**
 * Inspections in tests.
 * @module
 */
import { assertEquals } from "@std/assert";
import { inspect, type InspectOptions } from "../../../jobs/inspect/inspect.ts";
import type { Inspection } from "../../../jobs/inspect/inspection.ts";
import {
  slideFeatures,
  type SlideFeaturesConfig,
} from "../../../plugins/dataset/slide_features.ts";
import "../../../plugins/mod.ts";
import { configure } from "../../../registry/configure.ts";

/** An inspection of the kind that is expected. */
export async function inspectAs<K extends Inspection["kind"]>(
  kind: K,
  path: string,
  options: InspectOptions = {},
): Promise<Extract<Inspection, { readonly kind: K }>> {
  const found = await inspect(path, options);
  assertEquals(found.kind, kind, found.problems.join("\n"));
  // What an inspection finds goes through JSON unchanged.
  assertEquals(JSON.parse(JSON.stringify(found)), found);
  return found as Extract<Inspection, { readonly kind: K }>;
}

/** An inspection of slides with tables. */
export function inspectSlides(
  root: string,
  dataset: Partial<SlideFeaturesConfig> & { readonly fold?: number },
  options: InspectOptions = {},
) {
  const { fold, ...given } = dataset;
  const config = [configure(slideFeatures, given), { data: { fold: fold ?? null } }];
  return inspectAs("slides", root, { config, ...options });
}
