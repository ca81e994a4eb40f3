import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { frozen, Parameters } from "../../../engine/nn/scope.ts";
import {
  type StoredTensor,
  storedTensor,
  type TorchValue,
  writeTorchFile,
} from "../../../engine/storage/torch/torch_file.ts";
import {
  type CheckpointPlan,
  checkpointTree,
  type Progress,
  restoreCheckpoint,
} from "../../../engine/train/checkpoint.ts";
import { TrainState } from "../../../engine/train/state.ts";
import { adamW } from "../../../plugins/optimizer/AdamW.ts";
import { sgd } from "../../../plugins/optimizer/SGD.ts";
import { readTorchFile } from "../../_read_torch_file.ts";
import { inFolder } from "../../_training.ts";

const PROGRESS: Progress = {
  epoch: 2,
  step: 12,
  seed: 7,
  best_metric: "val_Accuracy",
  best_value: 1,
  best_epoch: 1,
};

/** A frozen encoder, and a head whose bias is not decayed. */
function plan(optimizer = adamW.create({}, { lr: 0.1 })): CheckpointPlan {
  const parameters = new Parameters();
  frozen(parameters.scope()).linear("encoder.fc", 2, 2);
  parameters.scope().linear("head.fc", 2, 3);
  return {
    parameters: parameters.list(),
    samples: { shape: [2], bags: false },
    aliases: (name) => name.startsWith("head.") ? [`cls_${name}`] : [],
    optimizer,
    parameterOptions: ({ name }) => ({
      lrScale: 1,
      weightDecay: name.endsWith("bias") ? 0 : 0.05,
    }),
    lr: 0.1,
  };
}

/** Buffers for a plan, all numbers different. */
async function stateOf({ parameters, optimizer }: CheckpointPlan, first = 1): Promise<TrainState> {
  const state = await TrainState.create(parameters, 0);
  await state.addOptimizer(parameters, optimizer);
  state.step = PROGRESS.step;
  let next = first;
  for (const { name } of parameters) {
    const tensors = [state.parameter(name), ...Object.values(state.optimizerState(name))];
    for (const { data } of tensors) for (let i = 0; i < data.length; i++) data[i] = next++;
  }
  return state;
}

type Tree = Map<string | number, TorchValue>;

/** What PyTorch sees of a checkpoint. */
async function written(
  folder: string,
  made: CheckpointPlan,
): Promise<{ file: string; tree: Tree }> {
  const file = join(folder, "last.pt");
  await writeTorchFile(file, checkpointTree(await stateOf(made), made, PROGRESS, 0.025));
  return { file, tree: readTorchFile(file) as Tree };
}

Deno.test("checkpointTree() is laid out as torch lays out model and optimizer", async () => {
  await inFolder(async (folder) => {
    const { tree } = await written(folder, plan());
    assertEquals([...tree.keys()], ["epoch", "model", "optimizer", "glovita"]);
    assertEquals(tree.get("epoch"), 2);
    const model = tree.get("model") as Tree;
    assertEquals([...model.keys()], [
      "encoder.fc.weight",
      "encoder.fc.bias",
      "head.fc.weight",
      "head.fc.bias",
      "cls_head.fc.weight",
      "cls_head.fc.bias",
    ]);
    const data = (name: string) => (model.get(name) as StoredTensor).data;
    assertStrictEquals(data("cls_head.fc.weight").buffer, data("head.fc.weight").buffer);
    const { state, param_groups } = Object.fromEntries(tree.get("optimizer") as Tree);
    assertEquals([...(state as Tree).keys()], [0, 1]);
    const keys = [...((state as Tree).get(0) as Tree).keys()];
    assertEquals(keys, ["step", "exp_avg", "exp_avg_sq"]);
    const groups = (param_groups as Tree[]).map((group) => Object.fromEntries(group));
    const rates = groups.map(({ lr, initial_lr, weight_decay, params }) => {
      return [lr, initial_lr, weight_decay, params];
    });
    assertEquals(rates, [
      [0.025, 0.1, 0.05, [0]],
      [0.025, 0.1, 0, [1]],
    ]);
  });
});

Deno.test("restoreCheckpoint() restores every number, and how far training was", async () => {
  await inFolder(async (folder) => {
    for (const optimizer of [undefined, sgd.create({ nesterov: false }, { lr: 0.1 })]) {
      const made = plan(optimizer);
      const { file } = await written(folder, made);
      const expected = await stateOf(made);
      const restored = await stateOf(made, 1000);
      restored.step = 0;
      assertEquals(restoreCheckpoint(restored, made, file), PROGRESS);
      assertEquals(restored.step, PROGRESS.step);
      for (const { name } of made.parameters) {
        assertEquals(restored.parameter(name), expected.parameter(name));
        assertEquals(restored.optimizerState(name), expected.optimizerState(name));
      }
    }
  });
});

