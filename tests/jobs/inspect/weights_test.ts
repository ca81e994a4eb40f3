import { assertEquals } from "@std/assert";
import { dirname } from "node:path";
import { writeSafetensors } from "../../../engine/storage/safetensors.ts";
import { storedTensor } from "../../../engine/storage/tensor_types.ts";
import { writeTorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { inFolder, runConfig, writeSplits } from "../../_training.ts";
import { train } from "../../../jobs/train/train.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";
import { inspectAs } from "./_found.ts";

const tensor = (...values: number[]) =>
  storedTensor("float32", [values.length], Float32Array.from(values));

Deno.test("inspect() says which tensors a file of weights holds", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("weights.safetensors");
  await writeSafetensors(path, new Map([["a", tensor(1, 2)], ["b", tensor(3)]]));
  const { format, keys, tensors, parameters, problems } = await inspectAs("weights", path);
  assertEquals([format, keys, parameters, problems], ["safetensors", [], 3, []]);
  assertEquals(tensors, [
    { name: "a", dtype: "float32", shape: [2] },
    { name: "b", dtype: "float32", shape: [1] },
  ]);
});

Deno.test("inspect() takes the dictionary with the most values, and counts shared tensors once", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("checkpoint.pt");
  const shared = Float32Array.of(1, 2, 3);
  const model = {
    a: storedTensor("float32", [3], shared),
    alias: storedTensor("float32", [3], shared),
  };
  await writeTorchFile(path, { epoch: 4, ema: { decay: tensor(0.9) }, model });
  const { keys, others, epoch, parameters } = await inspectAs("weights", path);
  assertEquals([keys, others, epoch, parameters], [["model"], ["ema"], 4, 3]);
});

Deno.test("inspect() names weights that are not finite", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("weights.pt");
  await writeTorchFile(path, { a: tensor(1), b: tensor(1, NaN), c: tensor(-Infinity) });
  const { problems } = await inspectAs("weights", path);
  assertEquals(problems, [`Cannot use "${path}": "b" holds NaN; 2 tensors hold NaN or Inf`]);
  assertEquals((await inspectAs("weights", path, { scan: false })).problems, []);
});

Deno.test("inspect() says what a run was, from its directory, its group or a checkpoint", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = { exp_dir: `${folder}/experiments`, "training.epochs": "2" };
    const [{ directory, bestValue }] = await train(runConfig(files, flags));
    const { runs: [run], problems } = await inspectAs("run", directory);
    assertEquals([problems, run.epochs, run.wantedEpochs, run.fold], [[], 2, 2, 0]);
    assertEquals([run.plugins.dataset, run.plugins.head_type], [
      ...["precomputed_features", "classification"],
    ]);
    assertEquals(run.best?.value, bestValue);
    assertEquals((await inspectAs("run", dirname(directory))).runs, [run]);
    const best = await inspectAs("weights", `${directory}/checkpoints/best.pt`);
    assertEquals([best.run?.best, best.keys, best.epoch], [run.best, ["model"], run.best?.epoch]);

    await Deno.writeTextFile(`${directory}/checkpoints/last.pt`, "");
    const damaged = await inspectAs("run", directory);
    assertEquals(damaged.problems, [
      `Cannot read "${directory}/checkpoints/last.pt": it is an empty file, not a PyTorch or ` +
      "safetensors file",
    ]);
  });
});
