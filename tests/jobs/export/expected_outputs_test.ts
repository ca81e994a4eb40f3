/** What a file should say, and that the graph of an ensemble says it where numbers are extreme, too. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Session } from "../../../engine/runtime/session.ts";
import { exportGraph } from "../../../jobs/export/export_graph.ts";
import { meanOutputs, outputsOf } from "../../../jobs/export/expected_outputs.ts";
import { precomputedFeatures } from "../../../plugins/dataset/precomputed_features.ts";
import { precomputed } from "../../../plugins/encoder_type/precomputed.ts";
import "../../../plugins/mod.ts";
import { regression } from "../../../plugins/head_type/regression.ts";
import { buildModel } from "../../../registry/builder/build_model.ts";
import { configure } from "../../../registry/configure.ts";
import { requireSame, valuesOf } from "./_models.ts";

const floats = (...values: readonly number[]) => Float32Array.from(values);

Deno.test("meanOutputs() averages scores and weights, and gives the logits that belong to them", () => {
  const lengths = Int32Array.of(2, 1);
  const models = [
    {
      scores: floats(0.5, 0.5, 0.25, 0.75),
      logits: floats(0, 0, 0, Math.log(3)),
      attention: floats(0, Math.log(3), 7),
      instance_scores: floats(0, 1, 1, 0, 0.5, 0.5),
    },
    {
      scores: floats(0.25, 0.75, 0.75, 0.25),
      logits: floats(0, Math.log(3), Math.log(3), 0),
      attention: floats(Math.log(3), 0, -7),
      instance_scores: floats(1, 0, 1, 0, 0, 1),
    },
  ];
  const found = meanOutputs(models, { subtask: "multiclass", lengths });
  assertEquals([...found.scores], [0.375, 0.625, 0.5, 0.5]);
  assertEquals([...found.instance_scores], [0.5, 0.5, 1, 0, 0.25, 0.75]);
  const exponents = (values: Float32Array) =>
    Array.from(values, (value) => Number(Math.exp(value).toFixed(6)));
  assertEquals(exponents(found.logits), [0.375, 0.625, 0.5, 0.5]);
  assertEquals(exponents(found.attention), [0.5, 0.5, 1]);
  const { logits } = meanOutputs(models, { subtask: "regression", lengths });
  assertEquals(logits, found.scores);
});

Deno.test("meanOutputs() keeps apart from 1 what float32 does not", () => {
  const both = [20, 30].map((logit) => ({
    scores: floats(1 / (1 + Math.exp(-logit))),
    logits: floats(logit),
  }));
  const { scores, logits } = meanOutputs(both, { subtask: "multilabel" });
  assertEquals(scores[0], 1);
  assertAlmostEquals(logits[0], -Math.log((Math.exp(-20) + Math.exp(-30)) / 2), 1e-5);
});

for (const subtask of ["multiclass", "multilabel", "regression"] as const) {
  Deno.test(`the graph of a ${subtask} ensemble says what its models say together`, async () => {
    const files = { train_features_file: "train.h5", val_features_file: "val.h5" };
    const model = await buildModel([
      configure(precomputedFeatures, { num_classes: 2, subtask, ...files }),
      configure(precomputed, { feature_dim: 2 }),
      ...(subtask === "regression" ? [configure(regression, { out_dim: 2 })] : []),
    ], { sampleShape: [2] });
    assertEquals(model.subtask, subtask);
    const weighted = [1, 1.5].map((scale) => ({
      model,
      values: new Map(model.parameters.map(({ name, shape }) => [
        name,
        shape.length === 2 ? floats(scale, 0, 0, 2 * scale) : floats(0.5, -scale),
      ])),
    }));
    const features = floats(0.5, -0.25, 20, -20, -60, 70, 3, 100);
    const all = await Promise.all(weighted.map((one) => outputsOf(one, { features })));
    assert(all.every(({ scores }) => scores.length === 8));
    const session = await Session.compile(exportGraph(weighted));
    const found = await session.run({
      features: { dtype: "float32", shape: [4, 2], data: features },
    });
    await session.release();
    requireSame(valuesOf(found), meanOutputs(all, { subtask }), { tolerance: 1e-6, of: subtask });
  });
}
