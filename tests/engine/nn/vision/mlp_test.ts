import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import type { Tensor } from "../../../../engine/ir/node.ts";
import { Parameters, type Scope } from "../../../../engine/nn/scope.ts";
import { activation } from "../../../../engine/nn/vision/activations.ts";
import { type MlpLayer, type MlpOptions, MLPS } from "../../../../engine/nn/vision/mlp.ts";
import { layerNorm } from "../../../../engine/nn/vision/norms.ts";
import { Random } from "../../../../engine/random.ts";
import { relativeError } from "../../../_golden.ts";
import {
  checkLayerGradients,
  EVALUATION,
  ruleImages,
  ruleWeights,
  runOnRule,
  shapesOf,
} from "../../../_timm.ts";

const OPTIONS: MlpOptions = {
  dim: 4,
  hidden: 6,
  activation: activation("silu"),
  bias: true,
  drop: 0,
};

function declare(layer: MlpLayer, options: Partial<MlpOptions> = {}) {
  return (scope: Scope) => {
    const built = layer(scope, { ...OPTIONS, ...options });
    return (x: Tensor) => built(x, EVALUATION);
  };
}

/** `x Wᵀ + b` with the rule's weights. */
function linear(x: readonly number[], name: string, outputs: number): number[] {
  const weight = ruleWeights(`${name}.weight`, [outputs, x.length]);
  const bias = ruleWeights(`${name}.bias`, [outputs]);
  return Array.from(
    bias,
    (start, row) => x.reduce((sum, value, at) => sum + value * weight[row * x.length + at], start),
  );
}

const silu = (x: number) => x / (1 + Math.exp(-x));

const FORMULAS: Readonly<Record<string, (x: number[]) => number[]>> = {
  Mlp: (x) => linear(linear(x, "fc1", 6).map(silu), "fc2", 4),
  GluMlp(x) {
    const both = linear(x, "fc1", 6);
    return linear([0, 1, 2].map((i) => both[i] * silu(both[i + 3])), "fc2", 4);
  },
  SwiGLU(x) {
    const [gate, value] = [linear(x, "fc1_g", 6), linear(x, "fc1_x", 6)];
    return linear(gate.map((g, i) => silu(g) * value[i]), "fc2", 4);
  },
  SwiGLUPacked(x) {
    const both = linear(x, "fc1", 6);
    return linear([0, 1, 2].map((i) => silu(both[i]) * both[i + 3]), "fc2", 4);
  },
};

for (const [name, layer] of Object.entries(MLPS)) {
  Deno.test(`${name} computes timm's formula`, async () => {
    const parameters = new Parameters();
    const forward = declare(layer)(parameters.scope());
    const { y } = await runOnRule(parameters.list(), (x) => ({ y: forward(x) }), [5, 4]);
    const x = [...ruleImages([5, 4]).data as Float32Array];
    const rows = Array.from({ length: 10 }, (_, row) => x.slice(row * 4, row * 4 + 4));
    assertLess(relativeError(y.data as Float32Array, rows.flatMap(FORMULAS[name])), 2e-6);
  });

  Deno.test(`${name} has the gradients of finite differences`, async () => {
    await checkLayerGradients(declare(layer, { norm: layerNorm }), [2, 3, 4], {
      step: 1e-3,
      tolerance: 5e-3,
    });
  });

  Deno.test(`${name} has biases and a norm only where they are wanted`, () => {
    const names = (options: Partial<MlpOptions>) => {
      const parameters = new Parameters();
      declare(layer, options)(parameters.scope());
      return shapesOf(parameters.list());
    };
    assert(!Object.keys(names({ bias: false })).some((key) => key.endsWith("bias")));
    const width = ["Mlp", "SwiGLU"].includes(name) ? 6 : 3;
    assertEquals(names({ norm: layerNorm })["norm.weight"], [width]);
    assertEquals(names({})["fc2.weight"], [4, width]);
  });
}

Deno.test("gates start almost closed", () => {
  const starts = (layer: MlpLayer) => {
    const parameters = new Parameters();
    declare(layer)(parameters.scope());
    return new Map(
      parameters.list().map((
        { name, shape, initializer },
      ) => [name, [...initializer(shape, new Random(1))]]),
    );
  };
  const small = (values: readonly number[]) => values.every((value) => Math.abs(value) < 1e-5);
  for (const name of ["GluMlp", "SwiGLUPacked"]) {
    const values = starts(MLPS[name]);
    assertEquals(values.get("fc1.bias"), [0, 0, 0, 1, 1, 1]);
    assert(!small(values.get("fc1.weight")!.slice(0, 12)));
    assert(small(values.get("fc1.weight")!.slice(12)));
  }
  assertEquals(starts(MLPS.SwiGLU).get("fc1_g.bias"), [1, 1, 1, 1, 1, 1]);
  assert(small(starts(MLPS.SwiGLU).get("fc1_g.weight")!));
});

Deno.test("a gate wants an even width", () => {
  const scope = () => new Parameters().scope();
  assertThrows(() => declare(MLPS.GluMlp, { hidden: 7 })(scope()), RangeError, "received 7");
});
