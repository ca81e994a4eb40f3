/** Runs of GloViTa's with the methods of peft: names as it writes them, numbers as PyTorch's. */
import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { loadStateDict } from "../../../engine/storage/state_dict.ts";
import type { Parameter } from "../../../engine/nn/scope.ts";
import { type StoredTensor, storedTensor } from "../../../engine/storage/tensor_types.ts";
import { OrderedDict, writeTorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { WeightsFile } from "../../../engine/storage/weights_file.ts";
import { readInitialWeights } from "../../../engine/train/init_checkpoint.ts";
import { loadWeights } from "../../../jobs/extract/encoder.ts";
import { infer } from "../../../jobs/predict/infer.ts";
import { TrainedModel } from "../../../jobs/predict/trained_model.ts";
import "../../../plugins/mod.ts";
import { createDataset } from "../../../registry/builder/dataset.ts";
import { assembleModel, buildEncoder } from "../../../registry/builder/model.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { registry } from "../../../registry/registry.ts";
import { readJson, relativeError } from "../../_golden.ts";
import { ruleNumbers, ruleWeights } from "../../_timm.ts";
import { peftFlags, runFlags, testFeatures, writeImages } from "../../_peft_runs.ts";
import { inFolder, readRunJson } from "../../_training.ts";

interface Golden {
  readonly batch: number;
  readonly image_size: number;
  readonly model_kwargs: Readonly<Record<string, unknown>>;
  readonly cases: readonly {
    readonly method: string;
    readonly options: Readonly<Record<string, unknown>>;
    readonly names: readonly string[];
    readonly logits: readonly number[];
  }[];
}

const PEFT = "base_model.model.";
const golden = readJson<Golden>("peft/peft.json");
const cases = golden.cases.filter(({ method, names }) =>
  registry.has("peft", method) && names.every((name) => name.startsWith(PEFT))
);

/** Halves of a state dict: what stands before the names of peft, and whether `base_model` does. */
const HALVES = {
  encoder: ["encoder.model.", PEFT],
  model: ["model.", PEFT],
  // Until a forward pass has run.
  early: ["encoder.model.", ""],
} as const;

const LAYOUTS: Readonly<Record<string, readonly (keyof typeof HALVES)[]>> = {
  "both halves": ["encoder", "model"],
  "both halves before a forward pass": ["early", "model"],
  "the first half": ["encoder"],
  "the first half before a forward pass": ["early"],
  "the second half": ["model"],
};

/** GloViTa's config of such a run, as far as it decides the model. */
function configOf(root: string, { method, options }: typeof cases[number]) {
  return {
    data: {
      dataset: "generic_image_dataset",
      data_root_dir: root,
      num_classes: 3,
      task: "Classification",
      subtask: "multiclass",
      fold: null,
      augmentation: { train_policy: "default", test_policy: "default", image_size: 16 },
    },
    model: {
      encoder: {
        encoder_type: "timm",
        type: "test_vit",
        pretrained: false,
        input_channels: 3,
        model_kwargs: golden.model_kwargs,
      },
      head: { head_type: "classification", dropout: 0 },
      feature_aggregation_method: "avg",
    },
    peft: { method, ...options },
  };
}

/** The name that the rule of weights knows a tensor by. */
function natural(name: string): string {
  return name.replace(PEFT, "").replace(".base_layer.", ".");
}

/** The weights of a case, by the rule of the tests. */
function valueOf({ name, shape }: Pick<Parameter, "name" | "shape">): Float32Array<ArrayBuffer> {
  return ruleWeights(name.replace("encoder.model.", "").replace("head.fc.fc.", "head."), shape);
}

function stateDict(
  names: readonly string[],
  parameters: readonly Parameter[],
  halves: readonly (keyof typeof HALVES)[],
): OrderedDict {
  const tensors = new Map(parameters.map((parameter): [string, StoredTensor] => [
    parameter.name,
    storedTensor("float32", parameter.shape, valueOf(parameter)),
  ]));
  const entries = halves.flatMap((half) => {
    const [place, start] = HALVES[half];
    return names.map((name) =>
      [
        place + name.replace(PEFT, start),
        tensors.get(`encoder.model.${natural(name)}`)!,
      ] as const
    );
  });
  const head = ["cls_head", "head"].flatMap((place) =>
    ["weight", "bias"].map((last) =>
      [`${place}.fc.fc.${last}`, tensors.get(`head.fc.fc.${last}`)!] as const
    )
  );
  return new OrderedDict([...entries, ...head]);
}

async function assemble(tree: Record<string, unknown>) {
  const { config } = resolveConfig({ file: tree }, registry);
  const sources = { config, registry };
  const { dataset } = await createDataset(sources);
  const samples = { name: "images", sampleShape: [3, 16, 16] };
  return {
    stack: await assembleModel(sources, dataset, { ...samples, bags: false }),
    encoder: await buildEncoder(sources, samples),
  };
}

/** `RUN/checkpoints/last.pt`, beside what GloViTa calls a resolved config. */
async function writeRun(run: string, tree: unknown, weights: OrderedDict): Promise<string> {
  await Deno.mkdir(join(run, "checkpoints"), { recursive: true });
  await Deno.writeTextFile(join(run, "config.json"), JSON.stringify(tree));
  const resolved = { encoder_preprocessing: {}, augmentation: {} };
  await Deno.writeTextFile(join(run, "resolved_config.json"), JSON.stringify(resolved));
  const file = join(run, "checkpoints", "last.pt");
  await writeTorchFile(file, { epoch: 3, model: weights, optimizer: {} });
  return file;
}

async function logitsOf(file: string): Promise<number[]> {
  await using model = await TrainedModel.load(file);
  const pixels = ruleNumbers("input0", golden.batch * 3 * golden.image_size ** 2);
  const features = Float32Array.from(pixels, (s) => 2 * s);
  return (await model.predict({ features })).flatMap(({ logits }) => [...logits]);
}

for (const each of cases) {
  Deno.test(`GloViTa's runs with ${each.method} ${JSON.stringify(each.options)} load`, async () => {
    await inFolder(async (root) => {
      const tree = configOf(root, each);
      const { stack: { model: { parameters }, names }, encoder } = await assemble(tree);
      for (const [layout, halves] of Object.entries(LAYOUTS)) {
        const weights = stateDict(each.names, parameters, halves);
        const file = await writeRun(join(root, layout), tree, weights);
        assertLess(relativeError(Float32Array.from(await logitsOf(file)), each.logits), 1e-4);
        using opened = WeightsFile.open(file);
        const given = readInitialWeights(opened, { parameters, names, key: null });
        assertEquals([given.unused, given.notices], [[], []], layout);
        for (const each of parameters) assertEquals(given.values.get(each.name), valueOf(each));
        const { values, notices } = await loadWeights(encoder, { checkpoint: opened });
        assertEquals(notices, [], layout);
        for (const each of encoder.parameters) {
          assertEquals(values.get(each.name), valueOf(each));
        }
      }
    });
  });
}

Deno.test("GloViTa's runs with prompts load, whose blocks have a third name", async () => {
  await inFolder(async (root) => {
    const each = golden.cases.find(({ method }) => method === "visual_prompt_tuning")!;
    const tree = configOf(root, each);
    const { stack: { model: { parameters }, names } } = await assemble(tree);
    const halves = stateDict(each.names, parameters, ["encoder", "model"]);
    const entries = [...halves];
    const third = entries.map(([name, tensor]) => [String(name), tensor] as const)
      .filter(([name]) => name.startsWith("model.blocks."))
      .map(([name, tensor]) => [name.slice("model.".length), tensor] as const);
    assertEquals(third.length, 24);
    const file = await writeRun(join(root, "run"), tree, new OrderedDict([...entries, ...third]));
    assertLess(relativeError(Float32Array.from(await logitsOf(file)), each.logits), 1e-4);
    using opened = WeightsFile.open(file);
    const given = readInitialWeights(opened, { parameters, names, key: null });
    assertEquals([given.unused, given.notices], [[], []]);
  });
});

/** One of our runs as GloViTa would have written it: the second half, and its own two configs. */
async function asGlovitas(directory: string, run: string): Promise<string> {
  const state = loadStateDict(join(directory, "checkpoints", "last.pt"));
  const kept = [...state].filter(([name]) => /^(?:model|cls_head)\./.test(name));
  const weights = new OrderedDict(
    kept.map(([name, { shape, data }]) => [name, storedTensor("float32", shape, data)]),
  );
  const { data, model, peft } = readRunJson(directory, "config.json");
  return await writeRun(run, { data, model, peft }, weights);
}

Deno.test("a run of GloViTa's with LoRA predicts, extracts and starts another run", async () => {
  await inFolder(async (root) => {
    await writeImages(root);
    const flags = peftFlags(root, "lora");
    const { directory } = await runFlags(flags);
    const file = await asGlovitas(directory, join(root, "glovita", "0"));
    const written = await Deno.readTextFile(join(directory, "predictions_test.csv"));
    const found = await infer([{ exp_dir: join(root, "glovita", "0"), checkpoint: "last" }]);
    assertEquals(found.predictions.ids.length, 6);
    assertEquals(await Deno.readTextFile(found.file), written);

    const own = join(directory, "checkpoints", "last.pt");
    const theirs = await testFeatures(file, join(root, "theirs"));
    assertEquals(theirs, await testFeatures(own, join(root, "ours")));

    const next = await runFlags({
      ...flags,
      "training.init_checkpoint": file,
      "optimizer.lr": "1e-30",
    });
    const [first, second] = [directory, next.directory].map((path) =>
      Deno.readTextFileSync(join(path, "predictions_test.csv"))
    );
    assertEquals(second, first);

    const resume = () => runFlags({ ...flags, "training.resume": join(root, "glovita", "0") });
    const error = await assertRejects(resume, DataError);
    assertEquals(
      error.message,
      `Cannot resume from "${file}": glovita did not write it; --training.init_checkpoint takes ` +
        "its weights",
    );
  });
});
