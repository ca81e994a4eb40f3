/**
 * Graphs in float16 for a device that was chosen, and what the user is told of them.
 * @module
 */
import { DeviceError } from "../errors.ts";
import type { OnnxGraph } from "../onnx/graph.ts";
import { withHalfArithmetic } from "../onnx/half_arithmetic.ts";
import type { ChosenDevice } from "./device.ts";

/** A graph for a device. */
export interface DeviceGraph {
  /** What the device computes. */
  readonly graph: OnnxGraph;
  /** The same in float32, where that is float16. */
  readonly whole?: OnnxGraph;
}

/**
 * Makes a graph compute in float16 where a device was chosen for that.
 * @param whole The graph, its weights constants.
 * @param chosen The device.
 * @throws {DeviceError} if a weight is beyond float16.
 *
 * @example A device that is to compute in float32
 * ```ts
 * import { emit } from "../onnx/emit.ts";
 * import { input } from "../ir/create.ts";
 * import { exp } from "../ir/elementwise.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const whole = emit({ y: exp(input("x", "float32", [1])) });
 * assertEquals(graphFor(whole, { device: "webgpu", float16: false }), { graph: whole });
 * ```
 */
export function graphFor(
  whole: OnnxGraph,
  { device, float16 }: Pick<ChosenDevice, "device" | "float16">,
): DeviceGraph {
  if (!float16) return { graph: whole };
  try {
    return { graph: withHalfArithmetic(whole), whole };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DeviceError(device, `${error.message}; use precision_compute 32`);
  }
}

/**
 * Says what was chosen, and that nothing is computed in float16 where that is asked for.
 * @param chosen The device; one that nobody has named may do without float16.
 * @param float16 Whether that is asked for.
 * @returns Lines for the user.
 */
export function deviceNotices(chosen: ChosenDevice, float16: boolean): string[] {
  const lines = chosen.notice === undefined ? [] : [chosen.notice];
  return float16 && !chosen.float16 ? [...lines, withoutFloat16(chosen.device)] : lines;
}

/**
 * Says that the CPU takes the place of a device.
 * @param chosen The device.
 * @param error What is wrong with it.
 * @returns Lines for the user.
 * @throws {unknown} the error, if it is not one of a device, or somebody has named the device.
 */
export function replacedByCpu(
  { automatic, float16 }: Pick<ChosenDevice, "automatic" | "float16">,
  error: unknown,
): string[] {
  if (!automatic || !(error instanceof DeviceError)) throw error;
  const line = `device cpu takes its place: ${error.message}`;
  return float16 ? [line, withoutFloat16("cpu")] : [line];
}

function withoutFloat16(device: ChosenDevice["device"]): string {
  return `precision_compute 16 has no effect: device ${device} has no float16 arithmetic here`;
}
