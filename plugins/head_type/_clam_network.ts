/**
 * The layers of CLAM: from instances to projected features and attention logits, row by row.
 */
import { constant } from "../../engine/ir/create.ts";
import {
  add,
  max,
  mul,
  reciprocal,
  relu,
  sigmoid,
  sqrt,
  tanh,
} from "../../engine/ir/elementwise.ts";
import { reshape, unsqueeze } from "../../engine/ir/layout.ts";
import { gemm, layerNormalization, reduceSum } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { ones, torchDefault, zeros } from "../../engine/nn/initializers.ts";
import type { ForwardContext, Scope } from "../../engine/nn/scope.ts";

/** Sizes of the layers. */
export interface NetworkSizes {
  /** Width of the instances. */
  readonly embed_dim: number;
  /** Width of the projected features. */
  readonly hidden_dim: number;
  /** Width of the attention nets. */
  readonly attention_dim: number;
  /** Attention branches. */
  readonly branches: number;
}

/** Options of the layers, each of which is read where it has an effect. */
export interface NetworkOptions {
  readonly gate: boolean;
  readonly dropout: number;
  readonly feature_prep: boolean;
  readonly l2_normalize_features: boolean;
  readonly layer_norm_eps: number;
}

/** Some rows of the packed matrix of instances. */
export interface Rows {
  /** `[rows, embed_dim]`. */
  readonly features: Tensor;
  /** Which row of the whole matrix each is, `int64 [rows]`. */
  readonly row: Tensor;
}

/** The layers of one graph. Asked twice for the same row, they answer the same. */
export interface Network {
  /** Projected features, `[rows, hidden_dim]`. */
  project(rows: Rows): Tensor;
  /** Attention logits `[rows, branches]` of projected features. */
  attend(projected: Tensor, row: Tensor): Tensor;
}

/** Declares the parameters of the layers, under the names of the reference's state dict. */
export type NetworkBuilder = (context: ForwardContext) => Network;

/** A linear map by its parameters. */
interface Linear {
  /** `[outputs, inputs]`. */
  readonly weight: Tensor;
  /** `[outputs]`. */
  readonly bias: Tensor;
}

/** Square of the smallest norm that features are divided by, 1e-12 as in `F.normalize`. */
const SMALLEST_SQUARE = 1e-24;

function linearParameters(scope: Scope, name: string, inputs: number, outputs: number): Linear {
  const place = scope.child(name);
  const initializer = torchDefault(inputs);
  return {
    weight: place.parameter("weight", [outputs, inputs], initializer),
    bias: place.parameter("bias", [outputs], initializer),
  };
}

function apply(x: Tensor, { weight, bias }: Linear): Tensor {
  return gemm(x, weight, { c: bias, transB: true });
}

/**
 * Declares the parameters.
 * @param scope The head's scope.
 * @param options Switches.
 * @param sizes Sizes.
 */
export function clamNetwork(
  scope: Scope,
  options: NetworkOptions,
  sizes: NetworkSizes,
): NetworkBuilder {
  const { feature_prep, gate, dropout } = options;
  const net = scope.child("attention_net");
  const prep = feature_prep ? prepParameters(net, sizes) : undefined;
  // The reference is a Sequential of prep, Linear, ReLU, Dropout and attention net; what is
  // switched off is left out and moves the numbers of the rest.
  const first = Number(feature_prep);
  const projection = linearParameters(net, `${first}`, sizes.embed_dim, sizes.hidden_dim);
  const place = net.child(`${first + (dropout > 0 ? 3 : 2)}`);
  const attention = gate ? gatedAttention(place, sizes) : plainAttention(place, sizes, dropout);
  const project = prep
    ? preparedLinear(prep, projection, { ...sizes, options })
    : plainLinear(projection);
  return ({ training, random }) => {
    const rows = training && dropout > 0 ? Array.from({ length: 3 }, () => random.rows()) : [];
    const drop: Drop = (x, row, index) =>
      rows.length > 0 ? rows[index].dropout(x, row, dropout) : x;
    return {
      project: ({ features, row }) => drop(relu(project(features)), row, 0),
      attend: (projected, row) => attention(projected, row, drop),
    };
  };
}

