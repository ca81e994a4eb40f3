import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { DeviceError } from "../../../engine/errors.ts";
import { input } from "../../../engine/ir/create.ts";
import { add, exp, mul } from "../../../engine/ir/elementwise.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { withHalfArithmetic } from "../../../engine/onnx/half_arithmetic.ts";
import {
  type Compute,
  deviceDifference,
  requireRightDevice,
} from "../../../engine/runtime/device_check.ts";
import { Session } from "../../../engine/runtime/session.ts";

const x = input("x", "float32", [2]);
const grown = exp(x);
const graph = emit({ y: add(mul(grown, 2), 1), z: mul(x, 3) });
const feeds = { x: { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) } } as const;

const [{ outputs: [expName] }] = graph.nodes.filter(({ op }) => op === "Exp");

/** A device that computes Exp wrongly, and what follows from it. */
function wrongBy(factor: number): Compute {
  return async (asked, values, { device }) => {
    const session = await Session.compile(asked);
    const outputs = { ...await session.run(values) };
    await session.release();
    if (device === undefined) return outputs;
    for (const [name, { dtype, shape, data }] of Object.entries(outputs)) {
      if (name !== "y" && name !== expName) continue;
      const wrong = Float32Array.from(data as Float32Array, (value) => value * factor);
      outputs[name] = { dtype, shape, data: wrong };
    }
    return outputs;
  };
}

Deno.test("deviceDifference() takes rounding for what it is", async () => {
  const options = { device: "webgpu" } as const;
  const check = { graph, feeds };
  assertEquals(await deviceDifference({ ...check, compute: wrongBy(1) }, options), undefined);
  assertEquals(await deviceDifference({ ...check, compute: wrongBy(1.0001) }, options), undefined);
});

Deno.test("deviceDifference() names the output and the operator", async () => {
  const compute = wrongBy(1.01);
  const found = await deviceDifference({ graph, feeds, compute }, { device: "webgpu" });
  assertEquals(found?.output, "y");
  assertEquals(found?.relative.toFixed(3), "0.010");
  assertEquals(found?.operator, `Exp "${expName}"`);
});

Deno.test("deviceDifference() measures small values of a group by its largest", async () => {
  const tiny = emit({ a: mul(x, 1e-9), b: mul(x, 1) });
  const compute: Compute = (_, __, { device }) => {
    const values = (scale: number) => ({
      ...feeds.x,
      data: Float32Array.of(scale, 2 * scale),
    });
    return Promise.resolve({ a: values(device ? 3e-9 : 1e-9), b: values(1) });
  };
  const check = { graph: tiny, feeds, compute };
  const options = { device: "webgpu" } as const;
  assertEquals((await deviceDifference(check, options))?.output, "a");
  assertEquals(await deviceDifference({ ...check, together: ["a", "b"] }, options), undefined);
});

Deno.test("deviceDifference() compares float16 with float32, and leaves it its rounding", async () => {
  const half = withHalfArithmetic(graph);
  const options = { device: "webgpu" } as const;
  for (const [factor, right] of [[1, true], [1.01, true], [1.05, false]] as const) {
    const check = { graph: half, whole: graph, feeds, compute: wrongBy(factor) };
    const found = await deviceDifference(check, options);
    assertEquals(found === undefined, right);
    if (found) assertEquals([found.output, found.operator], ["y", `Exp "${expName}"`]);
  }
  const check = { graph: half, whole: graph, feeds, compute: wrongBy(2) };
  const { message } = await assertRejects(() => requireRightDevice(check, options), DeviceError);
  assertMatch(message, /at most 0\.02 is rounding; .* Use precision_compute 32, or skip/);
});

Deno.test("requireRightDevice() refuses numbers that are not finite, and says what to do", async () => {
  const check = { graph, feeds, compute: wrongBy(NaN) };
  const { message } = await assertRejects(
    () => requireRightDevice(check, { device: "webgpu" }),
    DeviceError,
  );
  assertEquals(
    message,
    'device webgpu: its results on the first batch differ from the CPU\'s: "y" by Infinity of its ' +
      `largest value, at most 0.001 is rounding; Exp "${expName}" is wrong. Use device cpu, or ` +
      "skip this check with no_device_check",
  );
});

Deno.test("requireRightDevice() says what a device cannot compute", async () => {
  const compute: Compute = (asked, values, options) =>
    options.device
      ? Promise.reject(new Error("buffer too large\n for the device"))
      : wrongBy(1)(asked, values, options);
  const { message } = await assertRejects(
    () => requireRightDevice({ graph, feeds, compute }, { device: "webgpu" }),
    DeviceError,
  );
  assertEquals(
    message,
    "device webgpu: it cannot compute the first batch: buffer too large for the device; use " +
      "device cpu",
  );
});
