import { assertEquals, assertThrows } from "@std/assert";
import { readPickle } from "../../../../engine/storage/torch/pickle_reader.ts";
import { pyFloat, type TorchValue } from "../../../../engine/storage/torch/pickle_values.ts";
import { writePickle } from "../../../../engine/storage/torch/pickle_writer.ts";

const refuse = (): never => {
  throw new Error("refused");
};
const host = { reduce: refuse, build: refuse, persistent: refuse, global: refuse };
const write = (value: TorchValue) => writePickle(value, () => "0");

Deno.test("writePickle() chooses ints for whole numbers and floats for the rest", () => {
  assertEquals(write(1), new Uint8Array([0x80, 2, 0x4b, 1, 0x2e]));
  assertEquals(
    write(pyFloat(1)),
    new Uint8Array([0x80, 2, 0x47, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0x2e]),
  );
  assertEquals(write(0.5)[2], 0x47);
});

Deno.test("writePickle() writes integers of every size", () => {
  for (let bits = 0n; bits < 200n; bits++) {
    for (const near of [-1n, 0n, 1n]) {
      for (const value of [2n ** bits + near, -(2n ** bits) + near]) {
        assertEquals(BigInt(readPickle(write(value), host) as bigint), value);
      }
    }
  }
});

Deno.test("writePickle() writes special floats", () => {
  for (const value of [Infinity, -Infinity, NaN, 1e-310]) {
    assertEquals(readPickle(write(pyFloat(value)), host), value);
  }
});

Deno.test("writePickle() writes a text once and refers to it", () => {
  const name = "x".repeat(1000);
  const bytes = write([name, name, name]);
  assertEquals(bytes.length < 1100, true);
  assertEquals(readPickle(bytes, host), [name, name, name]);
});

Deno.test("writePickle() refers to more texts than fit into a byte", () => {
  const names = Array.from({ length: 300 }, (_, i) => `name ${i}`);
  const value = [...names, ...names];
  assertEquals(readPickle(write(value), host), value);
});

Deno.test("writePickle() refuses what is not data", () => {
  const value = { a: () => 1 } as unknown as TorchValue;
  assertThrows(() => write(value), TypeError, "Cannot write a function into a PyTorch file");
  assertThrows(() => write(undefined as unknown as TorchValue), TypeError, "undefined");
});
