/**
 * The encoders of timm: vision transformers, EVA and DINOv3, ResNets, ConvNeXts, EfficientNets and
 * Swin Transformers by timm's names and arguments.
 * Importing this module adds `timm` to the `encoder_type` slot.
 * @module
 */
import { DataError } from "../../engine/errors.ts";
import { findWeights } from "../../engine/hub/weights.ts";
import { Parameters } from "../../engine/nn/scope.ts";
import { ArgumentReader } from "../../engine/nn/vision/arguments.ts";
import { convnext } from "../../engine/nn/vision/convnext.ts";
import { eva } from "../../engine/nn/vision/eva.ts";
import { efficientnet } from "../../engine/nn/vision/efficientnet.ts";
import { resnet } from "../../engine/nn/vision/resnet.ts";
import { swinTransformer, swinTransformerV2 } from "../../engine/nn/vision/swin_transformer.ts";
import type { VisionArchitecture } from "../../engine/nn/vision/vision_model.ts";
import { visionTransformer } from "../../engine/nn/vision/vision_transformer.ts";
import { count, flag, map, options, path, text } from "../../registry/options/mod.ts";
import type { EncoderPlugin, PretrainedOptions, PretrainedWeights } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { type Family, type TimmModel, timmModel } from "./_timm_table.ts";
import { readWeights } from "./_timm_weights.ts";
import { timmNames } from "./_timm_names.ts";

/**
 * Config of the `timm` encoder.
 * @category Encoders
 */
export interface TimmConfig {
  /** Name of the model, with or without the tag of its weights. @default {"vit_base_patch16_224"} */
  readonly type: string;
  /** Whether to start from the weights of the tag. @default {true} */
  readonly pretrained: boolean;
  /** Channels of the images. @default {3} */
  readonly input_channels: number;
  /** timm's constructor arguments, which win over those of the model. @default {{}} */
  readonly model_kwargs: Readonly<Record<string, unknown>>;
  /** File of weights to start from, instead of those of the tag. @default {null} */
  readonly weights_file: string | null;
  /**
   * Dictionary in that file, or beginning of its names; `null` finds the one that fits.
   * @default {null}
   */
  readonly weights_key: string | null;
}

/** Says what is wrong with a name that timm does not know, at the place of the name. */
function checkType(type: string): string | undefined {
  try {
    timmModel(type);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return error.message;
  }
}

const config = options<TimmConfig>({
  type: text(
    "vit_base_patch16_224",
    "name of the model in timm, with or without the tag of its weights",
    { check: checkType },
  ),
  pretrained: flag(true, "start from the weights of the tag"),
  input_channels: count(3, "channels of the images"),
  model_kwargs: map({}, "timm's constructor arguments, which win over those of the model"),
  weights_file: path(
    null,
    "safetensors or torch file to start from, instead of the tag's weights",
  ),
  weights_key: text(
    null,
    "dictionary in that file, or beginning of its names, that holds the weights",
  ),
});

const ARCHITECTURES: Readonly<Record<Family, VisionArchitecture>> = {
  convnext,
  eva,
  efficientnet,
  resnet,
  swin_transformer: swinTransformer,
  swin_transformer_v2: swinTransformerV2,
  vision_transformer: visionTransformer,
};

/** Families whose windows depend on the size of the images. */
const SWIN: readonly Family[] = ["swin_transformer", "swin_transformer_v2"];

/**
 * Models of timm up to `forward_features`. As in GloViTa, tokens come out normalised whatever
 * pooling the model's classifier has. Images of greyscale are normalised by the mean of the three
 * channels' means and standard deviations, for which timm has no rule. Without trained weights it
 * asks for nothing but its `img_size`, if that is given: images are as the dataset and the policy have
 * them, such as 32 pixels of CIFAR.
 *
 * @example A ResNet for greyscale images
 * ```ts
 * import { timm } from "@glovita/glovita";
 * import { Parameters } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const options = { type: "resnet18", pretrained: false, input_channels: 1 };
 * const parameters = new Parameters();
 * const context = { scope: parameters.scope(), sampleShape: [1, 224, 224], source: "images" };
 * const { output, embedDim } = await timm.create(v.parse(timm.config, options), context);
 * assertEquals([output, embedDim], ["map", 512]);
 * assertEquals(parameters.list()[0].shape, [64, 1, 7, 7]); // of the first convolution
 * ```
 *
 * @category Encoders
 */
