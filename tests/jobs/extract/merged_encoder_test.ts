/** Each PEFT method: a checkpoint builds it again, and what can be merged gives the same features. */
import "../../../plugins/mod.ts";
import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { join } from "node:path";
import { Random } from "../../../engine/random.ts";
import { initialValues } from "../../../engine/nn/initial_values.ts";
import { Session } from "../../../engine/runtime/session.ts";
import { WeightsFile } from "../../../engine/storage/weights_file.ts";
import { storedTensor, writeTorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { encoderGraph, loadWeights } from "../../../jobs/extract/encoder.ts";
import { mergeableEncoder, mergedEncoder } from "../../../jobs/extract/merged_encoder.ts";
import {
  type AdapterOptions,
  buildEncoder,
  type EncoderStack,
} from "../../../registry/builder/model.ts";
import { resolveExtractConfig } from "../../../registry/config/extract.ts";
import { flag } from "../../../registry/config/flag.ts";
import { extractFeatures } from "../../../jobs/extract/extract.ts";
import { Hdf5File } from "../../../engine/storage/hdf5/hdf5.ts";
import { writeClassImages } from "../../_class_images.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { registry } from "../../../registry/registry.ts";
import { relativeError } from "../../_golden.ts";
import { ruleWeights } from "../../_timm.ts";
import { inFolder } from "../../_training.ts";

const SHAPE = [3, 16, 16];

function encoderWith(peft: Readonly<Record<string, unknown>>) {
  const model_kwargs = { img_size: 16, patch_size: 8, embed_dim: 12, depth: 2, num_heads: 3 };
  const { config } = resolveExtractConfig({
    file: {
      data: { dataset: "cifar10" },
      model: {
        encoder: { encoder_type: "timm", type: "test_vit", pretrained: false, model_kwargs },
      },
      method: "avg",
      peft,
    },
  });
  const samples = { name: "made up", sampleShape: SHAPE };
  return mergeableEncoder((options: AdapterOptions) =>
    buildEncoder({ config, registry }, samples, { method: "avg", ...options })
  );
}

type Values = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

/** Values as after training: none of those of adapters is what it was. */
function trainedValues({ parameters }: EncoderStack): Values {
  return new Map(parameters.map(({ name, shape }) => [name, ruleWeights(name, shape)]));
}

async function featuresOf(stack: EncoderStack, values: Values): Promise<Float32Array> {
  const session = await Session.compile(encoderGraph(stack, { values }));
  const random = new Random(4);
  const data = Float32Array.from({ length: 2 * 3 * 16 * 16 }, () => random.normal());
  const { features } = await session.run({
    samples: { dtype: "float32", shape: [2, ...SHAPE], data },
  });
  await session.release();
  return Float32Array.from(features.data as Float32Array);
}

/** Writes what a checkpoint holds of an encoder: its second names alone. */
async function written(folder: string, stack: EncoderStack, values: Values): Promise<WeightsFile> {
  const model = stack.parameters.map(({ name, shape }) => {
    const second = stack.names(name).find((other) => other.startsWith("model."))!;
    return [second, storedTensor("float32", shape, values.get(name)!)] as const;
  });
  const path = join(folder, "last.pt");
  await writeTorchFile(path, { model: Object.fromEntries(model) });
  return WeightsFile.open(path);
}

/** Methods that can be merged, and how many layers of two blocks they change. */
const MERGED: readonly [Readonly<Record<string, unknown>>, number][] = [
  [{ method: "lora" }, 6],
  [{ method: "lora", use_dora: true, lora_target_modules: ["attn.proj"] }, 2],
  [{ method: "adalora", adalora_init_rank: 5 }, 8],
  [{ method: "loha" }, 6],
  [{ method: "lokr" }, 6],
  [{ method: "oft", oft_r: 4 }, 8],
  [{ method: "oft", oft_r: 3, oft_coft: true, oft_eps: 0.5, oft_use_cayley_neumann: false }, 8],
  [{ method: "boft", boft_block_size: 4 }, 8],
  [{ method: "vera" }, 6],
  [{ method: "ia3" }, 4],
  [{ method: "fourierft", fourierft_n_frequency: 20, fourierft_scaling: 5 }, 8],
  [{ method: "fact" }, 8],
  [{ method: "ssf" }, 12],
  [{ method: "difffit" }, 12],
  [{ method: "bitfit" }, 0],
  [{ method: "full_finetuning" }, 0],
];

/** Methods that cannot. */
const REFUSED: readonly [Readonly<Record<string, unknown>>, string][] = [
  [{ method: "rep_adapter" }, '"encoder.model.blocks.0.attn.qkv" is not a linear map'],
  [{ method: "adapt_former" }, '"encoder.model.blocks.0.mlp_branch" is made of several layers'],
  [{ method: "convpass" }, '"encoder.model.blocks.0.mlp_branch" is made of several layers'],
];

for (const peft of [...MERGED, ...REFUSED].map(([peft]) => peft)) {
  Deno.test(`${JSON.stringify(peft)} is rebuilt with its checkpoint`, async () => {
    await inFolder(async (folder) => {
      const { stack } = await encoderWith(peft);
      const values = trainedValues(stack);
      using checkpoint = await written(folder, stack, values);
      const rebuilt = (await encoderWith(peft)).stack;
      const loaded = await loadWeights(rebuilt, { checkpoint });
      assertEquals(await featuresOf(rebuilt, loaded.values), await featuresOf(stack, values));
    });
  });
}

for (const [peft, layers] of MERGED) {
  const method = String(peft.method);
  Deno.test(`${JSON.stringify(peft)} is merged into weights`, async () => {
    const encoder = await encoderWith(peft);
    const { stack } = encoder;
    const values = trainedValues(stack);
    const features = await featuresOf(stack, values);
    const merged = await mergedEncoder(encoder, { values }, method);
    const { stack: plain } = await encoderWith({ method: "full_finetuning" });
    const names = merged.stack.parameters.map(({ name }) => name);
    assertEquals(names, plain.parameters.map(({ name }) => name));
    assertLess(relativeError(await featuresOf(plain, merged.values), features), 1e-5);
    const without = relativeError(await featuresOf(plain, values), features);
    if (layers > 0) assert(without > 1e-2, `${without}`);
    assertEquals(merged.notices, [
      layers > 0
        ? `the adapters of "${method}" are merged into the weights of ${layers} layers`
        : `"${method}" has no adapters: merge_adapters changes nothing`,
    ]);
  });
}

Deno.test("methods whose adapters are no part of weights are refused", async () => {
  for (const [peft, state] of REFUSED) {
    const encoder = await encoderWith(peft);
    // Untrained adapters give nothing, and are refused all the same.
    const values = initialValues(encoder.stack.parameters, 5);
    const merge = () => mergedEncoder(encoder, { values }, String(peft.method));
    const { message } = await assertRejects(merge, ConfigError);
    assertEquals(
      message,
      `peft.method: cannot merge the adapters of "${peft.method}" into weights: ${state}`,
    );
  }
});

/** Extracts features of a few images, and gives rows, attributes and notices. */
async function extracted(root: string, peft: string, flags: Readonly<Record<string, string>>) {
  const all = {
    "data.dataset": "generic_image_dataset",
    "data.data_root_dir": root,
    "data.num_classes": "2",
    "data.split_source": "subdirs",
    "data.label_source": "folder",
    "model.encoder.type": "test_vit",
    "model.encoder.pretrained": "false",
    "model.encoder.model_kwargs": '{"img_size": 16, "patch_size": 8, "embed_dim": 12, "depth": 1}',
    "peft.method": peft,
    precision: "32",
    split: "val",
    output_dir: root,
    "dataloading.num_workers": "1",
    ...flags,
  };
  const words = Object.entries(all).map(([path, value]) => flag(path, value));
  const { config } = resolveExtractConfig({ flags: words });
  const notices: string[] = [];
  const [{ file }] = await extractFeatures(config, {
    onEvent: (event) => event.type === "notice" && notices.push(event.message),
  });
  using open = await Hdf5File.open(file);
  const rows = (await open.dataset("features")).readRows(0, 2) as Float32Array;
  return { attributes: open.attributes(), rows: Float32Array.from(rows), notices };
}

Deno.test("extractFeatures() merges adapters, and records it", async () => {
  await inFolder(async (root) => {
    await writeClassImages(root, { counts: { val: 1 }, side: 16, seed: 3 });
    const few = { "peft.fourierft_n_frequency": "20", "peft.fourierft_scaling": "5" };
    const flags = { merge_adapters: "true", output_filename: "merged.h5" };
    const plain = await extracted(root, "fourierft", few);
    const merged = await extracted(root, "fourierft", { ...few, ...flags });
    assertLess(relativeError(merged.rows, plain.rows), 1e-5);
    assertEquals([plain, merged].map(({ attributes }) => attributes.get("merge_adapters")), [
      undefined,
      "true",
    ]);
    assertEquals(merged.notices.filter((line) => line.includes("merged")), [
      'the adapters of "fourierft" are merged into the weights of 4 layers',
    ]);
    await assertRejects(() => extracted(root, "convpass", flags), ConfigError, "cannot merge");
  });
});
