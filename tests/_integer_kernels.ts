/**
 * Whether the runtime's products of 8-bit integers are exact on this processor: without VNNI or AMX,
 * its kernels cut sums of two products off at 16 bits.
 * @module
 */
import { Session } from "../engine/runtime/session.ts";

const SIZE = 64;

async function sumsAreExact(): Promise<boolean> {
  const session = await Session.compile({
    nodes: [{ op: "MatMulInteger", inputs: ["x", "w"], outputs: ["y"], attributes: {} }],
    inputs: [{ name: "x", dtype: "uint8", shape: [1, SIZE] }],
    outputs: [{ name: "y", dtype: "int32", shape: [1, SIZE] }],
    initializers: [{
      name: "w",
      dtype: "int8",
      shape: [SIZE, SIZE],
      values: new Int8Array(SIZE * SIZE).fill(127),
    }],
  });
  const x = { dtype: "uint8", shape: [1, SIZE], data: new Uint8Array(SIZE).fill(255) } as const;
  const { y } = await session.run({ x });
  await session.release();
  return (y.data as Int32Array).every((value) => value === SIZE * 255 * 127);
}

/** Whether tests of numbers from such products can pass here; those that cannot are left out. */
export const EXACT_INTEGERS: boolean = await sumsAreExact();
