/**
 * GloViTa's training transform of those datasets that have one of their own.
 * Importing this module adds `dataset_specific` to the `policy` slot.
 * @module
 */
import type { PixelOperation } from "../../engine/images/pixel_operation.ts";
import type { Interpolation } from "../../engine/images/preprocessing.ts";
import { options } from "../../registry/options/mod.ts";
import type { Plugin, PolicyContext } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { quote } from "../../registry/errors.ts";
import {
  type Beginning,
  beginning,
  interpolation,
  normalization,
  squareSize,
} from "./_evaluation.ts";
import { changesOf2d2, changesOf2d3 } from "./_steps.ts";

interface DatasetSteps {
  /** What happens to the crop. */
  readonly changes: readonly PixelOperation[];
  /** Whether the shorter side becomes the crop's. */
  readonly fitted?: boolean;
}

const DATASETS: Readonly<Record<string, DatasetSteps>> = {
  chestxray14: { changes: changesOf2d2 },
  diabetic_retina: { changes: changesOf2d3 },
  fgvc_aircraft: { changes: changesOf2d3, fitted: true },
  flowers102: { changes: changesOf2d3, fitted: true },
  neudet: { changes: changesOf2d3 },
  pcam: { changes: changesOf2d3 },
  resisc45: { changes: changesOf2d3 },
  rxrx1: { changes: changesOf2d3 },
  zooscannet: { changes: changesOf2d3 },
};

/**
 * Config of the `dataset_specific` policy.
 * @category Policies
 */
export interface DatasetSpecificConfig {
  /** How images are resized; `null` for the encoder's way. @default {null} */
  readonly interpolation: Interpolation | null;
}

const config = options<DatasetSpecificConfig>({ interpolation });

/**
 * Takes the steps that GloViTa trains the dataset with: those of `default_2d_2` for ChestX-ray14,
 * those of `default_2d_3` for Aircraft, Diabetic Retinopathy, Flowers-102, NEU-DET, PatchCamelyon,
 * RESISC45, RxRx1 and ZooScanNet. For Aircraft and Flowers-102, the shorter side becomes the crop's.
 *
 * @example Its steps for PatchCamelyon
 * ```ts
 * import { datasetSpecific, default2d3 } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const context = { preprocessing: { channels: 3 }, dataset: "pcam" };
 * const options = { interpolation: null };
 * assertEquals(datasetSpecific.create(options, context), default2d3.create(options, context));
 * ```
 *
 * @category Policies
 */
export const datasetSpecific: Plugin<"policy", DatasetSpecificConfig> = {
  slot: "policy",
  key: "dataset_specific",
  description: "what GloViTa trains the dataset with",
  config,
  create(options, context) {
    const { dataset = "" } = context;
    const found = Object.hasOwn(DATASETS, dataset) ? DATASETS[dataset] : undefined;
    if (!found) {
      const known = Object.keys(DATASETS).sort().map(quote).join(", ");
      throw new RangeError(
        `it has steps for datasets ${known}, not for ${dataset ? quote(dataset) : "others"}`,
      );
    }
    const { size, resize } = found.fitted
      ? fitted(context, options.interpolation)
      : beginning(context, options.interpolation);
    return {
      channels: context.preprocessing.channels,
      size,
      operations: [
        resize,
        { op: "random_crop", size },
        ...found.changes,
        normalization(context),
      ],
    };
  },
};

/** A crop as large as the encoder wants it, and images whose shorter side just covers it. */
function fitted(context: PolicyContext, given: Interpolation | null): Beginning {
  const size = squareSize(context.cropSize) ?? squareSize(context.imageSize) ??
    context.preprocessing.imageSize ?? [224, 224];
  const interpolation = given ?? context.preprocessing.interpolation ?? "bilinear";
  return { size, resize: { op: "resize_cover", size, interpolation }, interpolation };
}

registry.add(datasetSpecific);
