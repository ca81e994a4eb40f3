/**
 * The two-layer networks of transformer blocks: timm's Mlp, GluMlp, SwiGLUPacked and SwiGLU.
 * @module
 */
import { mul } from "../../ir/elementwise.ts";
import { slice } from "../../ir/indexing.ts";
import type { Tensor } from "../../ir/node.ts";
import { type Initializer, normal, ones, truncatedNormal, zeros } from "../initializers.ts";
import type { ForwardContext, Layer, LinearOptions, Scope } from "../scope.ts";
import type { Activation } from "./activations.ts";
import type { NormLayer } from "./norms.ts";

/** Initial values that timm gives the linear layers of vision transformers. */
export const TRUNCATED_NORMAL: LinearOptions = {
  weightInitializer: truncatedNormal(0.02),
  biasInitializer: zeros,
};

/** What the networks of a block are made of. */
export interface MlpOptions {
  /** Width of what comes in and goes out. */
  readonly dim: number;
  /** Width in between. */
  readonly hidden: number;
  /** Function in between; of the gate, where there is one. */
  readonly activation: Activation;
  /** Normalises what goes into the second layer. @default {none} */
  readonly norm?: NormLayer;
  /** Whether the linear layers have biases. */
  readonly bias: boolean;
  /** Dropout rate after each layer, in training. */
  readonly drop: number;
  /** Whether a gate starts almost closed, or as the other layers do. @default {true} */
  readonly closedGate?: boolean;
  /** Standard deviation of the initial weights of the second layer. @default {0.02} */
  readonly outputStd?: number;
}

/** Declares the parameters of a network of a block, directly in the scope. */
export type MlpLayer = (scope: Scope, options: MlpOptions) => Layer;

/** A gate starts almost closed: weights near zero, biases one. */
const GATE: LinearOptions = { weightInitializer: normal(1e-6), biasInitializer: ones };

function gateOf({ closedGate = true }: MlpOptions): LinearOptions {
  return closedGate ? GATE : TRUNCATED_NORMAL;
}

/** Different initial values for the first and the second half of the rows. */
function halves(first: Initializer, second: Initializer): Initializer {
  return ([rows, ...rest], random) => {
    const shape = [rows / 2, ...rest];
    const values = [first(shape, random), second(shape, random)];
    const joined = new Float32Array(values[0].length * 2);
    joined.set(values[0]);
    joined.set(values[1], values[0].length);
    return joined;
  };
}

function dropout(x: Tensor, rate: number, context: ForwardContext): Tensor {
  return context.training ? context.random.dropout(x, rate) : x;
}

/** What all networks share: dropout, `norm`, `fc2` and dropout again. */
function secondLayer(scope: Scope, options: MlpOptions, hidden: number): Layer {
  const { dim, norm: normLayer, bias, drop, outputStd = 0.02 } = options;
  const norm = normLayer?.(scope.child("norm"), hidden);
  const weightInitializer = truncatedNormal(outputStd);
  const fc2 = scope.linear("fc2", hidden, dim, { ...TRUNCATED_NORMAL, weightInitializer, bias });
  return (x, context) => {
    const kept = dropout(x, drop, context);
    return dropout(fc2(norm?.(kept, context) ?? kept, context), drop, context);
  };
}

/** `fc2(norm(act(fc1(x))))`. */
export const mlp: MlpLayer = (scope, options): Layer => {
  const { dim, hidden, activation, bias } = options;
  const fc1 = scope.linear("fc1", dim, hidden, { ...TRUNCATED_NORMAL, bias });
  const second = secondLayer(scope, options, hidden);
  return (x, context) => second(activation(fc1(x, context)), context);
};

/** A linear layer whose output is cut in halves, one gating the other. */
function gated(gate: "first" | "last"): MlpLayer {
  return (scope, options) => {
    const { dim, hidden, activation, bias } = options;
    if (hidden % 2 !== 0) {
      throw new RangeError(
        `expected argument "mlp_ratio" to give a gated network an even width, received ${hidden}`,
      );
    }
    // timm starts the second half as the gate in both cases.
    const { weightInitializer, biasInitializer } = gateOf(options);
    const fc1 = scope.linear("fc1", dim, hidden, {
      bias,
      weightInitializer: halves(TRUNCATED_NORMAL.weightInitializer!, weightInitializer!),
      biasInitializer: halves(zeros, biasInitializer!),
    });
    const second = secondLayer(scope, options, hidden / 2);
    return (x, context) => {
      const both = fc1(x, context);
      const axis = both.shape.length - 1;
      const first = slice(both, axis, 0, hidden / 2);
      const last = slice(both, axis, hidden / 2, hidden);
      const product = gate === "last" ? mul(first, activation(last)) : mul(activation(first), last);
      return second(product, context);
    };
  };
}

/** Gated linear unit (Shazeer 2020): `fc2(a · act(b))` with a and b the halves of `fc1(x)`. */
export const gluMlp: MlpLayer = gated("last");

/** Like {@linkcode gluMlp}, with `act(a) · b`. */
export const swiGluPacked: MlpLayer = gated("first");

/** `fc2(norm(act(fc1_g(x)) · fc1_x(x)))`. */
export const swiGlu: MlpLayer = (scope, options): Layer => {
  const { dim, hidden, activation, bias } = options;
  const gate = scope.linear("fc1_g", dim, hidden, { ...gateOf(options), bias });
  const value = scope.linear("fc1_x", dim, hidden, { ...TRUNCATED_NORMAL, bias });
  const second = secondLayer(scope, options, hidden);
  return (x, context) => second(mul(activation(gate(x, context)), value(x, context)), context);
};

/** The networks by timm's names. */
export const MLPS: Readonly<Record<string, MlpLayer>> = {
  Mlp: mlp,
  GluMlp: gluMlp,
  SwiGLU: swiGlu,
  SwiGLUPacked: swiGluPacked,
};
