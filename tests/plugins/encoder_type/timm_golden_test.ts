import { assertEquals, assertLess } from "@std/assert";
import type { Tensor } from "../../../engine/ir/node.ts";
import { type AggregationMethod, poolMaps, poolTokens } from "../../../engine/nn/pooling.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import type { Value } from "../../../engine/runtime/session.ts";
import { timm } from "../../../plugins/encoder_type/timm.ts";
import { goldenJson, relativeError } from "../../_golden.ts";
import { EVALUATION, runOnRule, shapesOf } from "../../_timm.ts";

/** What timm's `forward_features` gives, for weights and images by the rule of `_timm.ts`. */
interface GoldenModel {
  readonly model: string;
  readonly model_kwargs: Readonly<Record<string, unknown>>;
  readonly image_size: number;
  readonly feature_shape: readonly number[];
  readonly num_features: number;
  readonly num_prefix_tokens: number | null;
  readonly has_class_token: boolean | null;
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly features_first_row: readonly number[];
  readonly features_mean: number;
  readonly features_std: number;
  readonly pooled: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** What `forward_features` does not read. */
const BEYOND = /^head\.|num_batches_tracked$/;
/** Largest difference over the largest value: float32 sums in another order. */
const TOLERANCE = 1e-4;

function statistics(values: Float32Array): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (values.length - 1)) };
}

function vectors(value: Value): number[] {
  return [...value.data as Float32Array];
}

const golden = ["timm_forward.json", "timm_forward_families.json"].flatMap((file) =>
  goldenJson<{ models: readonly GoldenModel[] }>(file).models
);

for (const each of golden) testFeatures(each);

function testFeatures(golden: GoldenModel): void {
  const { model, model_kwargs: { in_chans = 3, ...model_kwargs } } = golden;
  const given = JSON.stringify(golden.model_kwargs);

  Deno.test(`timm gives the features of ${model} ${given}`, async () => {
    const config = {
      type: model,
      pretrained: false,
      input_channels: Number(in_chans),
      model_kwargs,
      weights_file: null,
      weights_key: null,
    };
    const sampleShape = [config.input_channels, golden.image_size, golden.image_size];
    const parameters = new Parameters();
    const scope = parameters.scope();
    const encoder = await timm.create(config, { scope, sampleShape, source: "images" });
    const expected = Object.entries(golden.parameters).filter(([name]) => !BEYOND.test(name));
    assertEquals(shapesOf(parameters.list()), Object.fromEntries(expected));
    assertEquals(encoder.embedDim, golden.num_features);
    assertEquals(encoder.numPrefixTokens ?? null, golden.num_prefix_tokens);
    assertEquals(encoder.hasClassToken ?? null, golden.has_class_token);

    const outputs = (images: Tensor) => {
      const features = encoder.forward(images, EVALUATION);
      const pool = (method: string) =>
        encoder.output === "map"
          ? poolMaps(features)
          : poolTokens(features, method as AggregationMethod, encoder.numPrefixTokens!);
      const pooled = Object.keys(golden.pooled).map((method) => [`pooled ${method}`, pool(method)]);
      return { features, ...Object.fromEntries(pooled) };
    };
    const { features, ...pooled } = await runOnRule(parameters.list(), outputs, sampleShape);
    assertEquals([...features.shape], [...golden.feature_shape]);
    const values = features.data as Float32Array;
    const first = golden.features_first_row;
    assertLess(relativeError(values.subarray(0, first.length), first), TOLERANCE);
    const { mean, std } = statistics(values);
    assertLess(Math.abs(mean - golden.features_mean), TOLERANCE * golden.features_std);
    assertLess(Math.abs(std - golden.features_std), TOLERANCE * golden.features_std);
    for (const [method, rows] of Object.entries(golden.pooled)) {
      assertLess(
        relativeError(vectors(pooled[`pooled ${method}`]), rows.flat()),
        TOLERANCE,
        method,
      );
    }
  });
}
