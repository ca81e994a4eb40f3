import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import {
  isTensor,
  OrderedDict,
  pyFloat,
  pyTuple,
  type StoredTensor,
  storedTensor,
  TENSOR_TYPES,
  type TensorType,
  toFloat32,
  TorchFile,
  type TorchValue,
  writeTorchFile,
} from "../../../../engine/storage/torch/torch_file.ts";
import { readTorchFile } from "../../../_read_torch_file.ts";
import { TemporaryFolder, TORCH_FOLDER } from "../testdata.ts";

type Dict = ReadonlyMap<string | number, TorchValue>;

function dict(value: TorchValue | undefined): Dict {
  assert(value instanceof Map);
  return value;
}

function tensor(value: TorchValue | undefined): StoredTensor {
  assert(typeof value === "object" && value !== null && isTensor(value));
  return value;
}

/** Values and shapes of `tensors.pt`, which PyTorch wrote. */
const TENSORS: Readonly<Record<string, readonly [TensorType, number[], number[]]>> = {
  a: ["float32", [2, 3], [0, 1, 2, 3, 4, 5]],
  t: ["float32", [3, 2], [0, 3, 1, 4, 2, 5]],
  s: ["float32", [2], [1, 4]],
  h: ["float16", [2, 3], [0, 1, 2, 3, 4, 5]],
  b: ["bfloat16", [2, 3], [0, 1, 2, 3, 4, 5]],
  d: ["float64", [2, 3], [0, 1, 2, 3, 4, 5]],
  i: ["int64", [2], [1, -2]],
  i32: ["int32", [2], [3, -4]],
  u8: ["uint8", [1], [255]],
  bo: ["bool", [2], [1, 0]],
  z: ["float32", [0, 3], []],
  sc: ["float32", [], [2.5]],
  e: ["float32", [2, 3], [1, 1, 1, 2, 2, 2]],
  p: ["float32", [2, 3], [1, 2, 3, 4, 5, 6]],
};

for (const name of ["tensors.pt", "deflated.pt", "protocol5.pt", "legacy.pt"]) {
  Deno.test(`TorchFile reads tensors, views and parameters of ${name}`, () => {
    const value = dict(readTorchFile(`${TORCH_FOLDER}/${name}`));
    assert(value instanceof OrderedDict);
    assertEquals([...value.keys()], Object.keys(TENSORS));
    for (const [key, [dtype, shape, values]] of Object.entries(TENSORS)) {
      const read = tensor(value.get(key));
      assertEquals([read.dtype, read.shape], [dtype, shape]);
      assertEquals(toFloat32(read).data, Float32Array.from(values));
    }
    assertEquals(tensor(value.get("a")).data.buffer, tensor(value.get("a")).data.buffer);
  });
}

Deno.test("TorchFile reads a training checkpoint of PyTorch", () => {
  const value = dict(readTorchFile(`${TORCH_FOLDER}/checkpoint.pt`));
  assertEquals(value.get("epoch"), 3);
  assertEquals(dict(value.get("state_dict")).size, 7);
  const optimizer = dict(value.get("optimizer"));
  const first = dict(dict(optimizer.get("state")).get(0));
  assertEquals(toFloat32(tensor(first.get("step"))), { shape: [], data: new Float32Array([1]) });
  const groups = optimizer.get("param_groups");
  assert(Array.isArray(groups));
  const group = dict(groups[0]);
  assertEquals(group.get("lr"), 0.001);
  assertEquals(group.get("betas"), [0.9, 0.999]);
  assertEquals(group.get("fused"), null);
  assertEquals(group.get("params"), [0, 1, 2, 3]);
  assertEquals(
    value.get("args"),
    new Map<string, unknown>([
      ["lr", 0.5],
      ["name", "clam"],
      ["dims", [2, 3]],
      ["dtype", "torch.float16"],
      ["n", 2n ** 70n],
      ["dev", "cpu"],
      ["tags", ["x"]],
      ["raw", new Uint8Array([0, 255])],
    ]) as TorchValue,
  );
});

const REFUSED: Readonly<Record<string, string>> = {
  "torchscript.pt": "it is a TorchScript archive: save its weights in Python with",
  "model.safetensors": "it is a safetensors file, not a PyTorch file",
  "nowhere.pt": "the file does not exist",
};

for (const [name, reason] of Object.entries(REFUSED)) {
  Deno.test(`TorchFile.open() refuses ${name}`, () => {
    const path = `${TORCH_FOLDER}/${name}`;
    const error = assertThrows(() => TorchFile.open(path), DataError, reason);
    assertEquals(error.file, path);
    assertEquals(error.message.split("\n").length, 1);
  });
}

