import { assertEquals } from "@std/assert";
import {
  elementCount,
  findTensorType,
  storedTensor,
  TENSOR_TYPES,
  type TensorType,
  toFloat32,
} from "../../../engine/storage/tensor_types.ts";

Deno.test("TENSOR_TYPES has one name of each kind per type", () => {
  const names = Object.keys(TENSOR_TYPES) as TensorType[];
  for (const name of names) {
    const { storage, safetensors } = TENSOR_TYPES[name];
    assertEquals(findTensorType((info) => info.safetensors === safetensors), name);
    if (storage) assertEquals(findTensorType((info) => info.storage === storage), name);
  }
  assertEquals(findTensorType((info) => info.safetensors === "F4"), undefined);
});

Deno.test("toFloat32() reads a view into the middle of a buffer", () => {
  const all = new Float32Array([0, 1, 2, 3]);
  const tensor = storedTensor("float32", [2], all.subarray(1, 3));
  const { data } = toFloat32(tensor);
  assertEquals(data, new Float32Array([1, 2]));
  data[0] = 9;
  assertEquals(all[1], 1, "the result must have memory of its own");
});

Deno.test("elementCount() of a shape with a zero is zero", () => {
  assertEquals(elementCount([3, 0, 2]), 0);
});
