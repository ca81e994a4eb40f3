import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { FeatureWriter } from "../../../engine/features/feature_writer.ts";
import { storedTensor, writeTorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { loadStateDict } from "../../../engine/storage/state_dict.ts";
import { train } from "../../../jobs/train/train.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { registry } from "../../../registry/registry.ts";
import "../../../plugins/mod.ts";
import { goldenJson, type GoldenTensor, goldenTensors } from "../../_golden.ts";
import { readTorchFile } from "../../_read_torch_file.ts";
import { inFolder } from "../../_training.ts";

interface GoldenRun {
  readonly head: Readonly<Record<string, unknown>>;
  readonly embed_dim: number;
  readonly num_classes: number;
  readonly steps: readonly { readonly loss: number }[];
}

/** The golden batch without its padding, as a bag file. */
async function writeBags(path: string, tensors: Record<string, GoldenTensor>): Promise<void> {
  const [bags, longest, width] = tensors.features.shape;
  const writer = await FeatureWriter.create(path, { embedDim: width, precision: 32 });
  for (let bag = 0; bag < bags; bag++) {
    const start = bag * longest * width;
    const rows = tensors.lengths.data[bag];
    const features = tensors.features.data.subarray(start, start + rows * width);
    writer.appendBag(features, tensors.labels.data[bag]);
  }
  writer.close();
}

/** A state dict as CLAM writes it in Python: bare names, nothing around them. */
async function writeState(path: string, tensors: Record<string, GoldenTensor>): Promise<void> {
  const state = Object.entries(tensors)
    .filter(([name]) => name.startsWith("state."))
    .map(([name, { shape, data }]) =>
      [name.slice("state.".length), storedTensor("float32", shape, data)] as const
    );
  await writeTorchFile(path, new Map(state));
}

for (
  const name of [
    "mb_default",
    "mb_instance_subtyping",
    "mb_plain_big",
    "mb_topk",
    "sb_default",
    "sb_everything",
    "sb_instance",
    "sb_plain",
  ]
) {
  Deno.test(`train() on a bag file from a CLAM checkpoint repeats golden ${name}`, async () => {
    await inFolder(async (folder) => {
      const golden = goldenJson<GoldenRun>(`clam_${name}.json`);
      const tensors = goldenTensors(`clam_${name}.safetensors`);
      const [bags, state] = [join(folder, "bags.h5"), join(folder, "clam.pt")];
      await writeBags(bags, tensors);
      await writeState(state, tensors);
      const { config } = resolveConfig({
        file: {
          data: {
            dataset: "precomputed_features",
            num_classes: golden.num_classes,
            train_features_file: bags,
            val_features_file: bags,
          },
          model: {
            encoder: { encoder_type: "precomputed", feature_dim: golden.embed_dim },
            head: { head_type: "clam", ...golden.head },
          },
          optimizer: { lr: 1e-3, weight_decay: 0.05, scheduler: "none" },
          dataloading: { batch_size: 4, shuffle_train: false, num_workers: 0 },
          training: { epochs: golden.steps.length, seed: 0, init_checkpoint: state },
          exp_dir: join(folder, "experiments"),
        },
      }, registry);
      const losses: number[] = [];
      const [done] = await train(config, {
        onEvent: (event) => event.type === "batch" && losses.push(event.loss),
      });
      assertEquals(losses.length, golden.steps.length);
      for (const [step, { loss }] of golden.steps.entries()) {
        const error = Math.abs(losses[step] - loss);
        assert(error <= 1e-5 * Math.max(1, loss), `step ${step}: ${losses[step]}, golden ${loss}`);
      }
      const last = join(done.directory, "checkpoints", "last.pt");
      const trained = loadStateDict(last);
      for (const [key, { shape }] of Object.entries(tensors)) {
        if (!key.startsWith("after5.")) continue;
        const bare = key.slice("after5.".length);
        assertEquals(trained.get(`head.${bare}`)?.shape, shape, bare);
        assertEquals(trained.get(`cls_head.${bare}`)?.shape, shape, bare);
      }
      assertEquals((readTorchFile(last) as Map<string, unknown>).get("epoch"), 4);
    });
  });
}
