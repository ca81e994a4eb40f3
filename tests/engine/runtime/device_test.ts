import { assertEquals, assertRejects } from "@std/assert";
import { DeviceError } from "../../../engine/errors.ts";
import { chooseDevice, type DeviceProbes } from "../../../engine/runtime/device.ts";
import type { Adapter } from "../../../engine/runtime/webgpu.ts";

const gpu: Adapter = { name: "Made-up GPU", software: false, float16: true, maxBytes: 1 };

function machine(options: {
  readonly adapter?: Adapter;
  readonly software?: boolean;
  readonly webgpu?: string;
  readonly cuda?: string;
}): DeviceProbes {
  return {
    adapter: () => Promise.resolve(options.adapter),
    software: () => options.software ?? false,
    webgpu: () => Promise.resolve(options.webgpu),
    cuda: () => options.cuda,
  };
}

/** A machine that must not be looked at. */
const untouched: DeviceProbes = {
  adapter: () => Promise.reject(new Error("looked")),
  software: () => {
    throw new Error("looked");
  },
  webgpu: () => Promise.reject(new Error("looked")),
  cuda: () => {
    throw new Error("looked");
  },
};

const noCuda = "there is no NVIDIA driver";

Deno.test("chooseDevice() takes the CPU without a look at the machine, and says nothing", async () => {
  const chosen = await chooseDevice({ device: "cpu" }, untouched);
  assertEquals(chosen, { device: "cpu", deviceId: 0, automatic: false, float16: false });
});

Deno.test("chooseDevice() takes what is asked for, or says why not", async () => {
  const both = machine({ adapter: gpu });
  assertEquals(await chooseDevice({ device: "webgpu" }, both), {
    device: "webgpu",
    deviceId: 0,
    automatic: false,
    float16: false,
    notice: "device webgpu, as asked for: Made-up GPU",
  });
  assertEquals(await chooseDevice({ device: "cuda", deviceId: 1 }, both), {
    device: "cuda",
    deviceId: 1,
    automatic: false,
    float16: false,
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
      "device cpu (auto): llvmpipe (software) is not a GPU",
    ],
    [
      machine({
        cuda: noCuda,
        adapter: { ...gpu, name: "llvmpipe", software: true },
        software: true,
      }),
      "device webgpu (auto): llvmpipe (software)",
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

Deno.test("chooseDevice() takes a GPU that computes in float16, and asks it to", async () => {
  const asked: boolean[] = [];
  const both: DeviceProbes = {
    ...machine({ adapter: gpu }),
    webgpu: (_, { float16 }) => Promise.resolve(void asked.push(float16)),
  };
  for (const device of ["webgpu", "cuda"] as const) {
    assertEquals((await chooseDevice({ device, float16: true }, both)).float16, true);
  }
  const noCudaHere = { ...both, cuda: () => noCuda };
  const found = await chooseDevice({ device: "auto", float16: true }, noCudaHere);
  assertEquals([found.device, found.float16], ["webgpu", true]);
  assertEquals(asked, [true, true]);
});

Deno.test("chooseDevice() refuses float16 on the CPU, and does without it where nobody has named one", async () => {
  const wish = { device: "cpu", float16: true } as const;
  const { message } = await assertRejects(() => chooseDevice(wish, untouched), DeviceError);
  assertEquals(
    message,
    "device cpu: it has no float16 arithmetic, and casts to float32 and back would only cost " +
      "time; use precision_compute 32, or device webgpu or cuda",
  );
  const auto = { device: "auto", float16: true } as const;
  const none = await chooseDevice(auto, machine({ cuda: noCuda }));
  assertEquals([none.device, none.float16], ["cpu", false]);
  const old = machine({ cuda: noCuda, adapter: { ...gpu, float16: false } });
  const without = await chooseDevice(auto, old);
  assertEquals([without.device, without.float16], ["webgpu", false]);
});
