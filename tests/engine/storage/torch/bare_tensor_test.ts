import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { openBareTensor } from "../../../../engine/storage/torch/bare_tensor.ts";
import {
  storedTensor,
  toFloat32,
  type TorchValue,
  writeTorchFile,
} from "../../../../engine/storage/torch/torch_file.ts";
import { TemporaryFolder, TORCH_FOLDER } from "../testdata.ts";

const tensor = storedTensor("float32", [2], Float32Array.of(1, 2));

function failure(path: string): string {
  const { message } = assertThrows(() => openBareTensor(path), DataError);
  assert(!message.includes("\n"));
  return message.replace(`Cannot read "${path}": `, "");
}

Deno.test("openBareTensor() opens what torch.save writes of one tensor", () => {
  const file = openBareTensor(`${TORCH_FOLDER}/bare_tensor.pt`);
  assertEquals([file.tensor.dtype, file.tensor.shape], ["float32", [2, 3]]);
  assertEquals(toFloat32(file.tensor.read("features")).data.length, 6);
  file.close();
  file.close();
  assertThrows(() => file.tensor.read("features"), DataError, "it is closed");
});

Deno.test("openBareTensor() says what a file holds instead of a tensor", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.pt");
  const lines: readonly (readonly [TorchValue, string])[] = [
    [{ a: tensor, b: tensor, c: tensor }, "a dictionary of 3 tensors"],
    [{ a: tensor }, "a dictionary of 1 tensor"],
    [{ a: tensor, epoch: 3 }, "a dictionary of 2 values, 1 tensor among them"],
    [{}, "a dictionary of 0 values, 0 tensors among them"],
    [[tensor, tensor], "a list of 2 tensors"],
    ["text", "a plain value"],
    [null, "a plain value"],
  ];
  for (const [value, what] of lines) {
    await writeTorchFile(path, value);
    assertEquals(failure(path), `it holds ${what}, expected one tensor`);
  }
});

Deno.test("openBareTensor() refuses what PyTorch pickles otherwise", () => {
  const lines: readonly (readonly [string, string])[] = [
    ["numpy_array.pt", "it holds a NumPy array, expected one tensor"],
    [
      "sparse_tensor.pt",
      "it holds a tensor of type sparse, which is not supported, expected one tensor",
    ],
    ["namespace.pt", 'it holds an object of "argparse.Namespace", expected one tensor'],
    [
      "whole_module.pt",
      "it holds a dictionary of 1 value, 0 tensors among them, expected one tensor",
    ],
    ["model.safetensors", "it is a safetensors file, not a PyTorch file"],
  ];
  for (const [name, line] of lines) assertEquals(failure(`${TORCH_FOLDER}/${name}`), line);
  assertEquals(failure(`${TORCH_FOLDER}/none.pt`), "the file does not exist");
});
