import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { frozen, Parameters } from "../../../engine/nn/scope.ts";
import {
  readTorchFile,
  type StoredTensor,
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
      const { file, tree } = await written(folder, made);
      const expected = await stateOf(made);
      const restored = await stateOf(made, 1000);
      restored.step = 0;
      assertEquals(restoreCheckpoint(restored, tree, made, file), PROGRESS);
      assertEquals(restored.step, PROGRESS.step);
      for (const { name } of made.parameters) {
        assertEquals(restored.parameter(name), expected.parameter(name));
        assertEquals(restored.optimizerState(name), expected.optimizerState(name));
      }
    }
  });
});

Deno.test("restoreCheckpoint() keeps a best value that is no number", async () => {
  await inFolder(async (folder) => {
    const made = plan();
    const state = await stateOf(made);
    const file = join(folder, "last.pt");
    const progress = { ...PROGRESS, best_value: NaN };
    await writeTorchFile(file, checkpointTree(state, made, progress, 0.1));
    assertEquals(restoreCheckpoint(state, readTorchFile(file), made, file), progress);
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
      [(tree) => tree.delete("glovita"), 'it has no entry "glovita"'],
      [(tree) => tree.delete("optimizer"), 'it has no entry "optimizer"'],
      [(tree) => tree.set("model", null), 'it has no entry "encoder.fc.weight"'],
      [
        (tree) => tree.set("model", new Map(model).set("head.fc.weight", "text")),
        '"head.fc.weight" is no tensor, expected float32 [3,2]',
      ],
      [
        (tree) => tree.set("model", new Map(model).set("head.fc.bias", weight!)),
        '"head.fc.bias" is float32 [3,2], expected float32 [3]',
      ],
    ];
    for (const [change, message] of cases) {
      const changed = new Map(tree);
      change(changed);
      const restore = () => restoreCheckpoint(state, changed, made, file);
      const error = assertThrows(restore, DataError);
      assertEquals(error.message, `Cannot resume from "${file}": ${message}`);
    }
    for (const tree of [null, 3, "text", [1]]) {
      assertThrows(() => restoreCheckpoint(state, tree, made, file), DataError);
    }
    assert(state.step === PROGRESS.step);
  });
});
