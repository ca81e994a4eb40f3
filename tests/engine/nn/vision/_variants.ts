/** Small models of an architecture, compared with what timm 1.0.29 gives. */
import { assertEquals, assertLess } from "@std/assert";
import { gradients } from "../../../../engine/autodiff/backward.ts";
import { constant } from "../../../../engine/ir/create.ts";
import { sizeOf } from "../../../../engine/ir/dims.ts";
import { mul } from "../../../../engine/ir/elementwise.ts";
import { reshape } from "../../../../engine/ir/layout.ts";
import { reduceSum } from "../../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../../engine/ir/node.ts";
import { type Parameter, Parameters } from "../../../../engine/nn/scope.ts";
import type { VisionArchitecture } from "../../../../engine/nn/vision/vision_model.ts";
import { goldenJson, relativeError } from "../../../_golden.ts";
import { EVALUATION, ruleNumbers, runOnRule, shapesOf } from "../../../_timm.ts";

/** Weights and images follow the rule of `_timm.ts`; `values` is `forward_features` in float32. */
interface Variant {
  readonly name: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly sample_shape: readonly number[];
  readonly embed_dim: number;
  /** @default {"map"} */
  readonly output?: "map" | "tokens";
  /** For tokens: how many precede the patches. */
  readonly prefix?: number;
  readonly shape: readonly number[];
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly values: readonly number[];
  /** Of Σ features · s, for each parameter: the norm, and the product with the rule's numbers. */
  readonly gradients?: Readonly<Record<string, readonly [norm: number, product: number]>>;
}

/** Registers a test for each variant of a golden file. */
export function testVariants(file: string, architecture: VisionArchitecture): void {
  for (const variant of goldenJson<Variant[]>(file)) {
    const { name, kwargs, sample_shape: sampleShape } = variant;
    Deno.test(`${file} is what timm gives: ${name}`, async () => {
      const parameters = new Parameters();
      const model = architecture(kwargs, { scope: parameters.scope(), sampleShape });
      assertEquals(shapesOf(parameters.list()), variant.parameters);
      const { output = "map", embed_dim, prefix } = variant;
      assertEquals([model.output, model.embedDim], [output, embed_dim]);
      assertEquals(model.numPrefixTokens, prefix);
      const { maps } = await runOnRule(
        parameters.list(),
        (images) => ({ maps: model.forward(images, EVALUATION) }),
        sampleShape,
      );
      assertEquals([...maps.shape], [...variant.shape]);
      assertLess(relativeError(maps.data as Float32Array, variant.values), 5e-6);
    });
    const expected = variant.gradients;
    if (!expected) continue;
    Deno.test(`${file} has the gradients of timm: ${name}`, async () => {
      const parameters = new Parameters();
      const model = architecture(kwargs, { scope: parameters.scope(), sampleShape });
      const trained = parameters.list().filter(({ trainable }) => trainable);
      assertEquals(trained.map(({ name }) => name).sort(), Object.keys(expected).sort());
      const outputs = await runOnRule(
        parameters.list(),
        (images) => gradientsOf(model.forward(images, EVALUATION), variant.shape, trained),
        sampleShape,
      );
      const largest = Math.max(...Object.values(expected).map(([norm]) => norm));
      for (const [name, [norm, product]] of Object.entries(expected)) {
        const values = outputs[`gradient ${name}`].data as Float32Array;
        const factors = ruleNumbers(name, values.length);
        const error = Math.max(
          Math.abs(Math.hypot(...values) - norm),
          Math.abs(values.reduce((sum, value, i) => sum + value * factors[i], 0) - product),
        );
        assertLess(error / Math.max(norm, 1e-4 * largest), 1e-4, name);
      }
    });
  }
}

/** Gradients of the sum of features, weighted by the rule. */
function gradientsOf(
  features: Tensor,
  shape: readonly number[],
  trained: readonly Parameter[],
): Record<string, Tensor> {
  const weights = reshape(constant([...ruleNumbers("cotangent", sizeOf(shape))]), features.shape);
  const loss = reduceSum(mul(features, weights));
  const flowing = gradients(loss, trained.map(({ tensor }) => tensor));
  return Object.fromEntries(trained.map(({ name }, i) => [`gradient ${name}`, flowing[i]]));
}

/** A model of `timm_forward.json`. */
interface GoldenModel {
  readonly model: string;
  readonly image_size: number;
  readonly feature_shape: readonly number[];
  readonly features_first_row: readonly number[];
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly pooled: { readonly pooled: readonly (readonly number[])[] };
}

/** Registers a test for a model of `timm_forward.json`, whose classifier is left out. */
export function testGolden(
  name: string,
  architecture: VisionArchitecture,
  kwargs: Readonly<Record<string, unknown>>,
): void {
  const { models } = goldenJson<{ models: readonly GoldenModel[] }>("timm_forward.json");
  const golden = models.find(({ model }) => model === name)!;
  Deno.test(`timm_forward.json is what timm gives: ${name}`, async () => {
    const sampleShape = [3, golden.image_size, golden.image_size];
    const parameters = new Parameters();
    const model = architecture(kwargs, { scope: parameters.scope(), sampleShape });
    const expected = Object.entries(golden.parameters)
      .filter(([name]) => !/^head\.|num_batches_tracked$/.test(name));
    assertEquals(shapesOf(parameters.list()), Object.fromEntries(expected));
    const { maps } = await runOnRule(
      parameters.list(),
      (images) => ({ maps: model.forward(images, EVALUATION) }),
      sampleShape,
    );
    assertEquals([...maps.shape], [...golden.feature_shape]);
    const values = maps.data as Float32Array;
    const first = golden.features_first_row;
    assertLess(relativeError(values.subarray(0, first.length), first), 1e-5);
    const [, , height, width] = maps.shape;
    const area = height * width;
    const means = Array.from(
      { length: values.length / area },
      (_, index) =>
        values.subarray(index * area, (index + 1) * area).reduce((sum, value) => sum + value) /
        area,
    );
    assertLess(relativeError(means, golden.pooled.pooled.flat()), 1e-5);
  });
}