Deno.test("restoreCheckpoint() keeps a best value that is not a number", async () => {
  await inFolder(async (folder) => {
    const made = plan();
    const state = await stateOf(made);
    const file = join(folder, "last.pt");
    const progress = { ...PROGRESS, best_value: NaN };
    await writeTorchFile(file, checkpointTree(state, made, progress, 0.1));
    assertEquals(restoreCheckpoint(state, made, file), progress);
  });
});

Deno.test("restoreCheckpoint() names what a checkpoint lacks, or has in another form", async () => {
  await inFolder(async (folder) => {
    const made = plan();
    const { file, tree } = await written(folder, made);
    const state = await stateOf(made);
    const model = tree.get("model") as Tree;
    const weight = model.get("head.fc.weight");
    const cases: [change: (name: Tree) => void, message: string][] = [
      [
        (tree) => tree.delete("glovita"),
        "glovita did not write it; --training.init_checkpoint takes its weights",
      ],
      [(tree) => tree.delete("optimizer"), 'it has no entry "optimizer"'],
      [(tree) => tree.set("model", null), 'it has no entry "encoder.fc.weight"'],
      [
        (tree) => tree.set("model", new Map(model).set("head.fc.weight", "text")),
        '"head.fc.weight" is not a tensor, expected float32 [3,2]',
      ],
      [
        (tree) => tree.set("model", new Map(model).set("head.fc.bias", weight!)),
        '"head.fc.bias" is float32 [3,2], expected float32 [3]',
      ],
    ];
    for (const [change, message] of cases) {
      const changed = new Map(tree);
      change(changed);
      await writeTorchFile(file, changed);
      const error = assertThrows(() => restoreCheckpoint(state, made, file), DataError);
      assertEquals(error.message, `Cannot resume from "${file}": ${message}`);
    }
    for (const tree of [null, 3, "text", [1]]) {
      await writeTorchFile(file, tree);
      assertThrows(() => restoreCheckpoint(state, made, file), DataError);
    }
    assert(state.step === PROGRESS.step);
  });
});

/** Values that say how far training was, and cannot. */
const ODD_PROGRESS: readonly (readonly [key: string, value: TorchValue, state: string])[] = [
  ["epoch", "x", '"epoch" is not a whole number from 0'],
  ["epoch", -5, '"epoch" is not a whole number from 0'],
  ["epoch", 1.5, '"epoch" is not a whole number from 0'],
  ["epoch", NaN, '"epoch" is not a whole number from 0'],
  ["epoch", true, '"epoch" is not a whole number from 0'],
  ["epoch", null, '"epoch" is not a whole number from 0'],
  [
    "epoch",
    storedTensor("float32", [], Float32Array.of(2)),
    '"epoch" is not a whole number from 0',
  ],
  ["step", 1e30, '"step" is not a whole number from 0'],
  ["step", [12], '"step" is not a whole number from 0'],
  ["seed", 2n ** 70n, '"seed" is not a whole number from 0'],
  ["best_value", "0.9", '"best_value" is not a number'],
  ["best_value", { value: 1 }, '"best_value" is not a number'],
  ["best_epoch", -1, '"best_epoch" is not a whole number from 0'],
  ["best_epoch", 3, '"best_epoch" is not an epoch up to 2, the last one'],
  ["best_metric", 1, '"best_metric" is not text'],
];

Deno.test("restoreCheckpoint() believes no number unseen, and then restores nothing", async () => {
  await inFolder(async (folder) => {
    const made = plan();
    const { file, tree } = await written(folder, made);
    const state = await stateOf(made, 1000);
    const before = state.parameter("head.fc.bias").data.slice();
    for (const [key, value, message] of ODD_PROGRESS) {
      const changed = new Map(tree);
      const extra = new Map(changed.get("glovita") as Tree);
      (key === "epoch" ? changed : extra).set(key, value);
      await writeTorchFile(file, changed.set("glovita", extra));
      const error = assertThrows(() => restoreCheckpoint(state, made, file), DataError);
      assertEquals(error.message, `Cannot resume from "${file}": ${message}`);
      assertEquals(error.dataset, key);
      assertEquals(state.parameter("head.fc.bias").data, before);
    }
  });
});