/** Dropout number `index` of the network. */
type Drop = (x: Tensor, row: Tensor, index: number) => Tensor;
type Attention = (x: Tensor, row: Tensor, drop: Drop) => Tensor;

/** `c(tanh(a x) ⊙ sigmoid(b x))` (Ilse et al. 2018). */
function gatedAttention(scope: Scope, sizes: NetworkSizes): Attention {
  const { hidden_dim, attention_dim, branches } = sizes;
  const a = linearParameters(scope, "attention_a.0", hidden_dim, attention_dim);
  const b = linearParameters(scope, "attention_b.0", hidden_dim, attention_dim);
  const c = linearParameters(scope, "attention_c", attention_dim, branches);
  return (x, row, drop) => {
    const content = drop(tanh(apply(x, a)), row, 1);
    const gate = drop(sigmoid(apply(x, b)), row, 2);
    return apply(mul(content, gate), c); // [rows, branches]
  };
}

/** `Linear(tanh(Linear x))`. */
function plainAttention(scope: Scope, sizes: NetworkSizes, dropout: number): Attention {
  const { hidden_dim, attention_dim, branches } = sizes;
  const first = linearParameters(scope, "net.0", hidden_dim, attention_dim);
  const last = linearParameters(scope, dropout > 0 ? "net.3" : "net.2", attention_dim, branches);
  return (x, row, drop) => apply(drop(tanh(apply(x, first)), row, 1), last);
}

/** Weight and bias of the layer normalisation, `[embed_dim]`. */
interface Prep {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

function prepParameters(scope: Scope, { embed_dim }: NetworkSizes): Prep {
  const place = scope.child("0.layer_norm");
  return {
    weight: place.parameter("weight", [embed_dim], ones),
    bias: place.parameter("bias", [embed_dim], zeros),
  };
}

function plainLinear(projection: Linear): (x: Tensor) => Tensor {
  return (x) => apply(x, projection);
}

/**
 * Layer normalisation, L2 normalisation and the linear map after them as one.
 *
 * With x̂ the standardised row, z = γ ⊙ x̂ + β and n = z / |z|,
 *
 *     W n + b = ((W diag γ) x̂ + W β) / |z| + b
 *     |z|² = γ² · x̂² + 2 (γ ⊙ β) · x̂ + |β|²
 *
 * so that parameters are folded into each other, not into rows: neither z nor n exists, and the
 * gradients of γ and β follow from that of the folded weight instead of a product as large as the
 * projection itself.
 */
function preparedLinear(
  prep: Prep,
  { weight, bias }: Linear,
  { embed_dim, options }: NetworkSizes & { readonly options: NetworkOptions },
): (x: Tensor) => Tensor {
  const { l2_normalize_features, layer_norm_eps } = options;
  const [unit, none] = [1, 0].map((value) => constant(Array<number>(embed_dim).fill(value)));
  const [gamma, beta] = [prep.weight, prep.bias].map((vector) => unsqueeze(vector, [0]));
  const folded = mul(weight, gamma); // [hidden_dim, embed_dim]
  const shift = gemm(beta, weight, { transB: true }); // [1, hidden_dim]
  if (!l2_normalize_features) {
    const c = add(shift, bias);
    return (x) =>
      gemm(layerNormalization(x, unit, none, layer_norm_eps), folded, { c, transB: true });
  }
  const squares = mul(gamma, gamma);
  const cross = mul(mul(gamma, beta), 2);
  const constantTerm = reduceSum(mul(beta, beta));
  return (x) => {
    const standard = layerNormalization(x, unit, none, layer_norm_eps);
    const quadratic = gemm(squares, mul(standard, standard), { transB: true });
    const square = add(add(quadratic, gemm(cross, standard, { transB: true })), constantTerm);
    const scale = reciprocal(sqrt(max(square, SMALLEST_SQUARE))); // [1, rows]
    const mapped = gemm(standard, folded, { c: shift, transB: true });
    return add(mul(mapped, reshape(scale, [x.shape[0], 1])), bias);
  };
}
