/**
 * timm's ConvNeXt (Liu et al. 2022) and ConvNeXt V2 (Woo et al. 2023).
 * @module
 */
import type { Layer, Scope } from "../scope.ts";
import { convNeXtBlock, type ConvNeXtOptions } from "./_convnext_blocks.ts";
import { ArgumentReader } from "./arguments.ts";
import { conv2d } from "./convolution.ts";
import { makeDivisible } from "./make_divisible.ts";
import { dropPathRates } from "./drop_path.ts";
import { TRUNCATED_NORMAL } from "./mlp.ts";
import {
  layerNorm,
  layerNorm2d,
  type NormLayer,
  rmsNorm,
  rmsNorm2d,
  simpleNorm,
  simpleNorm2d,
} from "./norms.ts";
import type { VisionArchitecture, VisionModel } from "./vision_model.ts";

/** Norms over the last axis and over the channels of maps; one name stands for both. */
const NORMS: Readonly<Record<string, readonly [NormLayer, NormLayer]>> = {
  layernorm: [layerNorm, layerNorm2d],
  layernorm2d: [layerNorm, layerNorm2d],
  rmsnorm: [rmsNorm, rmsNorm2d],
  rmsnorm2d: [rmsNorm, rmsNorm2d],
  simplenorm: [simpleNorm, simpleNorm2d],
  simplenorm2d: [simpleNorm, simpleNorm2d],
};

/** What the layers before the stages are made of. */
interface StemOptions {
  readonly channels: number;
  readonly width: number;
  readonly type: "patch" | "overlap" | "overlap_tiered" | "overlap_act";
  readonly patchSize: number;
}

/** Declares patches, or two overlapping convolutions that halve the maps each. */
function stem(scope: Scope, options: StemOptions, common: ConvNeXtOptions): Layer {
  const { channels, width, type, patchSize } = options;
  const { activation, convBias, mapNorm } = common;
  const weights = { ...TRUNCATED_NORMAL, bias: convBias };
  if (type === "patch") {
    const window = { kernel: patchSize, stride: patchSize };
    const patches = conv2d(scope.child("0"), {
      inputs: channels,
      outputs: width,
      ...window,
      ...weights,
    });
    const norm = mapNorm(scope.child("1"), width);
    return (x, context) => norm(patches(x, context), context);
  }
  const between = type === "overlap_tiered" ? makeDivisible(Math.floor(width / 2)) : width;
  const window = { kernel: 3, stride: 2, padding: 1 };
  const act = type === "overlap_act";
  const place = (index: number) => scope.child(`${act && index > 0 ? index + 1 : index}`);
  const first = conv2d(place(0), { inputs: channels, outputs: between, ...window, ...weights });
  const second = conv2d(place(1), { inputs: between, outputs: width, ...window, ...weights });
  const norm = mapNorm(place(2), width);
  return (x, context) => {
    const half = first(x, context);
    return norm(second(act ? activation(half) : half, context), context);
  };
}

/** Declares what leads from one stage to the next: a norm, and a convolution that halves maps. */
function downsample(
  scope: Scope,
  [inputs, outputs]: readonly [number, number],
  { convBias, mapNorm }: ConvNeXtOptions,
): Layer {
  const norm = mapNorm(scope.child("0"), inputs);
  const window = { kernel: 2, stride: 2 };
  const convolution = conv2d(scope.child("1"), {
    inputs,
    outputs,
    ...window,
    ...TRUNCATED_NORMAL,
    bias: convBias,
  });
  return (x, context) => convolution(norm(x, context), context);
}

/** Reads what all blocks have in common. */
function readOptions(args: ArgumentReader): ConvNeXtOptions {
  const [norm, mapNorm] = args.named("norm_layer", NORMS, "layernorm");
  const eps = args.optionalNumber("norm_eps");
  const withEps = (layer: NormLayer): NormLayer => (scope, channels, options) =>
    layer(scope, channels, { eps, ...options });
  return {
    norm: withEps(norm),
    mapNorm: withEps(mapNorm),
    activation: args.activation("act_layer", "gelu"),
    convMlp: args.boolean("conv_mlp", false),
    convBias: args.boolean("conv_bias", true),
    responseNorm: args.boolean("use_grn", false),
    layerScale: args.optionalNumber("ls_init_value", 1e-6),
  };
}

