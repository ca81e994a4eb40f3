import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { SafetensorsFile, writeSafetensors } from "../../../engine/storage/safetensors.ts";
import {
  type StoredTensor,
  storedTensor,
  TENSOR_TYPES,
  type TensorType,
  toFloat32,
} from "../../../engine/storage/tensor_types.ts";
import { TemporaryFolder, TORCH_FOLDER } from "./testdata.ts";

Deno.test("SafetensorsFile reads what Python wrote", () => {
  using file = SafetensorsFile.open(`${TORCH_FOLDER}/model.safetensors`);
  assertEquals(file.metadata, { format: "pt" });
  assertEquals([...file.entries.keys()].sort(), ["bf", "fc.bias", "fc.weight", "n"]);
  assertEquals(file.read("fc.weight").dtype, "float32");
  assertEquals(toFloat32(file.read("bf")), {
    shape: [2, 3],
    data: new Float32Array([0, 1, 2, 3, 4, 5]),
  });
  assertEquals(toFloat32(file.read("fc.bias")).data, new Float32Array([1, 2]));
  assertEquals(toFloat32(file.read("n")), { shape: [], data: new Float32Array([3]) });
  assertThrows(() => file.read("x"), DataError, 'tensor "x" is missing');
});

Deno.test("writeSafetensors() round trips every type, and gives the same bytes again", async () => {
  using folder = new TemporaryFolder();
  const tensors = new Map<string, StoredTensor>();
  for (const dtype of Object.keys(TENSOR_TYPES) as TensorType[]) {
    const bytes = new Uint8Array(3 * TENSOR_TYPES[dtype].format.size).fill(tensors.size);
    tensors.set(`t_${dtype}`, storedTensor(dtype, [1, 3], bytes));
  }
  tensors.set("empty", storedTensor("float32", [0, 4], new Float32Array(0)));
  await writeSafetensors(folder.file("a"), tensors, { format: "pt" });
  await writeSafetensors(folder.file("b"), new Map([...tensors].reverse()), { format: "pt" });
  assertEquals(Deno.readFileSync(folder.file("a")), Deno.readFileSync(folder.file("b")));
  using file = SafetensorsFile.open(folder.file("a"));
  assertEquals(file.entries.size, tensors.size);
  for (const [name, tensor] of tensors) {
    const { dtype, shape, data } = file.read(name);
    assertEquals([dtype, shape], [tensor.dtype, tensor.shape]);
    assertEquals(data, new Uint8Array(tensor.data.buffer));
    assertEquals((file.entries.get(name)?.begin ?? 1) % TENSOR_TYPES[dtype].format.size, 0);
  }
});

/** A file of the given header and number of data bytes. */
function craft(header: string, size: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const entry = (begin: number, end: number, shape = [2], dtype = "F32") =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

const BAD: Readonly<Record<string, readonly [content: Uint8Array, reason: string]>> = {
  "an empty file": [new Uint8Array(0), "it is an empty file, not a safetensors file"],
  "a few bytes": [new Uint8Array([1, 2, 3]), "it is not a safetensors file"],
  "zeros": [new Uint8Array(64), "it is nothing but zeros where it begins, not a safetensors file"],
  "a pointer of Git LFS": [
    new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9\n"),
    '"git lfs pull" fetches the file itself',
  ],
  "a PyTorch file": [
    Deno.readFileSync(`${TORCH_FOLDER}/tensors.pt`),
    "it is a zip archive, not a safetensors file",
  ],
  "garbage": [new Uint8Array(64).fill(0x99), "it is not a safetensors file"],
  "a cut header": [craft(`{"a":${entry(0, 8)}}`, 8).subarray(0, 30), "it is truncated"],
  "no JSON": [craft("{nonsense", 0), "its header is not valid JSON"],
  "a list": [craft("[1, 2]", 0), "its header is not valid JSON"],
  "a number": [craft('{"a":3}', 0), 'tensor "a" has no description'],
  "a type that is not text": [
    craft('{"a":{"dtype":7,"shape":[],"data_offsets":[0,0]}}', 0),
    'tensor "a" has no type',
  ],
  "a negative size": [craft(`{"a":${entry(0, 8, [-2])}}`, 8), "has an invalid shape"],
  "one offset": [
    craft('{"a":{"dtype":"F32","shape":[],"data_offsets":[0]}}', 4),
    "invalid offsets",
  ],
  "another size": [craft(`{"a":${entry(0, 8, [3])}}`, 8), "takes 12 bytes by type and shape, 8"],
  "an overlap": [craft(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12), '"b" overlaps'],
  "a gap": [craft(`{"a":${entry(0, 8)},"b":${entry(12, 20)}}`, 20), '"b" starts 4 bytes after'],
  "too little data": [craft(`{"a":${entry(0, 8)}}`, 7), "ends at byte 8 but the file holds 7"],
  "too much data": [craft(`{"a":${entry(0, 8)}}`, 9), "1 bytes after the last tensor"],
  "odd metadata": [craft(`{"__metadata__":{"a":1}}`, 0), "metadata is not made of strings"],
};

for (const [name, [content, reason]] of Object.entries(BAD)) {
  Deno.test(`SafetensorsFile.open() refuses ${name}`, () => {
    using folder = new TemporaryFolder();
    const path = folder.file("bad.safetensors");
    Deno.writeFileSync(path, content);
    const error = assertThrows(() => SafetensorsFile.open(path), DataError, reason);
    assertEquals(error.file, path);
    assertEquals(error.message.startsWith(`Cannot read "${path}": `), true);
  });
}

Deno.test("SafetensorsFile refuses a tensor of an unknown type only when it is wanted", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.safetensors");
  const header = `{"a":${entry(0, 8)},"b":${entry(8, 10, [2], "F8_E4M3")},"c":${
    entry(10, 18, [1], "C64")
  }}`;
  Deno.writeFileSync(path, craft(header, 18));
  using file = SafetensorsFile.open(path);
  assertEquals(file.read("a").dtype, "float32");
  for (const [name, type] of [["b", "F8_E4M3"], ["c", "C64"]]) {
    assertEquals(file.entries.get(name)?.dtype, type);
    const error = assertThrows(() => file.read(name), DataError);
    const state = `tensor "${name}" is of type ${type}, which is not supported`;
    assertEquals(error.message, `Cannot read "${path}": ${state}`);
  }
});
