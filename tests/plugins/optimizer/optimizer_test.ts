import { assert, assertEquals } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import { add, mul } from "../../../engine/ir/elementwise.ts";
import { reduceSum } from "../../../engine/ir/matrix.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import { TrainState } from "../../../engine/train/state.ts";
import { TrainStep } from "../../../engine/train/step.ts";
import type { Optimizer } from "../../../registry/plugin.ts";
import { adam } from "../../../plugins/optimizer/Adam.ts";
import { adamW } from "../../../plugins/optimizer/AdamW.ts";
import { madgrad } from "../../../plugins/optimizer/Madgrad.ts";
import { muon } from "../../../plugins/optimizer/Muon.ts";
import { rmsprop } from "../../../plugins/optimizer/RMSprop.ts";
import { sgd } from "../../../plugins/optimizer/SGD.ts";
import { goldenTensors, relativeError } from "../../_golden.ts";
import * as v from "valibot";

const golden = goldenTensors("optimizers.safetensors");
const context = { lr: 0.01 };
const muonDefaults = v.parse(muon.config, {});

interface Case {
  readonly name: string;
  readonly optimizer: Optimizer;
  readonly lr: number;
  /** Whose golden bias to expect: torch's Muon takes no vectors, they get AdamW. */
  readonly bias?: string;
}

const cases: readonly Case[] = [
  { name: "SGD", optimizer: sgd.create({ nesterov: false }, context), lr: 0.1 },
  { name: "SGD_nesterov", optimizer: sgd.create({ nesterov: true }, context), lr: 0.1 },
  { name: "Adam", optimizer: adam.create({}, context), lr: 0.01 },
  { name: "AdamW", optimizer: adamW.create({}, context), lr: 0.01 },
  { name: "RMSprop", optimizer: rmsprop.create({}, context), lr: 0.01 },
  { name: "Madgrad", optimizer: madgrad.create({}, context), lr: 0.01 },
  {
    name: "Muon",
    optimizer: muon.create(muonDefaults, context),
    lr: 0.01,
    bias: "AdamW",
  },
  {
    name: "Muon_nesterov_rms",
    optimizer: muon.create(
      { ...muonDefaults, nesterov: true, muon_adjust_lr_fn: "match_rms_adamw" },
      context,
    ),
    lr: 0.01,
    bias: "AdamW",
  },
];

for (const { name, optimizer, lr, bias = name } of cases) {
  Deno.test(`optimizer ${name} follows torch over six steps`, async () => {
    const parameters = new Parameters();
    const scope = parameters.scope();
    const w = scope.parameter("w", [6, 4], () => golden.w0.data.slice());
    const b = scope.parameter("b", [5], () => golden.b0.data.slice());
    // A loss whose gradients are the golden ones.
    const loss = add(
      reduceSum(mul(w, input("grad_w", "float32", [6, 4]))),
      reduceSum(mul(b, input("grad_b", "float32", [5]))),
    );
    const list = parameters.list();
    const state = await TrainState.create(list, 0);
    await state.addOptimizer(list, optimizer);
    const step = await TrainStep.create({
      parameters: list,
      loss,
      outputs: {},
      optimizer,
      parameterOptions: () => ({ lrScale: 1, weightDecay: 0.05 }),
    }, state);
    for (let i = 0; i < 6; i++) {
      const feed = (key: string, shape: number[]) =>
        ({ dtype: "float32", shape, data: golden[`grad${i}.${key}`].data }) as const;
      await step.run({ grad_w: feed("w", [6, 4]), grad_b: feed("b", [5]) }, lr);
      const errorW = relativeError(state.parameter("w").data, golden[`${name}.w${i + 1}`].data);
      assert(errorW <= 1e-6, `w after step ${i + 1}: ${errorW}`);
      const errorB = relativeError(state.parameter("b").data, golden[`${bias}.b${i + 1}`].data);
      assert(errorB <= 1e-6, `b after step ${i + 1}: ${errorB}`);
    }
    assertEquals(state.step, 6);
    await step.release();
  });
}
