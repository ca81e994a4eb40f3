/** Every method: trained, saved, and built again for inference and extraction. */
import { assert, assertEquals, assertLess, assertNotEquals } from "@std/assert";
import { join } from "node:path";
import { initialValues } from "../../../engine/nn/initial_values.ts";
import type { Parameter } from "../../../engine/nn/scope.ts";
import { TorchFile } from "../../../engine/storage/torch/reader.ts";
import { loadStateDict } from "../../../engine/storage/state_dict.ts";
import { readMasks } from "../../../engine/train/masks.ts";
import { infer } from "../../../jobs/predict/infer.ts";
import { buildModel } from "../../../registry/builder/build_model.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { registry } from "../../../registry/registry.ts";
import { KNOWN_METHODS, peftFlags, runFlags, testFeatures, writeImages } from "../../_peft_runs.ts";
import { inFolder, readRunJson } from "../../_training.ts";

const methods = registry.list("peft");

Deno.test("every method that tests know options of is registered", () => {
  assertEquals(KNOWN_METHODS.filter((method) => !methods.includes(method)), []);
});

for (const method of methods) {
  Deno.test(`${method} trains what it says, and is rebuilt from its checkpoint`, async () => {
    await inFolder(async (root) => {
      await writeImages(root);
      const { directory } = await runFlags(peftFlags(root, method));
      const file = join(directory, "checkpoints", "last.pt");
      const state = loadStateDict(file);
      await checkTrained(directory, file, state);
      const scores = await checkInference(directory);
      await checkExtraction(root, file, { state, scores });
    });
  });
}

type State = ReturnType<typeof loadStateDict>;

async function modelParameters(directory: string): Promise<readonly Parameter[]> {
  const tree = readRunJson(directory, "resolved_config.json");
  const { config } = resolveConfig({ file: tree }, registry);
  return (await buildModel(config, { sampleShape: [3, 16, 16] })).parameters;
}

/** What trains has moved; everything else has the bits that it began with. */
async function checkTrained(directory: string, file: string, state: State): Promise<void> {
  const parameters = await modelParameters(directory);
  const masks = masksOf(file, parameters);
  let moved = 0;
  const initial = initialValues(parameters, 5);
  for (const { name, trainable } of parameters) {
    const [before, after] = [initial.get(name)!, state.get(name)!.data];
    if (!trainable) assertEquals(after, before, name);
    const mask = masks.get(name);
    if (mask) {
      for (const [at, value] of before.entries()) {
        if (mask[at] === 0 && after[at] !== value) throw new Error(`${name} has moved at ${at}`);
      }
    }
    if (trainable && before.some((value, at) => value !== after[at])) moved++;
  }
  assert(moved >= 2, `${moved} parameters have moved`);
  const { parameters: counts } = readRunJson<{
    readonly parameters: Readonly<Record<string, { trainable: number; total: number }>>;
  }>(directory, "runtime_info.json");
  const total = parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  assertEquals(Object.values(counts).reduce((sum, count) => sum + count.total, 0), total);
  assertEquals(counts.head, { trainable: 34, total: 34 });
}

function masksOf(file: string, parameters: readonly Parameter[]) {
  using opened = TorchFile.open(file);
  const own = opened.tree instanceof Map ? opened.tree.get("glovita") : undefined;
  const chosen = own instanceof Map && own.has("masks");
  return chosen ? readMasks(file, parameters) : new Map<string, Uint8Array>();
}

/** Inference gives the very numbers of training. */
async function checkInference(directory: string): Promise<Float32Array> {
  const written = await Deno.readTextFile(join(directory, "predictions_test.csv"));
  const { predictions, file } = await infer([{ exp_dir: directory }]);
  assertEquals(await Deno.readTextFile(file), written);
  assertNotEquals(predictions.scores[0], 0.5);
  return predictions.scores;
}

/** The head makes of extracted features what the model makes of images. */
async function checkExtraction(
  root: string,
  file: string,
  { state, scores }: { readonly state: State; readonly scores: Float32Array },
): Promise<void> {
  const features = await testFeatures(file, join(root, "features"));
  const weight = state.get("head.fc.fc.weight")!.data;
  const bias = state.get("head.fc.fc.bias")!.data;
  for (let sample = 0; sample < 6; sample++) {
    const row = features.subarray(16 * sample, 16 * sample + 16);
    const [first, second] = [0, 1].map((label) =>
      row.reduce((sum, x, at) => sum + x * weight[16 * label + at], bias[label])
    );
    const expected = scores[2 * sample + 1];
    assertLess(Math.abs(1 / (1 + Math.exp(first - second)) - expected), 1e-5);
  }
}
