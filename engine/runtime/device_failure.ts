/**
 * What a device cannot do, where the runtime says so in its own words.
 * @module
 */
import { DeviceError } from "../errors.ts";
import type { Device } from "./session_options.ts";

/**
 * Does something on a device. What goes wrong on the CPU is nobody's device's fault and passes as it
 * is.
 * @param device Where it is done.
 * @param what What is done, such as "load the model".
 * @param work Does it.
 * @throws {DeviceError} if the device cannot do it.
 *
 * @example A weight that is too large for a buffer
 * ```ts
 * import { onDevice } from "./device_failure.ts";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const work = () => Promise.reject(new Error("buffer too large\nat all"));
 * const { message } = await assertRejects(() => onDevice("webgpu", "load the model", work), Error);
 * assertEquals(
 *   message,
 *   "device webgpu: it cannot load the model: buffer too large at all; use device cpu",
 * );
 * ```
 */
export async function onDevice<T>(
  device: Device,
  what: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (device === "cpu" || error instanceof DeviceError) throw error;
    const text = error instanceof Error ? error.message : String(error);
    const reason = text.replaceAll(/\s+/g, " ").trim();
    throw new DeviceError(device, `it cannot ${what}: ${reason}; use device cpu`);
  }
}
