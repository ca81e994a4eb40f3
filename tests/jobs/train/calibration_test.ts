/** Runs whose entries are chosen before training: what stays, what resumes, and what is refused. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError, TrainingError } from "../../../engine/errors.ts";
import type { Parameter } from "../../../engine/nn/scope.ts";
import { storedTensor } from "../../../engine/storage/tensor_types.ts";
import { loadStateDict } from "../../../engine/storage/state_dict.ts";
import { readMasks } from "../../../engine/train/masks.ts";
import { type TorchValue, writeTorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { readTorchFile } from "../../_read_torch_file.ts";
import { peftFlags, runFlags, writeImages } from "../../_peft_runs.ts";
import {
  checkpointBytes,
  type Flags,
  inFolder,
  ofType,
  type Outcome,
  readRunJson,
} from "../../_training.ts";

/** What moves every entry that an optimizer reaches: decay, momentum, clipped and summed gradients. */
const MOVING: Flags = {
  "optimizer.weight_decay": "0.1",
  "training.gradient_accumulation_steps": "2",
  "training.gradient_clip_val": "1",
};

const MATRIX = "encoder.model.blocks.0.mlp.fc1.weight";

function stateOf({ directory }: Outcome) {
  return loadStateDict(join(directory, "checkpoints", "last.pt"));
}

Deno.test("gps moves the chosen entries, and no optimizer the others", async () => {
  await inFolder(async (root) => {
    await writeImages(root);
    const flags = { ...peftFlags(root, "gps"), ...MOVING };
    const still = await runFlags({ ...flags, "optimizer.lr": "1e-30" });
    const before = stateOf(still);
    for (const key of ["AdamW", "Muon"]) {
      const run = await runFlags({ ...flags, "optimizer.name": key });
      const { shape, data } = stateOf(run).get(MATRIX)!;
      const moved = [...data.keys()].filter((at) => data[at] !== before.get(MATRIX)!.data[at]);
      const rows = moved.map((at) => Math.floor(at / shape[1]));
      assertEquals(new Set(rows).size, rows.length, "one entry of a row");
      assert(moved.length > shape[0] / 2, `${moved.length} entries have moved`);
      const masks = readMasks(join(run.directory, "checkpoints", "last.pt"), [
        { name: MATRIX, shape } as Parameter,
      ]);
      assert(moved.every((at) => masks.get(MATRIX)![at] === 1));
    }
    const [{ parameterCounts, parameters }] = ofType(still.events, "run");
    const sum = parameterCounts.reduce((all, { trainable }) => all + trainable, 0);
    assertEquals(parameters, sum);
    // One connection of each of 16 + 2·(48 + 16 + 48 + 16) neurons, as many biases, and the head.
    assertEquals(parameterCounts.map(({ group, trainable }) => [group, trainable]), [
      ["encoder", 2 * (16 + 2 * (48 + 16 + 48 + 16))],
      ["head", 34],
    ]);
  });
});

Deno.test("gps resumes with the entries that it has chosen", async () => {
  await inFolder(async (root) => {
    await writeImages(root);
    const flags = { ...peftFlags(root, "gps"), ...MOVING };
    const whole = await runFlags({ ...flags, "training.epochs": "2" });
    const half = await runFlags({ ...flags, "logger.group": "half" });
    const { directory } = await runFlags({
      ...flags,
      "training.epochs": "2",
      "training.resume": half.directory,
    });
    assertEquals(checkpointBytes(directory), checkpointBytes(whole.directory));
    const counts = ({ directory }: Outcome) =>
      readRunJson(directory, "runtime_info.json").parameters;
    assertEquals(counts({ ...half, directory }), counts(whole));

    const last = join(directory, "checkpoints", "last.pt");
    const tree = readTorchFile(last) as Map<string, TorchValue>;
    const own = new Map(tree.get("glovita") as Map<string, TorchValue>);
    own.delete("masks");
    await writeTorchFile(last, new Map(tree).set("glovita", own));
    const resume = () =>
      runFlags({ ...flags, "training.epochs": "3", "training.resume": directory });
    const error = await assertRejects(resume, DataError);
    assertEquals(
      error.message,
      `Cannot resume from "${last}": it does not say which entries of parameters train`,
    );
  });
});

Deno.test("gps stops at a loss that is not a number before training", async () => {
  await inFolder(async (root) => {
    await writeImages(root);
    const flags = peftFlags(root, "gps");
    const first = await runFlags(flags);
    const last = join(first.directory, "checkpoints", "last.pt");
    const tree = readTorchFile(last) as Map<string, TorchValue>;
    const weights = new Map(tree.get("model") as Map<string, TorchValue>);
    const file = join(root, "broken.pt");
    const names = [...weights.keys()].filter((name) => name.endsWith("fc.fc.bias"));

    const broken = storedTensor("float32", [2], Float32Array.of(NaN, 0));
    for (const name of names) weights.set(name, broken);
    await writeTorchFile(file, new Map([["model", weights]]));
    const error = await assertRejects(
      () => runFlags({ ...flags, "training.init_checkpoint": file }),
      TrainingError,
    );
    assertEquals(
      error.message,
      "Cannot choose what trains: the loss is NaN before training, in batch 0",
    );
  });
});
