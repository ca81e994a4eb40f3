import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { PickleError, PickleGlobal } from "../../../../engine/storage/torch/pickle_reader.ts";
import { OpaqueObject, OrderedDict } from "../../../../engine/storage/torch/pickle_values.ts";
import { TorchHost } from "../../../../engine/storage/torch/host.ts";
import { type LazyTensor, toFloat32 } from "../../../../engine/storage/tensor_types.ts";
import type { StorageSource } from "../../../../engine/storage/torch/tensor_view.ts";

let spent = 0;
const source: StorageSource = {
  path: "x.pt",
  read({ count }, { start, length }) {
    const values = Float32Array.from({ length: count }, (_, i) => i);
    return new Uint8Array(values.buffer).slice(start, start + length);
  },
  spend(bytes) {
    spent += bytes;
  },
};
const host = new TorchHost(source);
const named = (name: string) => new PickleGlobal(name);
const call = (name: string, ...args: unknown[]) => host.reduce(host.global(name), args);
const storage = (count: number, type = "Float") => {
  return host.persistent(["storage", named(`torch.${type}Storage`), "0", "cpu", count]);
};
const rebuild = (count: number, ...args: unknown[]) => {
  const view = call("torch._utils._rebuild_tensor_v2", storage(count), ...args, false, null);
  return view as LazyTensor;
};

Deno.test("TorchHost makes contiguous tensors of strided views, when they are wanted", () => {
  spent = 0;
  const view = rebuild(12, 1, [2, 3], [1, 4]);
  assertEquals([view.kind, view.dtype, view.shape, spent], ["lazy_tensor", "float32", [2, 3], 0]);
  const data = new Uint8Array(Float32Array.from([1, 5, 9, 2, 6, 10]).buffer);
  assertEquals(view.read("x"), { kind: "tensor", dtype: "float32", shape: [2, 3], data });
  assertEquals(spent, 40); // from the second element to the eleventh
});

Deno.test("TorchHost reads expanded views and empty ones", () => {
  const values = (view: LazyTensor) => toFloat32(view.read("x")).data;
  assertEquals(values(rebuild(4, 2, [3], [0])), Float32Array.of(2, 2, 2));
  assertEquals(values(rebuild(4, 0, [0, 2 ** 40], [1, 1])), new Float32Array(0));
  assertEquals(values(rebuild(4, 3, [], [])), Float32Array.of(3));
});

const BAD_TENSORS: Readonly<Record<string, readonly [number, ...unknown[]]>> = {
  "an offset beyond the storage": [4, 4, [1], [1]],
  "a shape beyond the storage": [4, 0, [5], [1]],
  "strides beyond the storage": [4, 0, [2, 2], [3, 1]],
  "a negative stride": [4, 3, [4], [-1]],
  "a negative offset": [4, -1, [1], [1]],
  "a missing stride": [4, 0, [2, 2], [1]],
  "a shape of texts": [4, 0, ["2"], [1]],
  "more elements than can be counted": [4, 0, [2 ** 40, 2 ** 40], [0, 0]],
  "a hundred dimensions": [4, 0, Array(100).fill(1), Array(100).fill(1)],
};

for (const [name, [count, ...args]] of Object.entries(BAD_TENSORS)) {
  Deno.test(`TorchHost refuses a tensor with ${name}`, () => {
    assertThrows(() => rebuild(count, ...args), PickleError, "tensor");
  });
}

Deno.test("TorchHost reads NumPy scalars in both byte orders", () => {
  const type = call("numpy.dtype", "f8", false, true);
  const little = new Uint8Array(new Float64Array([0.5]).buffer);
  assertEquals(call("numpy.core.multiarray.scalar", type, little), 0.5);
  host.build(type, [3, ">", null]);
  assertEquals(call("numpy._core.multiarray.scalar", type, little.toReversed()), 0.5);
  const flag = call("numpy.dtype", "b1", false, true);
  assertEquals(call("numpy._core.multiarray.scalar", flag, new Uint8Array([1])), true);
});

Deno.test("TorchHost calls nothing, and passes over what it does not know", () => {
  for (const name of ["os.system", "builtins.eval", "torch.load", "torch.toString", "x.y"]) {
    const made = call(name, "argument");
    assertEquals(made, new OpaqueObject(name));
    host.build(made, { state: 1 });
    assert(host.ignoresItems(made));
    assertEquals(host.reduce(made, []), made); // what a method of it would give
  }
  assertEquals(
    host.persistent(["module", named("x.Net"), "net.py", ""]),
    new OpaqueObject("x.Net"),
  );
  assertThrows(() => host.reduce(() => 1, []), PickleError, "not a function");
  assertThrows(() => host.build([], {}), PickleError, "takes none");
});

Deno.test("TorchHost makes no number of NumPy's other types", () => {
  for (const type of ["O8", "M8", "U5", "f2x", 3]) {
    const scalar = call(
      "numpy.core.multiarray.scalar",
      call("numpy.dtype", type),
      new Uint8Array(8),
    );
    assert(scalar instanceof OpaqueObject);
  }
  const cut = call("numpy.core.multiarray.scalar", call("numpy.dtype", "f8"), new Uint8Array(7));
  assert(cut instanceof OpaqueObject);
});

Deno.test("TorchHost refuses the bits that PyTorch sets on views, except the negative one", () => {
  const view = (metadata: Map<string, boolean>, type = "Float") => {
    const name = "torch._utils._rebuild_tensor_v2";
    const layout = [0, [2], [1], false, null];
    return call(name, storage(2, type), ...layout, metadata) as LazyTensor;
  };
  const plain = view(new Map([["neg", false], ["conj", false]])).read("x");
  assertEquals(toFloat32(plain).data, Float32Array.of(0, 1));
  assertEquals(toFloat32(view(new Map([["neg", true]])).read("x")).data, Float32Array.of(-0, -1));
  assertThrows(
    () => view(new Map([["neg", true]]), "Int").read("x"),
    DataError,
    `tensor "x" has PyTorch's "neg" bit, which is not supported`,
  );
  assertThrows(() => view(new Map([["zero", true]])).read("x"), DataError, `"zero" bit`);
});

Deno.test("TorchHost reads tensors of classes that add nothing to their values", () => {
  const args = [storage(2), 0, [2], [1], false, null];
  const rebuildAs = (type: string) =>
    call(
      "torch._tensor._rebuild_from_type_v2",
      named("torch._utils._rebuild_tensor_v2"),
      named(type),
      args,
      {},
    ) as LazyTensor;
  for (const type of ["torch.Tensor", "torch.nn.parameter.Parameter"]) {
    assertEquals(rebuildAs(type).read("x").dtype, "float32");
  }
  const other = rebuildAs("torchao.AffineQuantizedTensor");
  assertEquals(other.shape, [2]);
  assertThrows(() => other.read("x"), DataError, "is of class torchao.AffineQuantizedTensor");
});

Deno.test("TorchHost makes ordered dicts of pairs", () => {
  const dict = call("collections.OrderedDict", [["a", 1], ["b", 2]]);
  assert(dict instanceof OrderedDict);
  assertEquals([...dict], [["a", 1], ["b", 2]]);
  assertThrows(() => call("collections.OrderedDict", [1]), PickleError, "odd");
});
