/** Checkpoints that peft reads; runs where GLOVITA_PYTHON names a Python with timm and peft. */
import { assertEquals, assertLess } from "@std/assert";
import { join } from "node:path";
import { TrainedModel } from "../../../jobs/predict/trained_model.ts";
import { relativeError } from "../../_golden.ts";
import { peftFlags, runFlags, writeImages } from "../../_peft_runs.ts";
import { inFolder } from "../../_training.ts";

const python = Deno.env.get("GLOVITA_PYTHON");

/** Methods as peft is told of them, with the defaults of ours. */
const TARGETS = `["attn.qkv", "attn.proj", "mlp.fc2"]`;
const CONFIGS: Readonly<Record<string, string>> = {
  lora: `LoraConfig(r=8, lora_alpha=16, target_modules=${TARGETS})`,
  loha: `LoHaConfig(r=4, alpha=1, target_modules=${TARGETS})`,
  lokr: `LoKrConfig(r=4, alpha=1, target_modules=${TARGETS})`,
  ia3: `IA3Config(target_modules=["attn.qkv", "mlp.fc1"], feedforward_modules=["mlp.fc1"])`,
  vera: `VeraConfig(r=8, save_projection=False, target_modules=${TARGETS})`,
};

/** Puts our numbers into peft's models, under the names of the second half, and predicts. */
const READ = `
import json, sys
import peft, timm, torch

torch.set_num_threads(1)
kwargs = dict(img_size=16, patch_size=8, embed_dim=16, depth=2, num_heads=2)
images = torch.frombuffer(bytearray(open(sys.argv[2], "rb").read()), dtype=torch.float32)

def read(file, config):
    state = torch.load(file, weights_only=True)["model"]
    base = timm.create_model("test_vit", pretrained=False, num_classes=0, **kwargs)
    model = peft.get_peft_model(base, eval("peft." + config))
    own = {name[len("model."):]: value for name, value in state.items() if name.startswith("model.")}
    missing, unexpected = model.load_state_dict(own, strict=False)
    # The projections of VeRA are drawn from their key.
    missing = [name for name in missing if "vera_A" not in name and "vera_B" not in name]
    with torch.no_grad():
        tokens = base.eval().forward_features(images.reshape(-1, 3, 16, 16))
        features = tokens[:, base.num_prefix_tokens:].mean(1)
        weight, bias = (state["cls_head.fc.fc." + last] for last in ("weight", "bias"))
        logits = torch.nn.functional.linear(features, weight, bias)
    return [missing, unexpected, logits.flatten().tolist()]

print(json.dumps([read(*case) for case in json.loads(sys.argv[1])]))
`;

type Read = readonly [missing: string[], unexpected: string[], logits: number[]];

function readByPeft(cases: readonly (readonly string[])[], images: string): readonly Read[] {
  const args = ["-c", READ, JSON.stringify(cases), images];
  const { stdout, stderr, success } = new Deno.Command(python!, { args }).outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test({
  name: "peft reads what its methods have trained (needs GLOVITA_PYTHON with timm and peft)",
  ignore: !python,
  fn: () =>
    inFolder(async (root) => {
      await writeImages(root);
      const features = Float32Array.from({ length: 2 * 3 * 256 }, (_, at) => Math.sin(7 * at));
      const images = join(root, "images.bin");
      await Deno.writeFile(images, new Uint8Array(features.buffer));
      const cases: [string, string][] = [];
      for (const [method, config] of Object.entries(CONFIGS)) {
        const { directory } = await runFlags(peftFlags(root, method));
        cases.push([join(directory, "checkpoints", "last.pt"), config]);
      }
      const results = readByPeft(cases, images);
      assertEquals(results.length, cases.length);
      for (const [index, [missing, unexpected, logits]] of results.entries()) {
        assertEquals([missing, unexpected], [[], []], cases[index][1]);
        await using model = await TrainedModel.load(cases[index][0]);
        const found = (await model.predict({ features })).flatMap(({ logits }) => [...logits]);
        assertLess(relativeError(Float32Array.from(found), logits), 1e-4, cases[index][1]);
      }
    }),
});
