/** From a file of weights to the values of a timm model's parameters. */
import { DataError } from "../../engine/errors.ts";
import { formatShape, sameShape } from "../../engine/ir/dims.ts";
import { adaptInputChannels } from "../../engine/nn/vision/input_channels.ts";
import { resampleValues } from "../../engine/nn/vision/position_embedding.ts";
import type { VisionModel } from "../../engine/nn/vision/vision_model.ts";
import type { Parameter } from "../../engine/nn/scope.ts";
import type { FloatTensor } from "../../engine/storage/tensor_types.ts";

/** What weights are for. */
export interface WeightsTarget {
  /** Parameters of the model, under timm's names. */
  readonly parameters: readonly Parameter[];
  /** The model. */
  readonly model: VisionModel;
  /** File that the weights come from, for messages. */
  readonly file: string;
}

/** Weights that fit a model. */
export interface MatchedWeights {
  /** Values by name of the parameter; what is absent keeps its initial values. */
  readonly values: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/** What GloViTa's checkpoints and OpenCLIP put before timm's names. */
const PREFIX = /^(?:encoder\.model\.|model\.|visual\.trunk\.)/;
/** First layers, which see the images' channels. */
const FIRST_LAYERS = ["patch_embed.proj.weight", "conv1.weight", "conv1.0.weight", "stem.0.weight"];
/** What stands behind the features: classifiers, their pooling; and counters of training steps. */
const BEYOND = /^(?:head|fc|cls_head|fc_norm|attn_pool|pre_logits)\.|\.num_batches_tracked$/;
/** How many tensors without a place are named. */
const NAMED = 3;

/**
 * Finds the values of a model's parameters. Position embeddings of another grid are resampled,
 * kernels for three channels are adapted, and what belongs to a classifier is passed over.
 * @param tensors The file's tensors by name.
 * @param target Parameters, model and file.
 * @throws {DataError} if a tensor is missing or has another shape.
 */
export function matchWeights(
  tensors: ReadonlyMap<string, FloatTensor>,
  target: WeightsTarget,
): MatchedWeights {
  const known = new Map([...tensors].map(([name, tensor]) => [name.replace(PREFIX, ""), tensor]));
  // Where only the pooled tokens were normalised, the norm of all tokens is new, as in timm.
  const freshNorm = known.has("fc_norm.weight") && !known.has("norm.weight");
  const values = new Map<string, Float32Array<ArrayBuffer>>();
  for (const parameter of target.parameters) {
    const { name } = parameter;
    if (freshNorm && name.startsWith("norm.")) continue;
    values.set(name, valuesOf(known.get(name), parameter, target));
  }
  const unused = [...known.keys()].filter((name) => !values.has(name) && !BEYOND.test(name));
  const notices = [
    ...freshNorm ? [`"${target.file}" has no norm of all tokens: it begins as the identity`] : [],
    ...unused.length > 0 ? [unusedNotice(unused, target.file)] : [],
  ];
  return { values, notices };
}

function unusedNotice(unused: readonly string[], file: string): string {
  const names = unused.slice(0, NAMED).map((name) => `"${name}"`).join(", ");
  const rest = unused.length > NAMED ? ", …" : "";
  return `the encoder has no place for ${unused.length} of the tensors of "${file}": ${names}${rest}`;
}

/** A tensor's values in the shape of the parameter. */
function valuesOf(
  tensor: FloatTensor | undefined,
  parameter: Parameter,
  { model, file }: WeightsTarget,
): Float32Array<ArrayBuffer> {
  const { name, shape } = parameter;
  const fitted = tensor && fit(tensor, parameter, model);
  if (fitted && sameShape(fitted.shape, shape)) return fitted.data;
  const state = tensor
    ? `tensor "${name}" has the shape ${formatShape(tensor.shape)}`
    : `it has no tensor "${name}"`;
  throw new DataError(
    `Cannot load weights from "${file}": ${state}, the model wants ${formatShape(shape)}`,
    { file, dataset: name },
  );
}

/** Adapts what may differ between models: channels of the images, and the grid of positions. */
function fit(tensor: FloatTensor, { name, shape }: Parameter, model: VisionModel): FloatTensor {
  if (FIRST_LAYERS.includes(name) && tensor.shape[1] === 3 && shape[1] !== 3) {
    return adaptInputChannels(tensor, shape[1]);
  }
  if (name === "pos_embed" && model.positions && tensor.shape[1] !== shape[1]) {
    const { grid, prefixTokens } = model.positions;
    const side = Math.sqrt(tensor.shape[1] - prefixTokens);
    if (!Number.isInteger(side)) return tensor;
    return {
      shape,
      data: resampleValues(tensor.data, { from: [side, side], to: grid, prefixTokens }),
    };
  }
  return tensor;
}
