import { assertEquals, assertRejects } from "@std/assert";
import { DeviceError } from "../../../engine/errors.ts";
import { chooseDevice, type DeviceProbes } from "../../../engine/runtime/device.ts";
import type { Adapter } from "../../../engine/runtime/webgpu.ts";

const gpu: Adapter = { name: "Made-up GPU", software: false, float16: true, maxBytes: 1 };

function machine(options: {
  readonly adapter?: Adapter;
  readonly webgpu?: string;
  readonly cuda?: string;
}): DeviceProbes {
  return {
    adapter: () => Promise.resolve(options.adapter),
    webgpu: () => Promise.resolve(options.webgpu),
    cuda: () => options.cuda,
  };
}

/** A machine that must not be looked at. */
const untouched: DeviceProbes = {
  adapter: () => Promise.reject(new Error("looked")),
  webgpu: () => Promise.reject(new Error("looked")),
  cuda: () => {
    throw new Error("looked");
  },
};

const noCuda = "there is no NVIDIA driver";

Deno.test("chooseDevice() takes the CPU without a look at the machine, and says nothing", async () => {
  const chosen = await chooseDevice({ device: "cpu" }, untouched);
  assertEquals(chosen, { device: "cpu", deviceId: 0, automatic: false });
});

Deno.test("chooseDevice() takes what is asked for, or says why not", async () => {
  const both = machine({ adapter: gpu });
  assertEquals(await chooseDevice({ device: "webgpu" }, both), {
    device: "webgpu",
    deviceId: 0,
    automatic: false,
    notice: "device webgpu, as asked for: Made-up GPU",
  });
  assertEquals(await chooseDevice({ device: "cuda", deviceId: 1 }, both), {
    device: "cuda",
    deviceId: 1,
    automatic: false,
    notice: "device cuda:1, as asked for",
  });
  const neither = machine({ webgpu: "no adapter was found", cuda: noCuda });
  const { message, device } = await assertRejects(
    () => chooseDevice({ device: "webgpu" }, neither),
    DeviceError,
  );
  assertEquals([message, device], ["device webgpu: no adapter was found", "webgpu"]);
  const error = await assertRejects(() => chooseDevice({ device: "cuda" }, neither), DeviceError);
  assertEquals(error.message, "device cuda: there is no NVIDIA driver");
});

Deno.test("chooseDevice() refuses a device that cannot do the work, before it looks for it", async () => {
  const wish = { device: "webgpu", unfit: { webgpu: "hooks run on the CPU" } } as const;
  const { message } = await assertRejects(() => chooseDevice(wish, untouched), DeviceError);
  assertEquals(message, "device webgpu: hooks run on the CPU; use device cpu");
});

Deno.test("chooseDevice() finds a GPU for auto, and says what it found", async () => {
  const cases: [DeviceProbes, string][] = [
    [machine({}), "device cuda (auto): onnxruntime's CUDA library is installed"],
    [machine({ cuda: noCuda, adapter: gpu }), "device webgpu (auto): Made-up GPU"],
    [machine({ cuda: noCuda }), "device cpu (auto): no GPU was found"],
    [
      machine({ cuda: noCuda, adapter: { ...gpu, name: "llvmpipe", software: true } }),
      "device cpu (auto): llvmpipe (software) is no GPU",
    ],
    [
      machine({ cuda: noCuda, adapter: gpu, webgpu: "it cannot compute\nat all" }),
      "device cpu (auto): it cannot compute",
    ],
  ];
  for (const [probes, notice] of cases) {
    const chosen = await chooseDevice({ device: "auto" }, probes);
    assertEquals([chosen.notice, chosen.automatic], [notice, true]);
    assertEquals(notice.startsWith(`device ${chosen.device} `), true);
  }
  const unfit = { cuda: "not in training", webgpu: "hooks run on the CPU" };
  const { notice } = await chooseDevice({ device: "auto", unfit }, untouched);
  assertEquals(notice, "device cpu (auto): hooks run on the CPU");
});
