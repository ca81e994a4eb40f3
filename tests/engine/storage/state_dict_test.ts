import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { writeSafetensors } from "../../../engine/storage/safetensors.ts";
import { loadStateDict } from "../../../engine/storage/state_dict.ts";
import {
  storedTensor,
  type TorchValue,
  writeTorchFile,
} from "../../../engine/storage/torch/torch_file.ts";
import { TemporaryFolder, TORCH_FOLDER } from "./testdata.ts";

const bias = () => storedTensor("float32", [2], new Float32Array([1, 2]));

Deno.test("loadStateDict() reads a checkpoint of a data parallel model", () => {
  const state = loadStateDict(`${TORCH_FOLDER}/checkpoint.pt`);
  assertEquals([...state.keys()], [
    "0.weight",
    "0.bias",
    "1.weight",
    "1.bias",
    "1.running_mean",
    "1.running_var",
    "1.num_batches_tracked",
  ]);
  assertEquals(state.get("0.bias")?.shape, [2]);
  assertEquals(state.get("0.bias")?.data.map(Math.round), new Float32Array([7, 8]));
  assertEquals(state.get("1.num_batches_tracked")?.shape, []);
});

Deno.test("loadStateDict() reads a bare state dict and converts its types", () => {
  const state = loadStateDict(`${TORCH_FOLDER}/tensors.pt`);
  for (const name of ["a", "h", "b", "d"]) {
    assertEquals(state.get(name)?.data, new Float32Array([0, 1, 2, 3, 4, 5]));
  }
});

Deno.test("loadStateDict() reads safetensors whatever the file is called", async () => {
  using folder = new TemporaryFolder();
  const expected = loadStateDict(`${TORCH_FOLDER}/model.safetensors`);
  assertEquals(expected.get("fc.bias"), { shape: [2], data: new Float32Array([1, 2]) });
  Deno.copyFileSync(`${TORCH_FOLDER}/model.safetensors`, folder.file("weights.bin"));
  assertEquals(loadStateDict(folder.file("weights.bin")), expected);
  await writeSafetensors(folder.file("own"), new Map([["module.bias", bias()]]));
  assertEquals([...loadStateDict(folder.file("own")).keys()], ["bias"]);
});

const WRAPPED: Readonly<Record<string, TorchValue>> = {
  bare: { bias: bias() },
  model: { epoch: 1, model: { bias: bias() } },
  state_dict: { state_dict: { "module.bias": bias() } },
  model_state_dict: { model_state_dict: { "_orig_mod.module.bias": bias() } },
  twice: { model: { state_dict: { bias: bias(), _extra_state: null } } },
  "a network beside its optimizer": {
    net: { "model._orig_mod.bias": bias() },
    optimizer: { state: new Map([[0, { exp_avg: bias() }]]) },
    epoch: 3,
  },
};

for (const [name, value] of Object.entries(WRAPPED)) {
  Deno.test(`loadStateDict() unwraps ${name}`, async () => {
    using folder = new TemporaryFolder();
    await writeTorchFile(folder.file("a.pt"), value);
    const state = loadStateDict(folder.file("a.pt"));
    const [[key, values], ...others] = state;
    assertEquals([key.replace("model.", ""), others], ["bias", []]);
    assertEquals(values, { shape: [2], data: new Float32Array([1, 2]) });
  });
}

Deno.test("loadStateDict() keeps one array for two names of a tensor", async () => {
  using folder = new TemporaryFolder();
  const shared = bias();
  await writeTorchFile(folder.file("a.pt"), { "model.bias": shared, "encoder.bias": shared });
  const state = loadStateDict(folder.file("a.pt"));
  assertStrictEquals(state.get("model.bias")?.data, state.get("encoder.bias")?.data);
});

/** Dictionaries of one tensor; the values tell which was read. */
const tensors = (value: number) => ({
  w: storedTensor("float32", [1], Float32Array.of(value)),
});

const SEVERAL: Readonly<Record<string, TorchValue>> = {
  "averaged weights before raw ones": { state_dict: tensors(2), state_dict_ema: tensors(1) },
  "timm's other name of them": { model: tensors(2), model_ema: tensors(1) },
  "a state dict before a model": { model: tensors(2), state_dict: tensors(1) },
  "a network before what has no known name": { critic: tensors(2), net: tensors(1) },
  "the top level before what has no known name": { ...tensors(1), critic: tensors(2) },
  "a known name before the top level": { ...tensors(2), state_dict: tensors(1) },
};

for (const [order, value] of Object.entries(SEVERAL)) {
  Deno.test(`loadStateDict() reads ${order}`, async () => {
    using folder = new TemporaryFolder();
    await writeTorchFile(folder.file("a.pt"), value);
    assertEquals(loadStateDict(folder.file("a.pt")).get("w")?.data, Float32Array.of(1));
  });
}

Deno.test("loadStateDict() reads the dictionary that a key names", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.pt");
  await writeTorchFile(path, { state_dict: tensors(1), ema: { shadow: tensors(2) } });
  for (const [key, value] of [["state_dict", 1], ["ema.shadow", 2]] as const) {
    assertEquals(loadStateDict(path, { key }).get("w")?.data, Float32Array.of(value));
  }
  assertThrows(
    () => loadStateDict(path, { key: "ema" }),
    DataError,
    `Cannot load weights from "${path}": it has no state dict "ema", only "state_dict", "ema.shadow"`,
  );
});

const REFUSED: Readonly<Record<string, readonly [TorchValue, string]>> = {
  "a name twice": [{ bias: bias(), "module.bias": bias() }, "with and without a prefix"],
  "two networks": [
    { generator: tensors(1), critic: tensors(2) },
    'its state dicts cannot be told apart: "generator", "critic"',
  ],
};

for (const [name, [value, reason]] of Object.entries(REFUSED)) {
  Deno.test(`loadStateDict() refuses ${name}`, async () => {
    using folder = new TemporaryFolder();
    await writeTorchFile(folder.file("a.pt"), value);
    assertThrows(() => loadStateDict(folder.file("a.pt")), DataError, reason);
  });
}

Deno.test("loadStateDict() refuses a tensor of a type that it cannot read", () => {
  const path = `${TORCH_FOLDER}/objects.pt`;
  assertEquals(loadStateDict(path).size, 4);
  assertThrows(() => loadStateDict(path, { key: "others" }), DataError, 'tensor "coo" is sparse');
});
