import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { DeviceError } from "../../../engine/errors.ts";
import { onDevice } from "../../../engine/runtime/device_failure.ts";

const failing = (error: unknown) => () => Promise.reject(error);

Deno.test("onDevice() gives what the work gives, and says what a device cannot do", async () => {
  assertEquals(await onDevice("webgpu", "count", () => Promise.resolve(3)), 3);
  const lost = failing(new Error("device\n  lost"));
  const { message } = await assertRejects(
    () => onDevice("cuda", "load the model", lost),
    DeviceError,
  );
  assertEquals(message, "device cuda: it cannot load the model: device lost; use device cpu");
});

Deno.test("onDevice() passes errors of the CPU, and those that name a device already", async () => {
  const own = new TypeError("a defect");
  assertStrictEquals(
    await assertRejects(() => onDevice("cpu", "count", failing(own)), TypeError),
    own,
  );
  const known = new DeviceError("webgpu", "no adapter was found");
  assertStrictEquals(
    await assertRejects(() => onDevice("webgpu", "count", failing(known)), DeviceError),
    known,
  );
});
