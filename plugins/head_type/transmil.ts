/**
 * A transformer over a bag's instances, with Nyström attention.
 * Importing this module adds `transmil` to the `head_type` slot.
 * @module
 */
import { constant } from "../../engine/ir/create.ts";
import { add, relu } from "../../engine/ir/elementwise.ts";
import { flatSize } from "../../engine/ir/dims.ts";
import { where } from "../../engine/ir/logic.ts";
import { reshape, transpose, unsqueeze } from "../../engine/ir/layout.ts";
import { gather } from "../../engine/ir/indexing.ts";
import { layerNormalization } from "../../engine/ir/matrix.ts";
import { conv, pad2d } from "../../engine/ir/windows.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { normal, ones, torchDefault, zeros } from "../../engine/nn/initializers.ts";
import type { ForwardContext, Layer, Scope } from "../../engine/nn/scope.ts";
import { count, options, rate } from "../../registry/options/mod.ts";
import type { HeadContext, HeadInput, ModelOutput, Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import {
  attendAll,
  attendClassTokens,
  type Attention,
  declareAttention,
} from "./_transmil_attention.ts";
import { TILE, tiles, type TokenGrid, tokenGrid } from "./_transmil_layout.ts";

/**
 * Config of the `transmil` head.
 * @category Heads
 */
export interface TransmilConfig {
  /** Width of the tokens. @default {512} */
  readonly dim: number;
  /** Heads of attention, which divide the width. @default {8} */
  readonly heads: number;
  /** Landmarks of the Nyström attention. @default {256} */
  readonly num_landmarks: number;
  /** Iterations of the pseudo-inverse. @default {6} */
  readonly pinv_iterations: number;
  /** Dropout rate after attention. @default {0.1} */
  readonly dropout: number;
}

const config = options<TransmilConfig>({
  dim: count(512, "width of the tokens"),
  heads: count(8, "heads of attention, which divide the width"),
  num_landmarks: count(256, "landmarks of the Nyström attention"),
  pinv_iterations: count(6, "iterations of the pseudo-inverse"),
  dropout: rate(0.1, "dropout rate after attention"),
});

/** Added to the variance in the layer normalisations. */
const EPSILON = 1e-5;
/** Sides of the position module's windows, the largest first. */
const WINDOWS = [7, 5, 3];
/** Entries that the largest window reaches beyond a tile. */
const MARGIN = 3;

/** Weight and bias. */
interface Affine {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** Attention and the normalisation before it. */
interface TransLayer {
  readonly norm: Affine;
  readonly attention: Attention;
}

/** The parameters of a head. */
interface Parts {
  readonly config: TransmilConfig;
  readonly project: Layer;
  /** `[dim]`. */
  readonly classToken: Tensor;
  readonly layers: readonly [TransLayer, TransLayer];
  /** Of the position module, all windows as one. */
  readonly position: Affine;
  readonly norm: Affine;
  readonly classifier: Layer;
}

/**
 * Shao et al. 2021, "TransMIL: Transformer based correlated multiple instance learning": a linear
 * layer with ReLU, the instances in a square that repeats the first ones at its end, a class token,
 * two layers of Nyström attention with convolutions on the square between them, and a linear layer
 * over the class token. Parameters are called as in the authors' code.
 *
 * A bag gets the same logits in any batch. The lines of a batch are as long as its longest bag needs:
 * with bags of very different lengths, `dataloading.batch_size` 1 and
 * `training.gradient_accumulation_steps` take the least time and memory.
 *
 * @example A small one
 * ```ts
 * import { buildModel, configure, precomputed, precomputedFeatures, predictionGraph, transmil } from
 *   "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
 * const model = await buildModel([
 *   configure(precomputedFeatures, { num_classes: 3, ...files }),
 *   configure(precomputed, { feature_dim: 1024 }),
 *   configure(transmil, { dim: 64, num_landmarks: 32 }),
 * ], { sampleShape: [1024], bags: true });
 * assertEquals(predictionGraph(model).logits.shape, ["batch", 3]);
 * ```
 *
 * @category Heads
 */
export const transmil: Plugin<"head_type", TransmilConfig> = {
  slot: "head_type",
  key: "transmil",
  description: "a transformer over a bag's instances, with Nyström attention",
  config,
  create(config, context) {
    const { dim, heads } = config;
    if (dim % heads !== 0) {
      throw new RangeError(`expected heads that divide dim ${dim}, received ${heads}`);
    }
    const parts = declare(config, context);
    return { input: "bag", forward: (input, mode) => forward(parts, input, mode) };
  },
};

function declare(config: TransmilConfig, { scope, embedDim, numClasses }: HeadContext): Parts {
  const { dim } = config;
  const layer = (name: string): TransLayer => ({
    norm: declareNorm(scope.child(`${name}.norm`), dim),
    attention: declareAttention(scope.child(`${name}.attn`), config),
  });
  return {
    config,
    position: declarePosition(scope.child("pos_layer"), dim),
    project: scope.linear("_fc1.0", embedDim, dim),
    classToken: reshape(scope.parameter("cls_token", [1, 1, dim], normal(1)), [dim]),
    layers: [layer("layer1"), layer("layer2")],
    norm: declareNorm(scope.child("norm"), dim),
    classifier: scope.linear("_fc2", dim, numClasses),
  };
}

function declareNorm(scope: Scope, dim: number): Affine {
  return {
    weight: scope.parameter("weight", [dim], ones),
    bias: scope.parameter("bias", [dim], zeros),
  };
}

/** Convolutions of three window sizes and the identity, added up to one convolution. */
function declarePosition(scope: Scope, dim: number): Affine {
  const largest = WINDOWS[0];
  const center = new Float32Array(largest * largest);
  center[(center.length - 1) / 2] = 1;
  let weight = constant(center, [1, 1, largest, largest]);
  let bias: Tensor | undefined;
  for (const [index, size] of WINDOWS.entries()) {
    const place = scope.child(index === 0 ? "proj" : `proj${index}`);
    const initializer = torchDefault(size * size);
    const each = place.parameter("weight", [dim, 1, size, size], initializer);
    const shift = place.parameter("bias", [dim], initializer);
    weight = add(pad2d(each, (largest - size) / 2), weight);
    bias = bias ? add(bias, shift) : shift;
  }
  return { weight, bias: bias! };
}

function forward(
  parts: Parts,
  { features, bags }: HeadInput,
  context: ForwardContext,
): ModelOutput {
  if (!bags) throw new TypeError("Cannot apply transmil: the features come without bags");
  const { config: { dim, num_landmarks }, layers: [first, second], norm } = parts;
  const grid = tokenGrid(bags, num_landmarks);
  const projected = relu(parts.project(gather(features, grid.row), context));
  const tokens = where(unsqueeze(grid.isInstance, [2]), projected, parts.classToken);
  const attended = add(
    tokens,
    attendAll(first.attention, normalized(tokens, first, grid), grid, context),
  );
  const placed = addPositions(attended, parts.position, grid);
  const whole = normalized(placed, second, grid);
  const flat = reshape(placed, [flatSize(placed.shape.slice(0, 2)), dim]);
  const classTokens = add(
    gather(flat, grid.classToken),
    attendClassTokens(second.attention, whole, grid, context), // nothing else reads other tokens
  );
  const final = layerNormalization(classTokens, norm.weight, norm.bias, EPSILON);
  return { logits: parts.classifier(final, context) };
}

/** Tokens normalised, and zeros where there is none. */
function normalized(x: Tensor, { norm }: TransLayer, { isToken }: TokenGrid): Tensor {
  const all = layerNormalization(x, norm.weight, norm.bias, EPSILON);
  return where(unsqueeze(isToken, [2]), all, 0);
}

/** The position module: convolutions over each bag's square, which leave class tokens alone. */
function addPositions(x: Tensor, { weight, bias }: Affine, grid: TokenGrid): Tensor {
  const [bags, tokens, dim] = x.shape;
  const { places, inside, entry } = tiles(grid, MARGIN);
  const flat = reshape(x, [flatSize([bags, tokens]), dim]);
  const squares = where(unsqueeze(inside, [3]), gather(flat, places), 0); // [tiles, size, size, dim]
  const options = { bias, groups: Number(dim) };
  const convolved = transpose(conv(transpose(squares, [0, 3, 1, 2]), weight, options), [
    0,
    2,
    3,
    1,
  ]);
  const entries = reshape(convolved, [flatSize(["tiles", TILE * TILE]), dim]);
  return where(unsqueeze(grid.isInstance, [2]), gather(entries, entry), x);
}

registry.add(transmil);