Deno.test("TorchFile refuses a file cut off anywhere or with a byte changed", () => {
  using folder = new TemporaryFolder();
  const bytes = Deno.readFileSync(`${TORCH_FOLDER}/checkpoint.pt`);
  for (let length = 0; length < bytes.length; length += 97) {
    Deno.writeFileSync(folder.file("cut.pt"), bytes.subarray(0, length));
    const error = assertThrows(() => readTorchFile(folder.file("cut.pt")), DataError);
    assertEquals(error.message.split("\n").length, 1);
  }
  for (let at = 0; at < bytes.length; at += 31) {
    const changed = bytes.slice();
    changed[at] ^= 0x55;
    Deno.writeFileSync(folder.file("changed.pt"), changed);
    try {
      // Padding and times may change without harm, and nothing else.
      assertEquals(dict(readTorchFile(folder.file("changed.pt"))).size, 4);
    } catch (error) {
      assert(error instanceof DataError, String(error));
    }
  }
});

/** One of each kind of value. */
function sample(): TorchValue {
  const weight = new Float32Array([1, 2, 3, 4, 5, 6]);
  const shared = storedTensor("float32", [2, 3], weight);
  return {
    epoch: 3,
    model: new OrderedDict([
      ["encoder.model.fc.weight", shared],
      ["model.fc.weight", shared],
      ["half", storedTensor("float16", [2], new Uint16Array([0x3c00, 0xc000]))],
    ]),
    optimizer: {
      state: new Map([[0, { step: storedTensor("float32", [], new Float32Array([7])) }]]),
      param_groups: [{ lr: pyFloat(1), betas: pyTuple(0.9, 0.999), params: [0], foreach: null }],
    },
    numbers: [0, 255, 256, 65_536, -1, 2 ** 31, 2 ** 40, -(2 ** 40), 0.1, 2n ** 70n, -(2n ** 70n)],
    text: "größe",
    flags: [true, false],
    empty: [[], {}, pyTuple(), ""],
  };
}

Deno.test("writeTorchFile() and TorchFile round trip", async () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.pt");
  await writeTorchFile(path, sample());
  const value = dict(readTorchFile(path));
  const numbers = [0, 255, 256, 65_536, -1, 2 ** 31, 2 ** 40, -(2 ** 40), 0.1, 2n ** 70n];
  assertEquals(value.get("numbers"), [...numbers, -(2n ** 70n)]);
  assertEquals(value.get("text"), "größe");
  assertEquals(value.get("flags"), [true, false]);
  assertEquals(value.get("empty"), [[], new Map(), [], ""]);
  const model = dict(value.get("model"));
  const weight = tensor(model.get("encoder.model.fc.weight"));
  assertEquals(toFloat32(weight).data, new Float32Array([1, 2, 3, 4, 5, 6]));
  assertEquals(tensor(model.get("model.fc.weight")).data.buffer, weight.data.buffer);
  const groups = dict(value.get("optimizer")).get("param_groups");
  assertEquals(Array.isArray(groups) && dict(groups[0]).get("betas"), [0.9, 0.999]);
});

Deno.test("writeTorchFile() writes the same bytes for the same value", async () => {
  using folder = new TemporaryFolder();
  await writeTorchFile(folder.file("a.pt"), sample());
  await writeTorchFile(folder.file("b.pt"), sample());
  assertEquals(Deno.readFileSync(folder.file("a.pt")), Deno.readFileSync(folder.file("b.pt")));
});

Deno.test("writeTorchFile() stores a tensor once however often it is named", async () => {
  using folder = new TemporaryFolder();
  const big = new Float32Array(10_000);
  const once = storedTensor("float32", [10_000], big);
  await writeTorchFile(folder.file("a.pt"), {
    a: once,
    b: storedTensor("float32", [100, 100], big),
  });
  assert(Deno.statSync(folder.file("a.pt")).size < 45_000);
});

Deno.test("writeTorchFile() handles every type that PyTorch stores", async () => {
  using folder = new TemporaryFolder();
  for (const dtype of Object.keys(TENSOR_TYPES) as TensorType[]) {
    const { storage, format } = TENSOR_TYPES[dtype];
    const bytes = new Uint8Array(2 * format.size).fill(1);
    const write = () => writeTorchFile(folder.file("a.pt"), storedTensor(dtype, [2], bytes));
    if (storage === undefined) {
      await assertRejects(write, TypeError, "PyTorch has no storage for it");
    } else {
      await write();
      assertEquals(readTorchFile(folder.file("a.pt")), storedTensor(dtype, [2], bytes));
    }
  }
});

Deno.test("storedTensor() refuses data of another size", () => {
  assertThrows(
    () => storedTensor("float16", [2, 2], new Uint16Array(3)),
    RangeError,
    "float16 tensor of shape [2, 2]: it takes 8 bytes but the data has 6",
  );
});
