/**
 * From a config to what becomes of images: policies, with what `data.augmentation` says and, where
 * it says nothing, what the encoder expects.
 * @module
 */
import { isRandom } from "../../engine/images/transform.ts";
import type { AugmentationConfig } from "../config/augmentation.ts";
import { whyAbsent } from "../config/glovita_fields.ts";
import { selectedPlugin } from "../config/selected.ts";
import { expectedIssue } from "../config/issues.ts";
import { describeChoices } from "../config/schema.ts";
import type { ModelConfig } from "../config/tree.ts";
import { ConfigError, didYouMean, quote } from "../errors.ts";
import type {
  DatasetPlugin,
  EncoderPlugin,
  ImageTransform,
  ImageTransforms,
  Plugin,
  Preprocessing,
} from "../plugin.ts";
import type { Registry } from "../registry.ts";
import { SLOTS } from "../slots.ts";
import { type BuildSources, createFrom } from "./create.ts";
import { Guard } from "./guard.ts";
import { policyArguments } from "./_policy_arguments.ts";

const SECTION = SLOTS.policy.section;

/** How images are prepared. */
export interface ImageOptions {
  /** Whether training images are prepared as the others are. @default {false} */
  readonly evalForTrain?: boolean;
}

/**
 * Makes the transforms of a config's images.
 * @param sources Config and registry.
 * @param options Whether training images are prepared as the others are.
 * @returns The transforms; `undefined` where the encoder takes no images or the dataset has none.
 * @throws {ConfigError} if a policy is not registered or does not fit.
 */
export function imageTransforms(
  { config, registry }: BuildSources<ModelConfig>,
  { evalForTrain = false }: ImageOptions = {},
): ImageTransforms | undefined {
  const preprocessing = preprocessingOf(config, registry);
  const augmentation = config.data.augmentation as AugmentationConfig | undefined;
  if (preprocessing === undefined || augmentation === undefined) return undefined;
  const { dataset } = config.data;
  const transform = (use: "train" | "test") =>
    createPolicy(use, { augmentation, dataset, preprocessing, registry });
  const evaluation = transform("test");
  return { eval: evaluation, train: evalForTrain ? evaluation : transform("train") };
}

/**
 * What the selected encoder expects of images, where it takes any; without trained weights what the
 * dataset says of its images, as far as the encoder says nothing.
 */
function preprocessingOf(config: ModelConfig, registry: Registry): Preprocessing | undefined {
  const { plugin, options } = selectedPlugin(config, "encoder_type", registry);
  const preprocess = () => (plugin as EncoderPlugin).preprocessing?.(options);
  const expected = new Guard(plugin).call("preprocessing", preprocess);
  if (expected?.nominalSize === undefined) return expected;
  const own = ownPreprocessing(config, registry);
  const imageSize = expected.imageSize ?? own?.imageSize ?? expected.nominalSize;
  return { ...own, ...expected, imageSize };
}

function ownPreprocessing(config: ModelConfig, registry: Registry) {
  const { plugin, options } = selectedPlugin(config, "dataset", registry);
  const preprocess = () => (plugin as DatasetPlugin).preprocessing?.(options);
  return new Guard(plugin).call("preprocessing", preprocess);
}

interface PolicySources {
  readonly augmentation: AugmentationConfig;
  readonly dataset: string;
  readonly preprocessing: Preprocessing;
  readonly registry: Registry;
}

function createPolicy(use: "train" | "test", sources: PolicySources): ImageTransform {
  const { augmentation, registry } = sources;
  const path = `${SECTION}.${use}_policy`;
  const key = augmentation[`${use}_policy`] ?? String(SLOTS.policy.defaultKey);
  if (!registry.has("policy", key)) {
    const known = registry.list("policy");
    const choices = describeChoices(known.map(quote));
    const hint = whyAbsent("policy", key) ?? didYouMean(key, known);
    throw new ConfigError([expectedIssue(path, choices, key, hint)]);
  }
  const plugin = registry.get("policy", key);
  const given = policyArguments(plugin as Plugin, use, sources);
  const transform = createFrom(plugin, given.options, given.context, path);
  given.requireUsed();
  if (use === "train" || !isRandom(transform)) return transform;
  throw new ConfigError([expectedIssue(path, "a policy without random changes", key)]);
}
