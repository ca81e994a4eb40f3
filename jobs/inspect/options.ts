/**
 * From the options of an inspection to what its parts read by.
 * @module
 */
import type { FeatureFileOptions, LabelKind } from "../../engine/features/feature_file.ts";
import type { ConfigPart } from "../../registry/configure.ts";
import { getAt, isPlainObject, type PlainObject } from "../../registry/config/objects.ts";
import { resolveTree } from "../../registry/config/resolve.ts";
import { SECTIONS } from "../../registry/config/sections.ts";
import { ConfigError } from "../../registry/errors.ts";
import type { Registry } from "../../registry/registry.ts";
import { SLOTS } from "../../registry/slots.ts";
import type { Context, SlideOptions } from "./_context.ts";
import type { InspectProgress } from "./inspection.ts";

/** Options as programs give them. */
export interface GivenOptions {
  /** Parts of a config with a dataset. */
  readonly config?: readonly ConfigPart[];
  /** What labels are. */
  readonly labels?: LabelKind;
  /** Whether values are read. */
  readonly scan?: boolean;
  /** Stops the work. */
  readonly signal?: AbortSignal;
  /** Told how far the work is. */
  readonly onProgress?: (progress: InspectProgress) => void;
}

/** The section of the dataset. */
const DATA = SECTIONS.filter(({ path }) => path === SLOTS.dataset.section);

/**
 * Resolves options: those of a dataset are checked by its own schema, which gives the defaults.
 * @param given What a program gave.
 * @param registry Where the dataset is looked up.
 * @throws {ConfigError} if they are wrong.
 *
 * @example Nothing given
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { registry } from "../../registry/registry.ts";
 * const { slides, scan } = contextOf({}, registry);
 * assertEquals([slides, scan], [undefined, true]);
 * ```
 */
export function contextOf(given: GivenOptions, registry: Registry): Context {
  const { config = [], scan = true, signal, onProgress = () => {} } = given;
  const data = config.length === 0 ? {} : dataOf(config, registry);
  const { num_classes, feature_key } = data;
  return {
    features: featureOptions(data, given.labels),
    ...(typeof num_classes === "number" && { numClasses: num_classes }),
    ...(typeof feature_key === "string" && { featureKey: feature_key }),
    ...(typeof data.labels_file === "string" && { slides: slideOptions(data) }),
    ...{ scan, signal, onProgress },
  };
}

function dataOf(parts: readonly ConfigPart[], registry: Registry): PlainObject {
  const { tree } = resolveTree({ parts }, { registry, sections: DATA });
  const data = getAt(tree, [SLOTS.dataset.section]);
  return isPlainObject(data) ? data : {};
}

/** Names inside packed files, and what their labels are. */
function featureOptions(data: PlainObject, labels: LabelKind | undefined): FeatureFileOptions {
  const { dataset_kwargs: keys, feature_key } = data;
  const regression = data.task === "Regression" || data.subtask === "regression";
  const kind = regression ? "regression" : data.subtask === "multilabel" ? "multilabel" : "class";
  return {
    ...(isPlainObject(keys) ? keys : {}),
    ...(typeof feature_key === "string" && { feature_key }),
    labels: labels ?? kind,
  };
}

/** Options that the dataset's own schema has checked. */
function slideOptions(data: PlainObject): SlideOptions {
  const options = data as unknown as SlideOptions;
  if (options.split_file !== null && options.split_column !== null) {
    const message = "expected data.split_file or data.split_column, not both";
    throw new ConfigError([{ path: "data.split_file", message }]);
  }
  return options;
}
