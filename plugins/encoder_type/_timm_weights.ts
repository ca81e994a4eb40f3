/** From a file of weights to the values of a timm model's parameters. */
import { DataError } from "../../engine/errors.ts";
import { formatShape, sameShape } from "../../engine/ir/dims.ts";
import { adaptInputChannels } from "../../engine/nn/vision/input_channels.ts";
import { resampleValues } from "../../engine/nn/vision/position_embedding.ts";
import { resampleRelativePositions } from "../../engine/nn/vision/relative_positions.ts";
import type { VisionModel } from "../../engine/nn/vision/vision_model.ts";
import type { Parameter } from "../../engine/nn/scope.ts";
import { type FloatTensor, readFloat32 } from "../../engine/storage/tensor_types.ts";
import { WeightsFile } from "../../engine/storage/weights_file.ts";
import {
  matchWeights,
  type NamedTensor,
  unusedNotice,
  type WantedParameter,
} from "../../engine/storage/weights_match.ts";
import { withAddedPosition } from "./_register_positions.ts";
import { timmNames } from "./_timm_names.ts";
import { isSwinBuffer, swinFileNames } from "./_timm_swin.ts";
import type { Family } from "./_timm_table.ts";
import { withJoinedAttention } from "./_transformers_weights.ts";

/** What weights are for. */
export interface WeightsTarget {
  /** Parameters of the model, under timm's names. */
  readonly parameters: readonly Parameter[];
  /** The model. */
  readonly model: VisionModel;
  /** Its family. */
  readonly family: Family;
  /** File that the weights come from. */
  readonly file: string;
  /** Dictionary or beginning of names in the file; `null` finds the one that fits. */
  readonly key: string | null;
}

/** Weights that fit a model. */
export interface MatchedWeights {
  /** Values by name of the parameter; what is absent keeps its initial values. */
  readonly values: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/** First layers, which see the images' channels. */
const FIRST_LAYERS = [
  "patch_embed.proj.weight",
  "conv1.weight",
  "conv1.0.weight",
  "stem.0.weight",
  "conv_stem.weight",
];
/** What stands behind the features: classifiers, their pooling. */
const BEYOND = /^(?:head|head_dist|fc|classifier|cls_head|fc_norm|attn_pool|pooler|pre_logits)\./;
/** What stands behind the maps of a ConvNeXt under its authors' names. */
const BEYOND_MAPS = /^norm\./;

/**
 * Reads the values of a model's parameters. Positions of another grid or window are resampled,
 * kernels for three channels are adapted, and what belongs to a classifier is passed over.
 * @param target Parameters, model and file.
 * @throws {DataError} if the file cannot be read, or a tensor is missing or has another shape.
 */
export function readWeights(target: WeightsTarget): MatchedWeights {
  const { parameters, model, family, key } = target;
  using file = WeightsFile.open(target.file);
  const weights = family === "vision_transformer"
    ? withAddedPosition(withJoinedAttention(file))
    : file;
  const inFile = family.startsWith("swin") ? swinFileNames(file) : (name: string) => name;
  const { found, unused, notices } = matchWeights(weights, {
    parameters: parameters.map(({ name, shape }) => ({ name: inFile(name), shape })),
    key,
    keyOption: "model.encoder.weights_key",
    names: (name) => timmNames(family, name),
    fits: (shape, parameter) => plan(shape, parameter, model) !== undefined,
    // Where only the pooled tokens were normalised, the norm of all tokens is new, as in timm.
    optional: (name, has) =>
      name.startsWith("norm.") && has("fc_norm.weight") && !has("norm.weight"),
  });
  const values = new Map<string, Float32Array<ArrayBuffer>>();
  for (const parameter of parameters) {
    const given = found.get(inFile(parameter.name));
    if (given) values.set(parameter.name, valuesOf(given, parameter, target));
  }
  const left = unused.filter(({ bare }) =>
    !BEYOND.test(bare) && !(family === "convnext" && BEYOND_MAPS.test(bare)) && !isSwinBuffer(bare)
  );
  return {
    values,
    notices: [
      ...notices,
      ...values.size < parameters.length
        ? [`"${target.file}" has no norm of all tokens: it begins as the identity`]
        : [],
      ...unusedNotice(left, { file: target.file, taker: "encoder" }),
    ],
  };
}

/** A tensor's values in the shape of the parameter. */
function valuesOf(
  { name, tensor }: NamedTensor,
  parameter: Parameter,
  { model, file }: WeightsTarget,
): Float32Array<ArrayBuffer> {
  const adapt = plan(tensor.shape, parameter, model);
  if (adapt !== undefined) return adapt(readFloat32(tensor, name)).data;
  const state = `tensor "${name}" has the shape ${formatShape(tensor.shape)}`;
  throw new DataError(
    `Cannot load weights from "${file}": ${state}, the model wants ${formatShape(parameter.shape)}`,
    { file, dataset: name },
  );
}

/** What a tensor goes through to become a parameter; `undefined` if nothing makes it fit. */
function plan(
  from: readonly number[],
  { name, shape }: WantedParameter,
  model: VisionModel,
): ((tensor: FloatTensor) => FloatTensor) | undefined {
  if (sameShape(withoutOnes(from), withoutOnes(shape))) return ({ data }) => ({ shape, data });
  if (FIRST_LAYERS.includes(name) && from[1] === 3 && shape[1] !== 3) {
    const adapted = [from[0], shape[1], ...from.slice(2)];
    return sameShape(adapted, shape) ? (tensor) => adaptInputChannels(tensor, shape[1]) : undefined;
  }
  const window = windowOf(name, model);
  if (window && from[1] === shape[1]) {
    const side = (Math.sqrt(from[0]) + 1) / 2;
    if (!Number.isInteger(side)) return undefined;
    return ({ data }) => ({
      shape,
      data: resampleRelativePositions(data, { from: side, to: window }),
    });
  }
  if (name !== "pos_embed" || !model.positions || from[2] !== shape[2]) return undefined;
  const { grid, prefixTokens } = model.positions;
  const side = Math.sqrt(from[1] - prefixTokens);
  if (!Number.isInteger(side)) return undefined;
  return ({ data }) => ({
    shape,
    data: resampleValues(data, { from: [side, side], to: grid, prefixTokens }),
  });
}

/** The window that a table of relative positions is for. */
function windowOf(name: string, { windows }: VisionModel): readonly [number, number] | undefined {
  const [, attention] = /^(.*)\.relative_position_bias_table$/.exec(name) ?? [];
  return windows?.get(attention);
}

/** Linear maps may be stored as convolutions of one pixel, and the other way round. */
function withoutOnes(shape: readonly number[]): readonly number[] {
  return shape.filter((size) => size !== 1);
}
