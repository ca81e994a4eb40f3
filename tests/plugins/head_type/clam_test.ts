import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { input, scalar } from "../../../engine/ir/create.ts";
import { sin } from "../../../engine/ir/elementwise.ts";
import { transpose } from "../../../engine/ir/layout.ts";
import { gather } from "../../../engine/ir/indexing.ts";
import { reduceSum } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { bagGrid } from "../../../engine/nn/bags.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import type { Batch } from "../../../engine/data/data.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { dropScores, gridScores } from "../../../plugins/head_type/_clam_attention.ts";
import { consistencyLoss } from "../../../plugins/head_type/_clam_losses.ts";
import { clam } from "../../../plugins/head_type/clam.ts";
import { registry } from "../../../registry/registry.ts";
import { checkGradients } from "../../engine/_gradient_check.ts";
import { evaluate, indices, numbers, sample } from "../../engine/_run.ts";
import { relativeError } from "../../_golden.ts";
import { bagBatch, headModel, ModelRun } from "./_clam.ts";

const EVERYTHING = {
  size_arg: "tiny",
  instance_eval: true,
  subtyping: true,
  stochastic_topk: true,
};
const RANDOM = { ...EVERYTHING, dropout: 0.3, attn_drop: 0.4, topk_noise_std: 0.2 };
const VARIANTS = ["sb", "mb"] as const;

Deno.test("clam is registered, with the defaults that GloViTa has", () => {
  assertEquals(registry.get("head_type", "clam") as unknown, clam);
  assertEquals(v.parse(clam.config, {}), {
    variant: "mb",
    gate: true,
    size_arg: "small",
    dropout: 0,
    k_sample: 8,
    subtyping: false,
    feature_prep: true,
    l2_normalize_features: true,
    layer_norm_eps: 1e-6,
    cosine_head: true,
    cosine_scale: 20,
    instance_eval: false,
    instance_loss_weight: 1,
    attn_drop: 0,
    topk_k: 2,
    topk_tau: 0.25,
    stochastic_topk: false,
    topk_noise_std: 0.1,
    topk_consistency_weight: 1,
  });
});

Deno.test("clam's schema refuses options out of range", () => {
  const wrong: Record<string, unknown>[] = [
    { variant: "xb" },
    { size_arg: "huge" },
    { dropout: -0.1 },
    { dropout: 1 },
    { attn_drop: 1 },
    { attn_drop: -1 },
    { k_sample: 0 },
    { k_sample: 1.5 },
    { layer_norm_eps: 0 },
    { cosine_scale: 0 },
    { instance_loss_weight: -1 },
    { topk_k: 0 },
    { topk_tau: 0 },
    { topk_noise_std: -0.1 },
    { topk_consistency_weight: -1 },
    { gate: "yes" },
    { k_samples: 8 },
  ];
  for (const options of wrong) {
    const { success, issues } = v.safeParse(clam.config, options);
    assert(!success, JSON.stringify(options));
    assertEquals(issues.length, 1);
  }
});

Deno.test("clam refuses regression", () => {
  const context = { embedDim: 4, numClasses: 3, scope: new Parameters().scope() };
  const config = v.parse(clam.config, { instance_eval: true });
  assertThrows(
    () => clam.create(config, { ...context, task: "Regression", subtask: "regression" }),
    RangeError,
    "expected a head for Regression",
  );
});

Deno.test("clam names its parameters as the reference does when dropout is on", () => {
  const names = (head: Record<string, unknown>) =>
    headModel({ embed_dim: 4, num_classes: 2, head }).parameters.map(({ name }) => name);
  assertEquals(names({ variant: "sb", dropout: 0.25 }), [
    "attention_net.0.layer_norm.weight",
    "attention_net.0.layer_norm.bias",
    "attention_net.1.weight",
    "attention_net.1.bias",
    "attention_net.4.attention_a.0.weight",
    "attention_net.4.attention_a.0.bias",
    "attention_net.4.attention_b.0.weight",
    "attention_net.4.attention_b.0.bias",
    "attention_net.4.attention_c.weight",
    "attention_net.4.attention_c.bias",
    "instance_classifiers.0.weight",
    "instance_classifiers.0.bias",
    "instance_classifiers.1.weight",
    "instance_classifiers.1.bias",
    "classifiers.weight",
  ]);
  const plain = names({ gate: false, feature_prep: false, cosine_head: false, dropout: 0.25 });
  assertEquals(plain.filter((name) => name.startsWith("attention_net.3")), [
    "attention_net.3.net.0.weight",
    "attention_net.3.net.0.bias",
    "attention_net.3.net.3.weight",
    "attention_net.3.net.3.bias",
  ]);
  assertEquals(plain.slice(-4), [
    "classifiers.0.weight",
    "classifiers.0.bias",
    "classifiers.1.weight",
    "classifiers.1.bias",
  ]);
});

