import { assertEquals, assertLess, assertStrictEquals, assertThrows } from "@std/assert";
import { transpose } from "../../../../engine/ir/layout.ts";
import type { Tensor } from "../../../../engine/ir/node.ts";
import { constantInitializer } from "../../../../engine/nn/initializers.ts";
import { type Layer, Parameters, type Scope } from "../../../../engine/nn/scope.ts";
import { ArgumentReader } from "../../../../engine/nn/vision/arguments.ts";
import {
  layerNorm,
  layerNorm2d,
  MAP_NORMS,
  normArgument,
  type NormLayer,
  NORMS,
  rmsNorm,
  rmsNorm2d,
  simpleNorm,
  simpleNorm2d,
} from "../../../../engine/nn/vision/norms.ts";
import { Random } from "../../../../engine/random.ts";
import { relativeError } from "../../../_golden.ts";
import {
  checkLayerGradients,
  EVALUATION,
  ruleImages,
  ruleWeights,
  runOnRule,
} from "../../../_timm.ts";

const CHANNELS = 5;
const SHAPE = [3, 4, CHANNELS];

interface Formula {
  /** What is subtracted before, and added after. */
  readonly centred: boolean;
  /** Square of the divisor, from a row and its mean. */
  readonly power: (row: readonly number[], mean: number) => number;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const variance = (row: readonly number[], mean: number) => sum(row.map((x) => (x - mean) ** 2));

const FORMULAS: readonly [name: string, flat: NormLayer, maps: NormLayer, formula: Formula][] = [
  ["layerNorm", layerNorm, layerNorm2d, {
    centred: true,
    power: (row, mean) => variance(row, mean) / CHANNELS,
  }],
  ["rmsNorm", rmsNorm, rmsNorm2d, { centred: false, power: (row) => variance(row, 0) / CHANNELS }],
  ["simpleNorm", simpleNorm, simpleNorm2d, {
    centred: false,
    power: (row, mean) => variance(row, mean) / (CHANNELS - 1),
  }],
];

/** Normalises the rows of the rule's input, in float64. */
function expected({ centred, power }: Formula, eps: number): number[] {
  const [weight, bias] = ["weight", "bias"].map((name) => ruleWeights(name, [CHANNELS]));
  const values = [...ruleImages(SHAPE).data as Float32Array];
  return Array.from({ length: values.length / CHANNELS }, (_, at) => {
    const row = values.slice(at * CHANNELS, (at + 1) * CHANNELS);
    const mean = sum(row) / CHANNELS;
    const scale = 1 / Math.sqrt(power(row, mean) + eps);
    return row.map((
      x,
      i,
    ) => (centred ? (x - mean) * scale * weight[i] + bias[i] : x * scale * weight[i]));
  }).flat();
}

async function run(
  declare: (scope: Scope) => Layer,
  around: (x: Tensor, layer: (x: Tensor) => Tensor) => Tensor = (x, layer) => layer(x),
): Promise<Float32Array> {
  const parameters = new Parameters();
  const layer = declare(parameters.scope());
  const forward = (x: Tensor) => ({ y: around(x, (given) => layer(given, EVALUATION)) });
  const { y } = await runOnRule(parameters.list(), forward, SHAPE);
  return y.data as Float32Array;
}

const onMaps = (x: Tensor, layer: (x: Tensor) => Tensor) =>
  transpose(layer(transpose(x, [0, 3, 1, 2])), [0, 2, 3, 1]);

for (const [name, flat, maps, formula] of FORMULAS) {
  Deno.test(`${name}() computes timm's formula over the last axis`, async () => {
    assertLess(relativeError(await run((s) => flat(s, CHANNELS)), expected(formula, 1e-6)), 2e-6);
    const eps = 0.5;
    assertLess(
      relativeError(await run((s) => flat(s, CHANNELS, { eps })), expected(formula, eps)),
      2e-6,
    );
  });

  Deno.test(`${name}2d() computes the same over channels`, async () => {
    const eps = 0.5;
    const values = await run((scope) => maps(scope, CHANNELS, { eps }), onMaps);
    assertLess(relativeError(values, expected(formula, eps)), 2e-6);
  });

  Deno.test(`${name}() has the gradients of finite differences`, async () => {
    const declare = (norm: NormLayer) => (scope: Scope) => {
      const layer = norm(scope, CHANNELS);
      return (x: Tensor) => layer(x, EVALUATION);
    };
    await checkLayerGradients(declare(flat), [3, CHANNELS], { step: 1e-3, tolerance: 5e-3 });
    await checkLayerGradients(declare(maps), [2, CHANNELS, 2, 1], { step: 1e-3, tolerance: 5e-3 });
  });
}

Deno.test("norms start with weight one, or as they are told", () => {
  for (const norm of [...Object.values(NORMS), ...Object.values(MAP_NORMS)]) {
    const parameters = new Parameters();
    norm(parameters.scope().child("plain"), 2);
    norm(parameters.scope().child("given"), 2, { weightInitializer: constantInitializer(3) });
    const starts = Object.fromEntries(
      parameters.list().map((
        { name, shape, initializer },
      ) => [name, [...initializer(shape, new Random(1))]]),
    );
    assertEquals([starts["plain.weight"], starts["given.weight"]], [[1, 1], [3, 3]]);
    assertEquals(starts["plain.bias"] ?? [0, 0], [0, 0]);
  }
});

Deno.test("normArgument() finds norms by timm's names", () => {
  const args = new ArgumentReader("vit", { a: "LayerNorm", b: "rms_norm", c: null });
  assertStrictEquals(normArgument(args, "a", NORMS), layerNorm);
  assertStrictEquals(normArgument(args, "b", NORMS), rmsNorm);
  assertEquals([normArgument(args, "c", NORMS), normArgument(args, "d", NORMS)], [
    undefined,
    undefined,
  ]);
});

Deno.test("normArgument() takes an eps with the name", async () => {
  const args = new ArgumentReader("vit", { norm: { name: "RmsNorm", eps: 0.5 } });
  const norm = normArgument(args, "norm", NORMS)!;
  const values = await run((scope) => norm(scope, CHANNELS));
  assertLess(relativeError(values, expected(FORMULAS[1][3], 0.5)), 2e-6);
  const changed = await run((scope) => norm(scope, CHANNELS, { eps: 2 }));
  assertLess(relativeError(changed, expected(FORMULAS[1][3], 2)), 2e-6);
});

Deno.test("normArgument() throws on other values", () => {
  const known = '"simplenorm2d" or "simplenorm2dfp32", received';
  for (const value of ["layernorm", 3, { name: "LayerNorm2d", eps: 0 }, { eps: 1 }]) {
    const args = new ArgumentReader("convnext", { norm_layer: value });
    assertThrows(
      () => normArgument(args, "norm_layer", MAP_NORMS),
      RangeError,
      `${known} ${JSON.stringify(value)}`,
    );
  }
});
