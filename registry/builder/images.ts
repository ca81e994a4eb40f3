/**
 * From a config to what becomes of images: policies, with what `data.augmentation` says and, where
 * it says nothing, what the encoder expects.
 * @module
 */
import { isRandom } from "../../engine/images/transform.ts";
import type { AugmentationConfig } from "../config/augmentation.ts";
import { selectedPlugin } from "../config/selected.ts";
import { expectedIssue, renderIssues } from "../config/issues.ts";
import { optionEntries } from "../config/compose.ts";
import { parseOptions } from "../config/options.ts";
import { describeChoices } from "../config/schema.ts";
import type { ModelConfig } from "../config/tree.ts";
import { ConfigError, didYouMean, quote } from "../errors.ts";
import type {
  DatasetPlugin,
  EncoderPlugin,
  ImageTransform,
  ImageTransforms,
  Plugin,
  PolicyContext,
  Preprocessing,
} from "../plugin.ts";
import type { Registry } from "../registry.ts";
import { SLOTS } from "../slots.ts";
import { type BuildSources, createFrom } from "./create.ts";
import { Guard } from "./guard.ts";

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
  const transform = (use: "train" | "test") =>
    createPolicy(use, { augmentation, preprocessing, registry });
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
  readonly preprocessing: Preprocessing;
  readonly registry: Registry;
}

function createPolicy(
  use: "train" | "test",
  { augmentation, preprocessing, registry }: PolicySources,
): ImageTransform {
  const path = `${SECTION}.${use}_policy`;
  const key = augmentation[`${use}_policy`] ?? String(SLOTS.policy.defaultKey);
  if (!registry.has("policy", key)) {
    const known = registry.list("policy");
    const choices = describeChoices(known.map(quote));
    throw new ConfigError([expectedIssue(path, choices, key, didYouMean(key, known))]);
  }
  const plugin = registry.get("policy", key);
  const options = policyOptions(plugin as Plugin, `${SECTION}.${use}_kwargs`, {
    ...augmentation[`${use}_kwargs`],
  });
  const context = policyContext(augmentation, preprocessing);
  const transform = createFrom(plugin, options, context, path);
  if (use === "train" || !isRandom(transform)) return transform;
  throw new ConfigError([expectedIssue(path, "a policy without random changes", key)]);
}

function policyOptions(plugin: Plugin, path: string, given: Record<string, unknown>): unknown {
  const parsed = parseOptions(plugin, given);
  if (parsed.success) return parsed.output;
  throw new ConfigError(renderIssues(path, optionEntries(plugin), parsed.issues));
}

/** Each field of the config is read by the policies that use it. */
function policyContext(
  augmentation: AugmentationConfig,
  preprocessing: Preprocessing,
): PolicyContext {
  return {
    preprocessing,
    get imageSize() {
      return augmentation.image_size ?? undefined;
    },
    get resizeSize() {
      return augmentation.resize_size ?? undefined;
    },
    get cropSize() {
      return augmentation.crop_size ?? undefined;
    },
    get cutoutSize() {
      return augmentation.cutout_size ?? undefined;
    },
    get mean() {
      return augmentation.mean ?? undefined;
    },
    get std() {
      return augmentation.std ?? undefined;
    },
  };
}
