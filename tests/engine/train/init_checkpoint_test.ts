import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import { type StoredTensor, storedTensor } from "../../../engine/storage/tensor_types.ts";
import { writeTorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { WeightsFile } from "../../../engine/storage/weights_file.ts";
import { readInitialWeights } from "../../../engine/train/init_checkpoint.ts";
import { inFolder } from "../../_training.ts";

const parameters = new Parameters();
parameters.scope().linear("head.fc", 2, 1);

/** Each parameter may also go without its first name. */
const request = {
  parameters: parameters.list(),
  names: (name: string) => [name.replace("head.", "cls_head."), name.replace("head.", "")],
};

function tensor(shape: number[], ...values: number[]): StoredTensor {
  return storedTensor("float32", shape, Float32Array.from(values));
}

/** Opens a file of tensors. */
async function withTensors(
  tensors: Readonly<Record<string, StoredTensor>>,
  run: (file: WeightsFile) => void,
): Promise<void> {
  await inFolder(async (folder) => {
    await writeTorchFile(`${folder}/w.pt`, tensors);
    using file = WeightsFile.open(`${folder}/w.pt`);
    run(file);
  });
}

Deno.test("readInitialWeights() takes a parameter under any of its names", async () => {
  for (const prefix of ["head.", "cls_head.", "", "model.", "module.head."]) {
    const tensors = {
      [`${prefix}fc.bias`]: tensor([1], 3),
      [`${prefix}fc.weight`]: tensor([1, 2], 1, 2),
    };
    await withTensors(tensors, (file) => {
      const { values, unused, notices } = readInitialWeights(file, request);
      assertEquals([...values], [
        ["head.fc.weight", Float32Array.of(1, 2)],
        ["head.fc.bias", Float32Array.of(3)],
      ]);
      assertEquals([unused, notices], [[], []]);
    });
  }
});

Deno.test("readInitialWeights() tells what no parameter took, aliases aside", async () => {
  const tensors = {
    "encoder.weight": tensor([1], 0),
    "head.fc.weight": tensor([1, 2], 1, 2),
    "cls_head.fc.weight": tensor([1, 2], 1, 2),
    "head.fc.bias": tensor([1], 3),
  };
  await withTensors(tensors, (file) => {
    const { unused } = readInitialWeights(file, request);
    assertEquals(unused.map(({ name }) => name), ["encoder.weight"]);
  });
});

Deno.test("readInitialWeights() names a tensor that is missing or of another shape", async () => {
  const weight = { "fc.weight": tensor([1, 2], 1, 2) };
  await withTensors(weight, (file) => {
    const missing = assertThrows(() => readInitialWeights(file, request), DataError);
    const state = `it lacks 1 of the model's 2 tensors: "head.fc.bias" [1]`;
    assertEquals(missing.message, `Cannot load weights from "${file.path}": ${state}`);
    assertEquals([missing.file, missing.dataset], [file.path, "head.fc.bias"]);
  });
  await withTensors({ ...weight, "fc.bias": tensor([2], 1, 2) }, (file) => {
    const other = assertThrows(() => readInitialWeights(file, request), DataError);
    const state = '"fc.bias" has shape [2], the model wants [1]';
    assertEquals(other.message, `Cannot load weights from "${file.path}": ${state}`);
  });
});

Deno.test("readInitialWeights() looks where a key says", async () => {
  const student = { "student.fc.weight": tensor([1, 2], 1, 2), "student.fc.bias": tensor([1], 3) };
  const teacher = { "teacher.fc.weight": tensor([1, 2], 4, 5), "teacher.fc.bias": tensor([1], 6) };
  await withTensors({ ...student, ...teacher }, (file) => {
    const bias = (key?: string) =>
      readInitialWeights(file, { ...request, key }).values.get("head.fc.bias");
    assertEquals([bias(), bias("student")], [Float32Array.of(6), Float32Array.of(3)]);
  });
});
