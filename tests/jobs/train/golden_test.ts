/** The linear model that PyTorch trained, trained again through the public parts. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { loadStateDict } from "../../../engine/storage/state_dict.ts";
import { writeSafetensors } from "../../../engine/storage/safetensors.ts";
import { storedTensor, writeTorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { goldenJson, type GoldenTensor, goldenTensors, relativeError } from "../../_golden.ts";
import { checkpointBytes, inFolder, ofType, runTrain, writeHdf5 } from "../../_training.ts";

const golden = goldenTensors("linear_training.safetensors");
const recipe = goldenJson<{ step_losses: number[] }>("linear_training.json");

const FLAGS = {
  "data.num_classes": "5",
  "model.encoder.feature_dim": "12",
  "dataloading.shuffle_train": "false",
  "training.epochs": "4",
  "training.gradient_clip_val": "1.0",
  "task.label_smoothing": "0.1",
};

function stored({ shape, data }: GoldenTensor) {
  return storedTensor("float32", shape, data);
}

Deno.test("train() follows PyTorch: every loss to 1e-5, the weights to 1e-4", async () => {
  await inFolder(async (folder) => {
    const { labels, features } = golden;
    const path = await writeHdf5(join(folder, "golden.h5"), {
      features: { data: features.data, shape: features.shape },
      labels: { data: BigInt64Array.from(labels.data, BigInt), shape: labels.shape },
    });
    const weight = stored(golden["init.weight"]);
    const bias = stored(golden["init.bias"]);
    const torchFile = join(folder, "initial.pt");
    await writeTorchFile(torchFile, { "fc.fc.weight": weight, "fc.fc.bias": bias });
    const safetensors = join(folder, "initial.safetensors");
    const names = new Map([["head.fc.fc.weight", weight], ["head.fc.fc.bias", bias]]);
    await writeSafetensors(safetensors, names);

    const files = { folder, train: path, val: path, test: path };
    const written: Uint8Array[] = [];
    for (const file of [torchFile, safetensors]) {
      const flags = { ...FLAGS, "training.init_checkpoint": file };
      const { directory, events } = await runTrain(files, flags);
      const losses = ofType(events, "batch").map(({ loss }) => loss);
      assertEquals(losses.length, recipe.step_losses.length);
      const error = relativeError(losses, recipe.step_losses);
      assert(error <= 1e-5, `losses: ${error}`);
      const weights = loadStateDict(join(directory, "checkpoints", "last.pt"));
      for (const name of ["weight", "bias"]) {
        const { data } = weights.get(`head.fc.fc.${name}`)!;
        const error = relativeError(data, golden[`final.${name}`].data);
        assert(error <= 1e-4, `${name}: ${error}`);
      }
      written.push(checkpointBytes(directory));
    }
    assertEquals(written[0], written[1]);
  });
});
