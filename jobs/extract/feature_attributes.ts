/**
 * What a feature file says of how it was made, so that nobody has to guess which features it holds.
 * @module
 */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { Split } from "../../engine/data/data.ts";
import { labelsHash, namesHash } from "../../engine/data/data_facts.ts";
import { VERSION } from "../../engine/version.ts";
import type { Device } from "../../engine/runtime/session_options.ts";
import type { ExtractConfig } from "../../registry/config/extract.ts";
import type { Dataset, ImageTransform, SplitName } from "../../registry/plugin.ts";
import type { EncoderWeights } from "./encoder.ts";
import type { MatmulPrecision } from "./matmul_precision.ts";

/** Attributes of a feature file, by name. */
export type FeatureAttributes = Readonly<Record<string, string | number>>;

/** What the features of a split are made of. */
export interface FeatureOrigin {
  /** The resolved config. */
  readonly config: ExtractConfig;
  /** The dataset. */
  readonly dataset: Dataset;
  /** Which split. */
  readonly name: SplitName;
  /** What becomes of its images. */
  readonly transform?: ImageTransform;
  /** Weights of the encoder. */
  readonly weights: Pick<EncoderWeights, "origin" | "sha256">;
  /** How precise matrix products were. */
  readonly matmulPrecision: MatmulPrecision;
  /** Width of a row. */
  readonly embedDim: number;
  /** Where the encoder ran. */
  readonly device: Device;
  /** Whether it computed in float16. */
  readonly float16: boolean;
}

/**
 * Says how the features of a split are made. The same features, the same attributes: no times, no
 * names of machines.
 * @param origin What they are made of.
 */
export function featureAttributes(origin: FeatureOrigin): FeatureAttributes {
  const { config, dataset, name, transform, weights, matmulPrecision, embedDim } = origin;
  const { device, float16 } = origin;
  const { model, peft, checkpoint_path, data: { data_fraction } } = config;
  return {
    glovita_version: VERSION,
    dataset: config.data.dataset,
    split: name,
    ...(name === "train" && data_fraction !== null && { data_fraction }),
    task: dataset.task,
    subtask: dataset.subtask,
    num_classes: dataset.numClasses,
    ...(dataset.classNames && { class_names: JSON.stringify(dataset.classNames) }),
    encoder: JSON.stringify(model.encoder),
    encoder_type: model.encoder.encoder_type,
    ...(typeof model.encoder.type === "string" && { encoder_name: model.encoder.type }),
    weights: basename(weights.origin),
    weights_sha256: weights.sha256,
    ...(checkpoint_path !== null && { checkpoint: basename(checkpoint_path) }),
    peft: JSON.stringify(peft),
    ...(config.merge_adapters && { merge_adapters: "true" }),
    ...(transform && { augmentation: JSON.stringify(config.data.augmentation) }),
    feature_aggregation_method: config.method,
    embed_dim: embedDim,
    precision: config.precision,
    float32_matmul_precision: matmulPrecision,
    ...(device !== "cpu" && { device }),
    ...(float16 && { precision_compute: 16 }),
    ...(transform && transformAttributes(transform)),
  };
}

function transformAttributes(transform: ImageTransform): FeatureAttributes {
  const { operations, size } = transform;
  const normalize = operations.find(({ op }) => op === "normalize");
  const resize = operations.find(({ op }) => op === "resize" || op === "resize_shorter");
  return {
    ...(size && { image_size: size.join("x") }),
    ...(resize && "interpolation" in resize && { interpolation: resize.interpolation }),
    ...(normalize && "mean" in normalize && {
      mean: JSON.stringify(normalize.mean),
      std: JSON.stringify(normalize.std),
    }),
    transform: JSON.stringify(transform),
  };
}

/**
 * A text that is equal exactly for the same work: what a journal is recognised by.
 * @param attributes How the features are made.
 * @param split The samples.
 * @returns One line for each fact.
 */
export function fingerprintOf(
  attributes: FeatureAttributes,
  { length, ids, labels }: Pick<Split, "length" | "ids" | "labels">,
): string {
  return [
    ...Object.entries(attributes).map(([name, value]) => `${name} ${value}`),
    `samples ${length}`,
    `names ${namesHash(ids)}`,
    `labels ${labelsHash(labels)}`,
  ].join("\n");
}

/**
 * Shortens a fingerprint to what a file keeps of it.
 * @param fingerprint The text.
 * @returns Its SHA-256, hexadecimal.
 */
export function shortFingerprint(fingerprint: string): string {
  return createHash("sha256").update(fingerprint).digest("hex");
}
