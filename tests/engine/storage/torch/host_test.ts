import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { PickleError, PickleGlobal } from "../../../../engine/storage/torch/pickle_reader.ts";
import { OrderedDict } from "../../../../engine/storage/torch/pickle_values.ts";
import { TorchHost } from "../../../../engine/storage/torch/host.ts";

const host = new TorchHost("x.pt", (_key, _dtype, count) => {
  return new Uint8Array(Float32Array.from({ length: count }, (_, i) => i).buffer);
});
const named = (name: string) => new PickleGlobal(name);
const call = (name: string, ...args: unknown[]) => host.reduce(host.global(name), args);
const storage = (count: number) => {
  return host.persistent(["storage", named("torch.FloatStorage"), "0", "cpu", count]);
};
const rebuild = (count: number, ...args: unknown[]) => {
  return call("torch._utils._rebuild_tensor_v2", storage(count), ...args, false, new OrderedDict());
};

Deno.test("TorchHost makes contiguous tensors of strided views", () => {
  const view = rebuild(12, 1, [2, 3], [1, 4]);
  const data = new Uint8Array(Float32Array.from([1, 5, 9, 2, 6, 10]).buffer);
  assertEquals(view, { kind: "tensor", dtype: "float32", shape: [2, 3], data });
});

const BAD_TENSORS: Readonly<Record<string, readonly [number, ...unknown[]]>> = {
  "an offset beyond the storage": [4, 4, [1], [1]],
  "a shape beyond the storage": [4, 0, [5], [1]],
  "strides beyond the storage": [4, 0, [2, 2], [3, 1]],
  "a negative stride": [4, 3, [4], [-1]],
  "a negative offset": [4, -1, [1], [1]],
  "a missing stride": [4, 0, [2, 2], [1]],
  "a shape of texts": [4, 0, ["2"], [1]],
  "an enormous expansion": [4, 0, [2 ** 40], [0]],
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

Deno.test("TorchHost names what it refuses", () => {
  for (const name of ["os.system", "builtins.eval", "torch.load", "torch.toString", "x.y"]) {
    assertThrows(
      () => host.global(name),
      DataError,
      `Cannot read "x.pt": it contains "${name}", which is not a tensor or plain value`,
    );
  }
  assertThrows(() => host.reduce(named("torch.FloatStorage"), []), PickleError, "is called");
  assertThrows(() => host.reduce(() => 1, []), PickleError, "no function");
  assertThrows(() => host.build([], {}), PickleError, "takes none");
  assertThrows(() => host.persistent(["module", "x"]), PickleError, "no storage");
});

Deno.test("TorchHost makes ordered dicts of pairs", () => {
  const dict = call("collections.OrderedDict", [["a", 1], ["b", 2]]);
  assert(dict instanceof OrderedDict);
  assertEquals([...dict], [["a", 1], ["b", 2]]);
  assertThrows(() => call("collections.OrderedDict", [1]), PickleError, "odd");
});