/** The slope of the loss along a direction in one parameter, and what the gradient says about it. */
async function slopes(run: ModelRun, batch: Batch, parameter: string): Promise<[number, number]> {
  const gradient = (await run.run(batch, { gradients: true }))[`grad.${parameter}`];
  const noise = numbers(gradient.length, 3, [-1, 1]);
  const [length, spread] = [gradient, noise].map((values) => Math.hypot(...values));
  const direction = gradient.map((value, i) => value / length + (0.5 * noise[i]) / spread);
  const { data } = run.state.parameter(parameter);
  const start = data.slice();
  const step = 2e-3;
  const lossAt = async (distance: number) => {
    for (const i of data.keys()) data[i] = start[i] + distance * direction[i];
    return (await run.run(batch)).loss[0];
  };
  const measured = (await lossAt(step) - await lossAt(-step)) / (2 * step);
  data.set(start);
  const expected = gradient.reduce((sum, value, i) => sum + value * direction[i], 0);
  return [measured, expected];
}

// The consistency loss has a test of its own: its target is detached, so that its gradient is not
// the slope of its value.
const DENSE = { ...RANDOM, stochastic_topk: false, cosine_scale: 3 };
const SLOPES: Record<string, Record<string, unknown>> = {
  "sb": { ...DENSE, variant: "sb" },
  "mb": { ...DENSE, variant: "mb" },
  "mb without dropout": { ...DENSE, dropout: 0, attn_drop: 0 },
  "linear and not gated": { ...DENSE, gate: false, feature_prep: false, cosine_head: false },
  "without L2": { ...DENSE, l2_normalize_features: false },
};

for (const [name, head] of Object.entries(SLOPES)) {
  Deno.test(`clam's gradients are the slopes of its loss: ${name}`, async () => {
    await using run = await ModelRun.create({ embed_dim: 6, num_classes: 3, head }, true);
    const batch = bagBatch([4, 1, 9], 6, [0, 1, 1]);
    for (const { name } of run.model.parameters) {
      // The score's bias has no gradient: see the golden test.
      if (/attention_c\.bias|net\.[23]\.bias/.test(name)) continue;
      const [measured, expected] = await slopes(run, batch, name);
      const error = Math.abs(measured - expected);
      const limit = 0.01 * Math.abs(expected) + 2e-4;
      assert(error <= limit, `${name}: slope ${measured}, gradient ${expected}`);
    }
  });
}

Deno.test("consistencyLoss() sends its gradient to scores and features, not to the logits", async () => {
  const lengths = [4, 3, 6];
  const attention = sample([2, 13], { declared: [2, "instances"], seed: 6 });
  const features = sample([13, 3], { declared: ["instances", 3], seed: 5 });
  const logits = sample([3, 2], { declared: ["batch", 2], frozen: true });
  const index = indices(lengths.flatMap((n, bag) => Array(n).fill(bag)), [13], ["instances"]);
  await checkGradients((scores, features, logits, index, lengths) => {
    const grid = bagGrid({ lengths, index });
    const attended = {
      grid,
      scores: gridScores(scores, grid),
      project: (rows: Tensor) => gather(features, rows),
    };
    const options = { topk_k: 2, topk_tau: 0.5, topk_noise_std: 0.3 };
    const noise = new RandomStream(scalar(3, "uint32")).rows();
    const classifier = (bags: Tensor) => transpose(reduceSum(sin(bags), { axes: [-1] }));
    return consistencyLoss(attended, logits, options, { classifier, noise });
  }, [attention, features, logits, index, indices(lengths, [3], ["batch"])]);
});

