/**
 * Muon: momentum whose matrices are made orthogonal.
 * Importing this module adds `Muon` to the `optimizer` slot.
 * @module
 */
import { add, cast, div, max, mul, sqrt, sub } from "../../engine/ir/elementwise.ts";
import { transpose } from "../../engine/ir/layout.ts";
import { gemm, reduceSumSquare } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import {
  choice,
  count,
  flag,
  list,
  number,
  options,
  positive,
  rate,
} from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { ADAM_STATE, adamScalars, adamUpdate } from "./_adam.ts";
import { decoupledDecay, scaledRate } from "./_decay.ts";

/**
 * Config of the `Muon` optimizer.
 * @category Optimizers
 */
export interface MuonConfig {
  /** Whether the gradient looks one momentum step ahead. @default {false} */
  readonly nesterov: boolean;
  /** Decay rate of the momentum. @default {0.95} */
  readonly muon_momentum: number;
  /** Coefficients of the Newton–Schulz polynomial. @default {[3.4445, -4.775, 2.0315]} */
  readonly muon_ns_coefficients: readonly number[];
  /** Smallest norm that a gradient is divided by. @default {1e-7} */
  readonly muon_eps: number;
  /** Newton–Schulz iterations. @default {5} */
  readonly muon_ns_steps: number;
  /** How the learning rate follows the matrix's shape. @default {null} */
  readonly muon_adjust_lr_fn: "original" | "match_rms_adamw" | null;
}

const config = options<MuonConfig>({
  nesterov: flag(false, "look one momentum step ahead"),
  muon_momentum: rate(0.95, "decay rate of the momentum"),
  muon_ns_coefficients: list(
    [3.4445, -4.775, 2.0315],
    "Newton-Schulz coefficients",
    number,
    { length: 3 },
  ),
  muon_eps: positive(1e-7, "smallest norm divided by"),
  muon_ns_steps: count(5, "Newton-Schulz iterations", { max: 99 }),
  muon_adjust_lr_fn: choice(
    null,
    "how the learning rate follows the matrix's shape",
    ["original", "match_rms_adamw"],
  ),
});

/**
 * Jordan et al. 2024, as `torch.optim.Muon`, which takes matrices; parameters of other shapes get
 * AdamW with the same learning rate and decay. As in torch, results of the Newton–Schulz iteration
 * are rounded to bfloat16.
 *
 * @example A step is as long in every direction
 * ```ts
 * import { muon } from "@glovita/glovita";
 * import { constant, evaluate, scalar } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const exact = { muon_ns_coefficients: [1.5, -0.5, 0], muon_ns_steps: 10 };
 * const optimizer = muon.create(v.parse(muon.config, exact), { lr: 0.1 });
 * const [zeros, gradient] = [constant([0, 0, 0, 0], [2, 2]), constant([3, 0, 0, -1], [2, 2])];
 * const state = { momentum_buffer: zeros };
 * const options = { lrScale: 1, weightDecay: 0 };
 * const scalars = { lr: scalar(0.1) };
 * const { parameter } = optimizer.update({ parameter: zeros, gradient, state, scalars, options });
 * const { data } = await evaluate(parameter);
 * const rounded = [...data].map((value) => Number(value).toFixed(2));
 * assertEquals(rounded, ["-0.10", "0.00", "0.00", "0.10"]);
 * ```
 *
 * @category Optimizers
 */
export const muon: Plugin<"optimizer", MuonConfig> = {
  slot: "optimizer",
  key: "Muon",
  description: "momentum whose matrices are made orthogonal; AdamW for other shapes",
  config,
  create(options) {
    const { nesterov, muon_momentum: momentum } = options;
    return {
      storesStep: false,
      hyperparameters: {
        momentum,
        nesterov,
        ns_coefficients: options.muon_ns_coefficients,
        eps: options.muon_eps,
        ns_steps: options.muon_ns_steps,
        adjust_lr_fn: options.muon_adjust_lr_fn,
      },
      state: (shape) =>
        shape.length === 2 ? { momentum_buffer: { shape: "parameter" } } : ADAM_STATE,
      scalars: adamScalars,
      update(input) {
        const { parameter, gradient, state, scalars, options: parameterOptions } = input;
        const rate = scaledRate(scalars.lr, parameterOptions);
        const decayed = decoupledDecay(parameter, rate, parameterOptions);
        if (parameter.shape.length !== 2) {
          return adamUpdate({ ...input, parameter: decayed });
        }
        const fresh = mul(gradient, 1 - momentum);
        const buffer = add(mul(state.momentum_buffer, momentum), fresh);
        const direction = nesterov ? add(fresh, mul(buffer, momentum)) : buffer;
        const [rows, columns] = parameter.shape.map(Number);
        const adjusted = mul(rate, rateFactor(options.muon_adjust_lr_fn, rows, columns));
        return {
          parameter: sub(decayed, mul(orthogonalize(direction, options), adjusted)),
          state: { momentum_buffer: buffer },
        };
      },
    };
  },
};

/** Newton–Schulz iteration towards the nearest semi-orthogonal matrix, on the wide orientation. */
function orthogonalize(matrix: Tensor, options: MuonConfig): Tensor {
  const [rows, columns] = matrix.shape.map(Number);
  const [a, b, c] = options.muon_ns_coefficients;
  const wide = toBfloat16(rows > columns ? transpose(matrix) : matrix);
  const norm = toBfloat16(sqrt(reduceSumSquare(wide)));
  let x = toBfloat16(div(wide, max(norm, options.muon_eps)));
  for (let step = 0; step < options.muon_ns_steps; step++) {
    const gram = toBfloat16(gemm(x, x, { transB: true }));
    const update = toBfloat16(gemm(gram, gram, { c: gram, alpha: c, beta: b }));
    x = toBfloat16(gemm(update, x, { c: x, beta: a }));
  }
  return rows > columns ? transpose(x) : x;
}

/** Rounds to bfloat16, which torch computes the iteration in, and goes on in float32. */
function toBfloat16(x: Tensor): Tensor {
  return cast(cast(x, "bfloat16"), "float32");
}

function rateFactor(rule: MuonConfig["muon_adjust_lr_fn"], rows: number, columns: number): number {
  if (rule === "match_rms_adamw") return 0.2 * Math.sqrt(Math.max(rows, columns));
  return Math.sqrt(Math.max(1, rows / columns));
}

registry.add(muon);
