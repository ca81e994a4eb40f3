import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import type { FloatTensor } from "../../../engine/storage/tensor_types.ts";
import { matchInitialWeights } from "../../../engine/train/init_checkpoint.ts";

const parameters = new Parameters();
parameters.scope().linear("head.fc", 2, 1);

/** Each parameter may also go without its first name. */
const options = {
  parameters: parameters.list(),
  names: (name: string) => [name.replace("head.", "cls_head."), name.replace("head.", "")],
  file: "w.pt",
};

function tensor(shape: number[], ...values: number[]): FloatTensor {
  return { shape, data: Float32Array.from(values) };
}

Deno.test("matchInitialWeights() takes a parameter under any of its names", () => {
  const weight = tensor([1, 2], 1, 2);
  const bias = tensor([1], 3);
  for (const prefix of ["head.", "cls_head.", ""]) {
    const tensors = new Map([[`${prefix}fc.bias`, bias], [`${prefix}fc.weight`, weight]]);
    const { values, unused } = matchInitialWeights(tensors, options);
    assertEquals([...values], [["head.fc.weight", weight.data], ["head.fc.bias", bias.data]]);
    assertEquals(unused, []);
  }
});

Deno.test("matchInitialWeights() tells what no parameter took, aliases aside", () => {
  const tensors = new Map([
    ["encoder.weight", tensor([1], 0)],
    ["head.fc.weight", tensor([1, 2], 1, 2)],
    ["cls_head.fc.weight", tensor([1, 2], 1, 2)],
    ["head.fc.bias", tensor([1], 3)],
  ]);
  assertEquals(matchInitialWeights(tensors, options).unused, ["encoder.weight"]);
});

Deno.test("matchInitialWeights() names a tensor that is missing or of another shape", () => {
  const weight: [string, FloatTensor] = ["fc.weight", tensor([1, 2], 1, 2)];
  const missing = assertThrows(() => matchInitialWeights(new Map([weight]), options), DataError);
  assertEquals(missing.message, 'Cannot start from "w.pt": it has no tensor "head.fc.bias"');
  assertEquals([missing.file, missing.dataset], ["w.pt", "head.fc.bias"]);
  const wide = new Map([weight, ["fc.bias", tensor([2], 1, 2)] as const]);
  const other = assertThrows(() => matchInitialWeights(wide, options), DataError);
  assertEquals(
    other.message,
    'Cannot start from "w.pt": "fc.bias" has shape [2], the model wants [1]',
  );
});