export const timm: EncoderPlugin<TimmConfig> = {
  slot: "encoder_type",
  key: "timm",
  description: "vision transformers, EVA, DINOv3, ResNets, ConvNeXts, EfficientNets and Swin " +
    "Transformers under timm's names",
  config,
  preprocessing({ type, input_channels, model_kwargs, pretrained, weights_file }) {
    const { preprocessing, family } = timmModel(type);
    const { imageSize, mean, std } = preprocessing;
    const size = new ArgumentReader(family, model_kwargs).size("img_size", imageSize[0]);
    const channels = input_channels;
    if (!pretrained && weights_file === null) {
      const given = model_kwargs.img_size !== undefined;
      return { channels, nominalSize: size, ...(given && { imageSize: size }) };
    }
    return {
      ...preprocessing,
      channels,
      imageSize: size,
      mean: forChannels(mean, input_channels),
      std: forChannels(std, input_channels),
    };
  },
  create(config, { scope, sampleShape, source }) {
    const model = timmModel(config.type);
    if (config.weights_file === null && config.pretrained && !model.repository) {
      throw new RangeError(
        `expected pretrained to be false, there are no weights of "${model.name}.${model.tag}"`,
      );
    }
    if (config.weights_key !== null && config.weights_file === null) {
      throw new RangeError("expected weights_file to be given with weights_key");
    }
    checkSamples(sampleShape, config.input_channels, source);
    const architecture = ARCHITECTURES[model.family];
    const kwargs = argumentsOf(model, config, sampleShape);
    const encoder = {
      ...withOnnxHint(config, () => architecture(kwargs, { scope, sampleShape })),
      otherNames: (name: string) => timmNames(model.family, name),
    };
    if (config.weights_file === null && !config.pretrained) return encoder;
    return {
      ...encoder,
      async pretrained(options) {
        const { file, sha256 } = await weightsOf(model, config, options);
        const parameters = new Parameters();
        architecture(kwargs, { scope: parameters.scope(), sampleShape });
        const target = {
          ...{ parameters: parameters.list(), model: encoder, family: model.family },
          ...{ file, key: config.weights_key },
        };
        return { ...readWeights(target), file, sha256 };
      },
    };
  },
};

/** Builds a model, and says how else to use it where it is the model that is not supported. */
function withOnnxHint<T>({ model_kwargs }: TimmConfig, build: () => T): T {
  try {
    return build();
  } catch (error) {
    const ofModel = error instanceof RangeError && error.message.startsWith("expected argument") &&
      Object.keys(model_kwargs).length === 0;
    const way = "export it to an ONNX file in Python and use encoder_type onnx with that file";
    throw ofModel ? new RangeError(`${error.message}: ${way}`) : error;
  }
}

/** Statistics of three channels as they are for three, else their mean for every channel. */
function forChannels(values: readonly number[], channels: number): readonly number[] {
  if (channels === values.length) return values;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Array(channels).fill(mean);
}

function checkSamples(sampleShape: readonly number[], channels: number, source: string): void {
  if (sampleShape.length === 3 && sampleShape[0] === channels) return;
  throw new DataError(
    `Cannot use "${source}": its samples are ${sampleShape.join("×")}, the encoder takes ` +
      `images of ${channels} channels`,
    { file: source },
  );
}

/**
 * Arguments of the architecture. Transformers are made for the images that come, unless `img_size`
 * is given, or `dynamic_img_size`, with which they keep the grid that their weights have. The
 * classifier's arguments do not matter, and without pooling tokens are always normalised.
 */
function argumentsOf(
  { family, kwargs, pretrainedKwargs, preprocessing }: TimmModel,
  { input_channels, model_kwargs, pretrained }: TimmConfig,
  sampleShape: readonly number[],
): Readonly<Record<string, unknown>> {
  const { global_pool: _, num_classes: __, in_chans = input_channels, ...given } = model_kwargs;
  if (in_chans !== input_channels) {
    throw new RangeError(
      `expected model_kwargs.in_chans to be input_channels, ${input_channels}, ` +
        `received ${JSON.stringify(in_chans)}`,
    );
  }
  const named = pretrained ? { ...kwargs, ...pretrainedKwargs } : kwargs;
  const all: Readonly<Record<string, unknown>> = { ...named, ...given, in_chans };
  if (SWIN.includes(family)) return { ...all, img_size: given.img_size ?? sampleShape.slice(1) };
  if (family !== "vision_transformer" && family !== "eva") return all;
  const learned = all.dynamic_img_size === true ? preprocessing.imageSize : sampleShape.slice(1);
  return { ...all, img_size: given.img_size ?? learned, global_pool: "" };
}

async function weightsOf(
  { repository }: TimmModel,
  { weights_file }: TimmConfig,
  options: PretrainedOptions,
): Promise<Pick<PretrainedWeights, "file" | "sha256">> {
  if (weights_file !== null) return { file: weights_file };
  return await findWeights({ repository: repository!, ...options });
}

registry.add(timm);