/** Reads the windows of the stages: odd, so that maps keep their size. */
function readKernels(args: ArgumentReader): readonly number[] {
  const value = args.raw("kernel_sizes") ?? 7;
  const sizes: readonly unknown[] = Array.isArray(value) ? value : Array(4).fill(value);
  const odd = sizes.filter((size): size is number =>
    typeof size === "number" && size > 0 && size % 2 === 1
  );
  if (odd.length !== 4 || sizes.length !== 4) {
    throw args.refuse("kernel_sizes", "an odd integer or 4 of them");
  }
  return odd;
}

/** Reads the stem. Stages halve maps that are less than 32 times smaller than images. */
function readStem(args: ArgumentReader, channels: number, width: number): StemOptions {
  const types = ["patch", "overlap", "overlap_tiered", "overlap_act"] as const;
  const patchSize = args.integer("patch_size", 4);
  if (patchSize > 7) throw args.refuse("patch_size", "an integer of at most 7");
  args.only("output_stride", 32);
  return { channels, width, patchSize, type: args.choice("stem_type", types, "patch") };
}

/** Refuses images of which halving leaves nothing. */
function expectImages(images: readonly number[], smallest: number): void {
  if (Math.min(...images) >= smallest) return;
  throw new RangeError(
    `expected images of at least ${smallest} by ${smallest} for convnext, received ${
      images.join(" by ")
    }`,
  );
}

/**
 * Declares timm's ConvNeXt up to its maps.
 * @param kwargs timm's arguments.
 * @param context Scope and shape of the images.
 * @returns A model whose output is what timm's `forward_features` gives.
 * @throws {RangeError} if an argument or its value is not supported.
 *
 * @example A small one
 * ```ts
 * import { Parameters } from "@glovita/glovita/nn";
 * import { convnext } from "@glovita/glovita/vision";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const context = { scope: parameters.scope(), sampleShape: [3, 64, 64] };
 * const model = convnext({ depths: [1, 1, 1, 1], dims: [8, 16, 24, 32] }, context);
 * assertEquals(model.embedDim, 32);
 * assertEquals(parameters.list()[0].name, "stem.0.weight");
 * ```
 *
 * @category Architectures
 */
export const convnext: VisionArchitecture = (kwargs, { scope, sampleShape }): VisionModel => {
  const [channels, ...images] = sampleShape;
  const args = new ArgumentReader("convnext", kwargs);
  const inChannels = args.integer("in_chans", 3);
  if (inChannels !== channels) {
    throw args.refuse("in_chans", `${channels}, the channels of the images`, inChannels);
  }
  const depths = args.integers("depths", [3, 3, 9, 3]);
  const widths = args.integers("dims", [96, 192, 384, 768]);
  const kernels = readKernels(args);
  const options = readOptions(args);
  const first = readStem(args, channels, widths[0]);
  const rate = args.rate("drop_path_rate");
  const normFirst = args.boolean("head_norm_first", false);
  args.ignore("num_classes", "global_pool", "drop_rate", "head_init_scale", "head_hidden_size");
  args.finish();
  const halves = first.type === "patch" && first.patchSize === 2;
  expectImages(images, halves ? 32 : first.type === "patch" ? 8 * first.patchSize : 29);

  const layers = [stem(scope.child("stem"), first, options)];
  const rates = [...dropPathRates(rate, depths.reduce((sum, depth) => sum + depth))];
  for (const [stage, width] of widths.entries()) {
    const place = scope.child(`stages.${stage}`);
    if (stage > 0 || halves) {
      const before = widths[Math.max(stage - 1, 0)];
      layers.push(downsample(place.child("downsample"), [before, width], options));
    }
    for (let index = 0; index < depths[stage]; index++) {
      const sizes = { width, kernel: kernels[stage], dropPath: rates.shift()! };
      layers.push(convNeXtBlock(place.child(`blocks.${index}`), sizes, options));
    }
  }
  if (normFirst) layers.push(options.mapNorm(scope.child("norm_pre"), widths[3]));
  return {
    output: "map",
    embedDim: widths[3],
    forward: (images, context) => layers.reduce((x, layer) => layer(x, context), images),
  };
};
