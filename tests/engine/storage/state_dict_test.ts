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
};

for (const [name, value] of Object.entries(WRAPPED)) {
  Deno.test(`loadStateDict() unwraps ${name}`, async () => {
    using folder = new TemporaryFolder();
    await writeTorchFile(folder.file("a.pt"), value);
    const state = loadStateDict(folder.file("a.pt"));
    assertEquals([...state], [["bias", { shape: [2], data: new Float32Array([1, 2]) }]]);
  });
}

Deno.test("loadStateDict() keeps one array for two names of a tensor", async () => {
  using folder = new TemporaryFolder();
  const shared = bias();
  await writeTorchFile(folder.file("a.pt"), { "model.bias": shared, "encoder.bias": shared });
  const state = loadStateDict(folder.file("a.pt"));
  assertStrictEquals(state.get("model.bias")?.data, state.get("encoder.bias")?.data);
});

const REFUSED: Readonly<Record<string, readonly [TorchValue, string]>> = {
  "a bare tensor": [bias(), "it holds a bare tensor of shape [2], not a state dict"],
  "a list": [[1], "it holds no state dict"],
  "a number": [{ model: { bias: bias(), lr: 1 } }, 'entry "lr" is not a tensor'],
  "an empty dict": [{}, "its state dict is empty"],
  "numbered entries": [new Map([[0, bias()]]), "key 0 is not the name of a tensor"],
  "a name twice": [{ bias: bias(), "module.bias": bias() }, "with and without a prefix"],
};

for (const [name, [value, reason]] of Object.entries(REFUSED)) {
  Deno.test(`loadStateDict() refuses ${name}`, async () => {
    using folder = new TemporaryFolder();
    await writeTorchFile(folder.file("a.pt"), value);
    assertThrows(() => loadStateDict(folder.file("a.pt")), DataError, reason);
  });
}

Deno.test("loadStateDict() refuses files that hold no weights", () => {
  using folder = new TemporaryFolder();
  for (const content of ["", "x", "no weights at all"]) {
    Deno.writeTextFileSync(folder.file("a.pt"), content);
    assertThrows(() => loadStateDict(folder.file("a.pt")), DataError, "Cannot read");
  }
});
