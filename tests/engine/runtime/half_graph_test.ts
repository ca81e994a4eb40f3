import { assertEquals, assertThrows } from "@std/assert";
import { DeviceError } from "../../../engine/errors.ts";
import { input } from "../../../engine/ir/create.ts";
import { matMul } from "../../../engine/ir/matrix.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import type { ChosenDevice } from "../../../engine/runtime/device.ts";
import { deviceNotices, graphFor, replacedByCpu } from "../../../engine/runtime/half_graph.ts";

const y = matMul(input("x", "float32", [1, 2]), input("w", "float32", [2, 1]));
const withWeight = (...values: number[]) =>
  bakeInputs(emit({ y }), new Map([["w", { shape: [2, 1], values: Float32Array.from(values) }]]));

const gpu: ChosenDevice = {
  ...{ device: "webgpu", deviceId: 0, automatic: true, float16: true },
  notice: "device webgpu (auto): Made-up GPU",
};
const without = "precision_compute 16 has no effect: device";

Deno.test("graphFor() keeps the graph in float32 for comparison", () => {
  const whole = withWeight(1, 2);
  assertEquals(graphFor(whole, { device: "webgpu", float16: false }), { graph: whole });
  const made = graphFor(whole, gpu);
  assertEquals(made.whole, whole);
  assertEquals(made.graph.initializers.map(({ dtype }) => dtype), ["float16"]);
});

Deno.test("graphFor() says what to do about a weight beyond float16", () => {
  const { message } = assertThrows(() => graphFor(withWeight(1, 1e5), gpu), DeviceError);
  assertEquals(
    message,
    'device webgpu: Cannot store "w" as float16: its value 100000 is beyond ±65504; use ' +
      "precision_compute 32",
  );
});

Deno.test("deviceNotices() says where float16 has no effect", () => {
  assertEquals(deviceNotices(gpu, true), [gpu.notice]);
  const old = { ...gpu, float16: false };
  assertEquals(deviceNotices(old, false), [gpu.notice]);
  assertEquals(deviceNotices(old, true), [
    gpu.notice,
    `${without} webgpu has no float16 arithmetic here`,
  ]);
  assertEquals(deviceNotices({ ...old, device: "cpu", notice: undefined }, false), []);
});

Deno.test("replacedByCpu() tells of devices that nobody has named, and throws the rest", () => {
  const error = new DeviceError("webgpu", "it is wrong");
  const line = "device cpu takes its place: device webgpu: it is wrong";
  assertEquals(replacedByCpu({ automatic: true, float16: false }, error), [line]);
  assertEquals(replacedByCpu(gpu, error), [line, `${without} cpu has no float16 arithmetic here`]);
  assertThrows(() => replacedByCpu({ ...gpu, automatic: false }, error), DeviceError);
  assertThrows(() => replacedByCpu(gpu, new TypeError("a defect")), TypeError);
});
