/** What a step of LoRA computes: gradients of what trains, and nothing on the way to what is frozen. */
import { assertEquals, assertGreater } from "@std/assert";
import { gradients } from "../../../engine/autodiff/backward.ts";
import { reachable } from "../../../engine/ir/reachable.ts";
import { modelGraph } from "../../../engine/train/model.ts";
import { cifar10 } from "../../../plugins/dataset/cifar10.ts";
import { timm } from "../../../plugins/encoder_type/timm.ts";
import "../../../plugins/mod.ts";
import { fullFinetuning } from "../../../plugins/peft/full_finetuning.ts";
import { linearProbing } from "../../../plugins/peft/linear_probing.ts";
import { lora } from "../../../plugins/peft/lora.ts";
import { buildModel } from "../../../registry/builder/build_model.ts";
import { configure, type Configured } from "../../../registry/configure.ts";

/** Matrix products of a step's gradients, one after another, as `[rows, columns]` of the result. */
async function gradientProducts(method: Configured): Promise<string[]> {
  const model_kwargs = { img_size: 32, patch_size: 8, embed_dim: 12, depth: 2, num_heads: 3 };
  const model = await buildModel([
    configure(cifar10, { augmentation: { train_policy: "default" } }),
    configure(timm, { type: "test_vit", pretrained: false, model_kwargs }),
    method,
  ], { sampleShape: [3, 32, 32] });
  const { loss } = modelGraph(model, { training: true });
  const trained = model.parameters.filter(({ trainable }) => trainable);
  const forward = new Set(reachable([loss]));
  return reachable(gradients(loss, trained.map(({ tensor }) => tensor)))
    .filter((node) => node.op === "Gemm" && !forward.has(node))
    .map(({ types: [{ shape }] }) => shape.join("×"));
}

/** Shapes of the frozen weights: patches, qkv, proj, fc1 and fc2. */
const FROZEN = ["12×192", "36×12", "12×12", "36×12", "12×36"];

Deno.test("lora computes no gradient of a weight that is frozen", async () => {
  const products = await gradientProducts(configure(lora, { lora_rank: 2 }));
  assertEquals(products.filter((shape) => FROZEN.includes(shape)), []);
  assertGreater(products.filter((shape) => shape === "2×12").length, 0);
  const full = await gradientProducts(configure(fullFinetuning));
  assertEquals(FROZEN.filter((shape) => !full.includes(shape)), []);
});

Deno.test("lora computes no gradient before its first adapter", async () => {
  const targets = { lora_rank: 2, lora_target_modules: ["mlp.fc2"], lora_dropout: 0 };
  const products = await gradientProducts(configure(lora, targets));
  // On the way back to the first block: through fc1, proj and qkv of the second.
  assertEquals(products.filter((shape) => shape === "batch*17×12").length, 3);
});

Deno.test("linear_probing computes gradients of the head alone", async () => {
  assertEquals(await gradientProducts(configure(linearProbing)), ["10×12", "1×10"]);
});
