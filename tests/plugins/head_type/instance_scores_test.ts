/** Instance scores of heads that classify instances: against the formulas, written anew. */
import { assert, assertEquals } from "@std/assert";
import { sizeOf } from "../../../engine/ir/dims.ts";
import { Random } from "../../../engine/random.ts";
import { evaluate } from "../../../engine/runtime/evaluate.ts";
import type { Value } from "../../../engine/runtime/session.ts";
import { type Model, predictionGraph } from "../../../engine/train/model.ts";
import "../../../plugins/mod.ts";
import { clam } from "../../../plugins/head_type/clam.ts";
import { dsmil } from "../../../plugins/head_type/dsmil.ts";
import { precomputed } from "../../../plugins/encoder_type/precomputed.ts";
import { precomputedFeatures } from "../../../plugins/dataset/precomputed_features.ts";
import { buildModel } from "../../../registry/builder/build_model.ts";
import { type ConfigPart, configure } from "../../../registry/configure.ts";

const FEATURES = Float32Array.of(1, 2, 3, -1, 0, 2);

async function modelWith(head: ConfigPart): Promise<Model> {
  const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
  return await buildModel([
    configure(precomputedFeatures, { num_classes: 2, ...files }),
    configure(precomputed, { feature_dim: 3 }),
    head,
  ], { sampleShape: [3], bags: true });
}

/** Random parameters, and the instance scores of two instances with them. */
async function scoresOf(model: Model) {
  const random = new Random(1);
  const values = new Map(model.parameters.map(({ name, shape }): [string, Value] => {
    const sizes = shape.map(Number);
    const data = Float32Array.from({ length: sizeOf(sizes) }, () => random.normal());
    return [name, { dtype: "float32", shape: sizes, data }];
  }));
  const { data } = await evaluate(predictionGraph(model).instanceScores!, {
    ...Object.fromEntries(values),
    features: { dtype: "float32", shape: [2, 3], data: FEATURES },
    lengths: { dtype: "int64", shape: [1], data: BigInt64Array.of(2n) },
    bag_index: { dtype: "int64", shape: [2], data: BigInt64Array.of(0n, 0n) },
  });
  return {
    scores: data as Float32Array,
    of: (name: string) => values.get(`head.${name}`)!.data as Float32Array,
  };
}

/** `W x + b`. */
function apply(weight: Float32Array, bias: Float32Array, x: readonly number[]): number[] {
  return Array.from(
    bias,
    (b, out) => x.reduce((sum, value, at) => sum + weight[out * x.length + at] * value, b),
  );
}

function requireNear(found: Float32Array, expected: readonly number[]): void {
  assertEquals(found.length, expected.length);
  for (const [at, value] of expected.entries()) assert(Math.abs(found[at] - value) < 1e-4);
}

const ROWS = [[1, 2, 3], [-1, 0, 2]];

Deno.test("clam scores instances by its instance classifiers, where these train", async () => {
  const sizes = { variant: "sb", size_arg: "tiny", feature_prep: false } as const;
  const without = await modelWith(configure(clam, { ...sizes, instance_eval: false }));
  assertEquals(predictionGraph(without).instanceScores, undefined);
  const model = await modelWith(configure(clam, { ...sizes, instance_eval: true }));
  assertEquals(predictionGraph(model).attentionPerClass, false);
  const { scores, of } = await scoresOf(model);
  const layer = (name: string, x: readonly number[]) =>
    apply(of(`${name}.weight`), of(`${name}.bias`), x);
  requireNear(
    scores,
    ROWS.flatMap((row) => {
      const hidden = layer("attention_net.0", row).map((value) => Math.max(0, value));
      return [0, 1].map((label) => {
        const [no, yes] = layer(`instance_classifiers.${label}`, hidden);
        return 1 / (1 + Math.exp(no - yes));
      });
    }),
  );
});

Deno.test("dsmil scores instances by its instance stream", async () => {
  const model = await modelWith(configure(dsmil, {}));
  assertEquals(predictionGraph(model).attentionPerClass, true);
  const { scores, of } = await scoresOf(model);
  const [weight, bias] = ["weight", "bias"].map((name) => of(`i_classifier.fc.0.${name}`));
  requireNear(
    scores,
    ROWS.flatMap((row) => {
      const powers = apply(weight, bias, row).map(Math.exp);
      const sum = powers.reduce((a, b) => a + b);
      return powers.map((power) => power / sum);
    }),
  );
});
