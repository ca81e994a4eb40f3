/** What plugins are checked with besides, or instead of, the smallest options. */
import { join } from "node:path";
import type { Slot } from "../../registry/plugin.ts";
import type { PluginCheckOptions } from "../../registry/testing/mod.ts";
import { writeBagSplits } from "../_bags.ts";
import { PRODUCERS, writeCohort } from "../_slides.ts";
import { type Files, writeSplits } from "../_training.ts";
import { imagePath } from "../engine/images/_images.ts";
import { modelFile } from "../engine/onnx/_models.ts";
import { CIFAR_FOLDER, UNCHECKED } from "./dataset/_cifar.ts";
import { LAYOUTS, writeLayout } from "./dataset/_layouts.ts";

/** Options of one check of a plugin. */
export type Options = PluginCheckOptions<Slot, unknown>;

/** Options by slot and key; those that need files write them into the given folder. */
export const CASES: Readonly<
  Record<string, readonly Options[] | ((folder: string) => Promise<readonly Options[]>)>
> = {
  "dataset cifar10": [{ config: UNCHECKED, context: { dataRootDir: CIFAR_FOLDER } }],
  "dataset cifar100": [{ config: UNCHECKED, context: { dataRootDir: CIFAR_FOLDER } }],
  ...Object.fromEntries(LAYOUTS.map((layout) => [
    `dataset ${layout.key}`,
    async (folder: string) => {
      await writeLayout(folder, layout);
      return [{ config: layout.options ?? {}, context: { dataRootDir: folder } }];
    },
  ])),
  "dataset generic_image_dataset": async (folder) => [{
    config: { num_classes: 2, split_source: "subdirs", label_source: "folder" },
    context: { dataRootDir: await writeImages(folder) },
  }],
  "dataset precomputed_features": async (folder) => {
    const single = await writeSplits(await made(folder, "single"));
    const bags = await writeBagSplits(await made(folder, "bags"));
    return [featureFiles(3, single), featureFiles(2, bags)];
  },
  "dataset slide_features": async (folder) => {
    const { root, ...clam } = PRODUCERS.clam;
    const labels_file = await writeCohort(folder, 8);
    return [
      { config: clam, context: { dataRootDir: root, fold: 0 } },
      { config: { labels_file, bag_level: "patient" }, context: { dataRootDir: folder } },
    ];
  },
  "encoder_type onnx": ["tokens", "map", "grey"].map((name) => ({
    config: { file: modelFile(name) },
  })),
  "encoder_type precomputed": [
    {},
    { config: { feature_dim: 5 }, context: { sampleShape: [5] } },
  ],
  "encoder_type timm": [
    timmModel("test_vit", { depth: 1 }),
    // Statistics of a small batch bend its graph too much for differences of float32; its gradients
    // are compared with PyTorch's in encoder_type/timm_training_test.ts.
    { ...timmModel("test_resnet"), skip: ["has the gradients of finite differences"] },
    timmModel("test_convnext"),
    { ...timmModel("test_efficientnet"), skip: ["has the gradients of finite differences"] },
    // Its gradients are compared with PyTorch's in engine/nn/vision/swin_transformer_test.ts.
    {
      ...timmModel("swin_tiny_patch4_window7_224", {
        ...{ embed_dim: 8, depths: [1, 2, 1, 1], num_heads: [1, 2, 2, 2], window_size: 2 },
      }),
      skip: ["has the gradients of finite differences"],
    },
  ],
  "head_type abmil": [
    { config: { hidden_dim: 8, attention_dim: 4, dropout: 0.3, input_dropout: 0.2 } },
    { config: { hidden_dim: 8, attention_dim: 4, gated: false, heads: 3 } },
  ],
  "head_type clam": [
    { config: { size_arg: "tiny" } },
    { config: { size_arg: "tiny", variant: "sb", gate: false, dropout: 0.3, cosine_head: false } },
    { config: { size_arg: "tiny", instance_eval: true, attn_drop: 0.3 } },
    // Its consistency loss has the dense logits as a target, which no gradient changes.
    {
      config: { size_arg: "tiny", stochastic_topk: true },
      skip: ["has the gradients of finite differences"],
    },
  ],
  "head_type dsmil": [
    {},
    { config: { nonlinear: false, passing_v: true, dropout_v: 0.3, max_loss_weight: 0.5 } },
  ],
  "head_type max_pool": [{}, { config: { hidden_dim: 4, dropout: 0.3 } }],
  "head_type mean_pool": [{}, { config: { hidden_dim: 4, dropout: 0.3 } }],
  "head_type transmil": [
    { config: { dim: 8, heads: 2, num_landmarks: 4 } },
    { config: { dim: 6, heads: 1, num_landmarks: 3, pinv_iterations: 2, dropout: 0 } },
  ],
  // Wherever the environment has runs go.
  "logger mlflow": async (folder) => [{ config: { tracking_uri: await made(folder, "mlflow") } }],
  "peft adalora": [{}, { config: { adalora_dropout: 0.3, lora_bias: "lora_only" } }],
  "peft adapt_former": [
    { config: { bottleneck: 3 } },
    {
      config: { bottleneck: 3, mode: "sequential", adapter_layernorm_option: "out", dropout: 0.2 },
    },
  ],
  "peft boft": [{ config: { boft_block_size: 3, boft_dropout: 0.5 } }],
  "peft fourierft": [{ config: { fourierft_n_frequency: 10, fourierft_scaling: 5 } }],
  "peft full_finetuning": [{ skip: ["freezes something of the encoder"] }],
  "peft loha": [{}, { config: { loha_dropout: 0.3, loha_rank_dropout: 0.3 } }],
  "peft lokr": [{}, { config: { lokr_dropout: 0.3, lokr_rank_dropout: 0.3, lokr_rank: 1 } }],
  "peft lora": [
    {},
    { config: { lora_dropout: 0.3, lora_bias: "all" } },
    // The lengths of rows are constant for the gradient, though updates change them.
    { config: { use_dora: true }, skip: ["has the gradients of finite differences"] },
  ],
  "peft linear_probing": [{ skip: ["lets something of the encoder train"] }],
  "peft visual_prompt_tuning": [
    {},
    { config: { num_tokens: 2, deep: false, project_dim: 3, dropout: 0.3 } },
  ],
  "policy autoaugment": [{}, { context: { dataset: "imagenet" } }],
  "policy baseline": [{}, { context: { dataset: "imagenet" } }],
  "policy dataset_specific": ["flowers102", "pcam"].map((dataset) => ({ context: { dataset } })),
  "policy default": [undefined, "aid", "pcam"].map((dataset) => ({ context: { dataset } })),
  "policy dino": [{}, { context: { use: "test" } }],
  "policy native": [{}, { context: { use: "test" } }],
  "peft oft": [
    { config: { oft_r: 3, oft_dropout: 0.4 } },
    { config: { oft_r: 2, oft_use_cayley_neumann: false, oft_bias: "all" } },
    // No gradient sees how far angles are cut off.
    {
      config: { oft_r: 2, oft_coft: true, oft_eps: 0.1 },
      skip: ["has the gradients of finite differences"],
    },
  ],
};

function featureFiles(num_classes: number, { train, val, test }: Files): Options {
  const files = {
    train_features_file: train,
    val_features_file: val,
    test_features_file: test,
  };
  return { config: { num_classes, ...files } };
}

/** One of timm's small models for tests, on small images. */
function timmModel(type: string, model_kwargs: Record<string, unknown> = {}): Options {
  return {
    config: { type, pretrained: false, model_kwargs },
    context: { sampleShape: [3, 32, 32] },
  };
}

/** Folders of splits, in them folders of classes. */
async function writeImages(folder: string): Promise<string> {
  for (const split of ["train", "val", "test"]) {
    for (const name of ["cat/one.png", "cat/two.png", "dog/one.png"]) {
      const path = join(folder, "images", split, name);
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await Deno.copyFile(imagePath("rgb.png"), path);
    }
  }
  return folder;
}

async function made(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  await Deno.mkdir(path);
  return path;
}
