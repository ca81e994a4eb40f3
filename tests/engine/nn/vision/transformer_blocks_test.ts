import { assert, assertEquals } from "@std/assert";
import { input, scalar } from "../../../../engine/ir/create.ts";
import type { Tensor } from "../../../../engine/ir/node.ts";
import { RandomStream } from "../../../../engine/nn/random.ts";
import { Parameters, type Scope } from "../../../../engine/nn/scope.ts";
import { activation } from "../../../../engine/nn/vision/activations.ts";
import { attention } from "../../../../engine/nn/vision/attention.ts";
import { mlp } from "../../../../engine/nn/vision/mlp.ts";
import { layerNorm } from "../../../../engine/nn/vision/norms.ts";
import {
  type Block,
  type BlockOptions,
  BLOCKS,
} from "../../../../engine/nn/vision/transformer_blocks.ts";
import { Random } from "../../../../engine/random.ts";
import { checkLayerGradients, EVALUATION, ruleWeights } from "../../../_timm.ts";
import { evaluate } from "../../_run.ts";

const DIM = 8;
const OPTIONS: BlockOptions = {
  attention: {
    dim: DIM,
    heads: 2,
    qkvBias: true,
    projBias: true,
    attnDrop: 0,
    projDrop: 0,
    index: 0,
  },
  mlp: { dim: DIM, hidden: 10, activation: activation("gelu"), bias: true, drop: 0 },
  attentionLayer: attention,
  mlpLayer: mlp,
  norm: layerNorm,
  initValues: 1,
  dropPath: 0,
};

function declare(block: Block, options: Partial<BlockOptions> = {}, context = EVALUATION) {
  return (scope: Scope) => {
    const layer = block(scope, { ...OPTIONS, ...options });
    return (x: Tensor) => layer(x, context);
  };
}

// What the blocks compute is checked against timm in vision_transformer_test.ts.
for (const [name, block] of Object.entries(BLOCKS)) {
  Deno.test(`${name} has the gradients of finite differences`, async () => {
    await checkLayerGradients(declare(block), [2, 3, DIM], { step: 2e-3, tolerance: 1e-2 });
  });

  Deno.test(`${name} passes its input on where stochastic depth leaves everything out`, async () => {
    const parameters = new Parameters();
    const context = { training: true, random: new RandomStream(scalar(1, "uint32")) };
    const forward = declare(block, { dropPath: 1 - 1e-9 }, context)(parameters.scope());
    const data = ruleWeights("x", [2, 3, DIM]);
    const value = (shape: readonly number[], values: Float32Array<ArrayBuffer>) =>
      ({ dtype: "float32", shape, data: values }) as const;
    const [{ values }] = await evaluate([forward(input("x", "float32", ["batch", 3, DIM]))], {
      x: value([2, 3, DIM], data),
      ...Object.fromEntries(
        parameters.list().map((
          each,
        ) => [each.name, value(each.shape, ruleWeights(each.name, each.shape))]),
      ),
    });
    assertEquals(values, [...data]);
  });
}

Deno.test("blocks without initial factors have no LayerScale", () => {
  const names = (key: string, initValues?: number) => {
    const parameters = new Parameters();
    declare(BLOCKS[key], { initValues })(parameters.scope());
    return parameters.list();
  };
  for (const key of Object.keys(BLOCKS)) {
    assert(!names(key).some(({ name }) => name.endsWith("gamma")), key);
  }
  // As in timm, 0 means none in some blocks and a factor of 0 in parallel ones.
  assertEquals(names("Block", 0).some(({ name }) => name.endsWith("gamma")), false);
  const parallel = names("ParallelScalingBlock", 0).find(({ name }) => name === "ls.gamma")!;
  assertEquals([...parallel.initializer([2], new Random(1))], [0, 0]);
  const weight = names("ResPostBlock", 0.5).find(({ name }) => name === "norm2.weight")!;
  assertEquals([...weight.initializer([2], new Random(1))], [0.5, 0.5]);
});