for (const variant of VARIANTS) {
  const head = { ...EVERYTHING, variant };

  Deno.test(`clam ${variant} computes a bag alone as in a batch`, async () => {
    await using run = await ModelRun.create({ embed_dim: 5, num_classes: 4, head }, false);
    const lengths = [3, 1, 7, 2];
    const batch = bagBatch(lengths, 5);
    const { logits, attention } = await run.run(batch);
    const branches = variant === "sb" ? 1 : 4;
    let start = 0;
    for (const [bag, length] of lengths.entries()) {
      const end = start + length;
      const features = batch.features.slice(start * 5, end * 5);
      const alone = await run.run({ ...bagBatch([length], 5), features });
      assert(relativeError(alone.logits, logits.slice(bag * 4, bag * 4 + 4)) <= 1e-5);
      const columns = Array.from(
        { length: branches },
        (_, branch) => attention.slice(branch * batch.rows + start, branch * batch.rows + end),
      );
      assert(relativeError(alone.attention, columns.flat()) <= 1e-5);
      start = end;
    }
  });

  for (const lengths of [[4, 1, 9], [1], [2], [3, 2], [4]]) {
    Deno.test(`clam ${variant} gives bags of ${lengths} the same numbers in row blocks`, async () => {
      const size = { embed_dim: 5, num_classes: 3, head: { ...RANDOM, variant } };
      await using whole = await ModelRun.create(size, true);
      await using inBlocks = await ModelRun.create(size, true, 3600);
      const batch = bagBatch(lengths, 5);
      const expected = await whole.run(batch, { gradients: true });
      const computed = await inBlocks.run(batch, { gradients: true });
      for (const [name, values] of Object.entries(expected)) {
        if (/attention_c\.bias/.test(name)) continue;
        const error = relativeError(computed[name], values);
        assert(error <= 1e-5 || Math.max(...values.map(Math.abs)) < 1e-6, `${name}: ${error}`);
      }
    });
  }

  for (const classes of [2, 30]) {
    for (const lengths of [[1], [3], [1, 1, 1], [2, 40, 5], Array(70).fill(2)]) {
      const shape = lengths.length > 4 ? `${lengths.length} bags` : `bags of ${lengths}`;
      Deno.test(`clam ${variant} trains ${classes} classes on ${shape}`, async () => {
        await using run = await ModelRun.create({
          embed_dim: 5,
          num_classes: classes,
          head: { ...RANDOM, variant },
        }, true);
        const labels = lengths.map((_, index) => (index * 7) % classes);
        const losses = await run.train(bagBatch(lengths, 5, labels), 2, 1e-3);
        assertEquals(Object.keys(losses[1]).toSorted(), ["instance", "loss", "task", "topk"]);
        for (const value of Object.values(losses[1])) assert(Number.isFinite(value));
        for (const name of run.state.names()) {
          assert(run.state.parameter(name).data.every(Number.isFinite), name);
        }
      });
    }
  }

  Deno.test(`clam ${variant} takes 100,000 instances`, async () => {
    const size = { embed_dim: 6, num_classes: 2, head };
    const few = bagBatch([10], 6);
    const features = new Float32Array(600_000);
    for (let copy = 0; copy < 10_000; copy++) features.set(few.features, copy * 60);
    const lengths = Int32Array.of(100_000);
    const many = { ...few, features, rows: 100_000, lengths };
    await using run = await ModelRun.create(size, false);
    const expected = (await run.run(few)).logits;
    assert(relativeError((await run.run(many)).logits, expected) <= 1e-4);
    await using training = await ModelRun.create({ ...size, head: { ...RANDOM, variant } }, true);
    const [{ loss }] = await training.train(many, 1, 1e-3);
    assert(Number.isFinite(loss));
  });

  Deno.test(`clam ${variant} repeats itself with a seed, and only with it`, async () => {
    const size = { embed_dim: 5, num_classes: 3, head: { ...RANDOM, variant } };
    await using run = await ModelRun.create(size, true);
    const batch = bagBatch([12, 5], 5);
    const first = await run.run(batch, { seed: 4, gradients: true });
    assertEquals(await run.run(batch, { seed: 4, gradients: true }), first);
    assert((await run.run(batch, { seed: 5 })).loss[0] !== first.loss[0]);
  });

  Deno.test(`clam ${variant} evaluates without chance and without auxiliary losses`, async () => {
    const size = { embed_dim: 5, num_classes: 3, head: { ...RANDOM, variant } };
    const { graph } = await ModelRun.create(size, false);
    assertEquals(graph.output.losses, undefined);
    const { logits, attention } = graph.output;
    const inputs = emit({ logits, attention: attention! }).inputs.map(({ name }) => name);
    assert(!inputs.includes("random_seed"));
    assert(!inputs.includes("labels"));
  });
}

for (const option of ["dropout", "attn_drop", "topk_noise_std"]) {
  Deno.test(`clam's ${option} acts in training`, async () => {
    const head = { ...EVERYTHING, variant: "sb", topk_noise_std: 0, [option]: 0.5 };
    await using run = await ModelRun.create({ embed_dim: 5, num_classes: 3, head }, true);
    const batch = bagBatch([12, 5], 5);
    const losses = await Promise.all([1, 2].map((seed) => run.run(batch, { seed })));
    assert(losses[0].loss[0] !== losses[1].loss[0]);
    const dense = ["dropout", "attn_drop"].includes(option);
    assertEquals(losses[0].task[0] !== losses[1].task[0], dense);
  });
}

Deno.test("clam weighs its auxiliary losses, and leaves out those of weight 0", async () => {
  const size = { embed_dim: 5, num_classes: 3 };
  const batch = bagBatch([12, 5], 5);
  const plain = { ...EVERYTHING, topk_noise_std: 0 };
  const weights = { instance_loss_weight: 0.25, topk_consistency_weight: 3 };
  await using first = await ModelRun.create({ ...size, head: plain }, true);
  await using second = await ModelRun.create({ ...size, head: { ...plain, ...weights } }, true);
  const [whole, weighed] = [await first.run(batch), await second.run(batch)];
  assertAlmostEquals(weighed.instance[0], whole.instance[0] * 0.25, 1e-6);
  assertAlmostEquals(weighed.topk[0], whole.topk[0] * 3, 1e-5);
  const { task, instance, topk, loss } = weighed;
  assertAlmostEquals(loss[0], task[0] + instance[0] + topk[0], 1e-5);
  const none = { ...plain, instance_loss_weight: 0, topk_consistency_weight: 0 };
  const { graph } = await ModelRun.create({ ...size, head: none }, true);
  assertEquals(graph.output.losses, {});
});

for (const instance_eval of [false, true]) {
  for (const variant of VARIANTS) {
    const name = `clam ${variant} learns several classes a bag`;
    Deno.test(`${name} ${instance_eval ? "with" : "without"} instance_eval`, async () => {
      const size = { embed_dim: 5, num_classes: 3, subtask: "multilabel" as const };
      const head = { variant, instance_eval, subtyping: true };
      await using run = await ModelRun.create({ ...size, head }, true);
      const batch = { ...bagBatch([4, 2], 5), labels: Float32Array.of(1, 0, 1, 0, 0, 1) };
      const losses = await run.train(batch, 3, 1e-3);
      assert(losses[2].loss < losses[0].loss);
      assertEquals("instance" in losses[0], instance_eval);
      if (instance_eval) assert(losses[2].instance < losses[0].instance);
    });
  }
}

Deno.test("dropScores() keeps the highest score of each bag and branch", async () => {
  const lengths = [5, 1, 300, 2];
  const rows = 308;
  const attention = input("attention", "float32", [2, "instances"]);
  const bags = {
    lengths: input("lengths", "int64", ["batch"]),
    index: input("index", "int64", ["instances"]),
  };
  const grid = bagGrid(bags);
  const random = new RandomStream(input("seed", "uint32", []));
  const scores = gridScores(attention, grid);
  const dropped = dropScores(scores, 0.75, { grid, attention, random });
  const values = numbers(2 * rows, 5);
  for (let seed = 0; seed < 20; seed++) {
    const [before, after] = await evaluate([scores, dropped], {
      attention: { dtype: "float32", shape: [2, rows], data: Float32Array.from(values) },
      lengths: { dtype: "int64", shape: [4], data: BigInt64Array.from(lengths, BigInt) },
      index: {
        dtype: "int64",
        shape: [rows],
        data: BigInt64Array.from(lengths.flatMap((n, bag) => Array(n).fill(bag)), BigInt),
      },
      seed: { dtype: "uint32", shape: [], data: Uint32Array.of(seed) },
    });
    for (let line = 0; line < 8; line++) {
      const [whole, kept] = [before, after].map(({ values }) =>
        values.slice(line * 300, line * 300 + 300)
      );
      assertEquals(Math.max(...kept), Math.max(...whole));
      const padding = (value: number) => value === -Infinity;
      assertEquals(kept.filter(padding).length, 300 - lengths[line % 4]);
      if (lengths[line % 4] === 300) {
        const survivors = kept.filter((value) => value > -1e30).length;
        assert(survivors > 45 && survivors < 110, `${survivors} of 300 survive`);
      }
    }
  }
});
