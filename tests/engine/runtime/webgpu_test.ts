import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type Adapter,
  describeAdapter,
  findAdapter,
  webGpuProblem,
} from "../../../engine/runtime/webgpu.ts";

const hardware: Adapter = {
  name: "Made-up GPU",
  software: false,
  float16: true,
  maxBytes: 2 ** 31,
};
const inSoftware: Adapter = { ...hardware, name: "llvmpipe (LLVM 15)", software: true };

function failing(message: string): { readonly run: () => Promise<void> } {
  return { run: () => Promise.reject(new Error(message)) };
}

/** What Deno says of an adapter. */
function gpuWith(info: object, features: readonly string[] = []): Pick<GPU, "requestAdapter"> {
  const limits = { maxStorageBufferBindingSize: 4096 };
  const adapter = { info, features: new Set(features), limits };
  return { requestAdapter: () => Promise.resolve(adapter as unknown as GPUAdapter) };
}

Deno.test("findAdapter() reads what Deno knows", async () => {
  const found = await findAdapter(gpuWith({ description: "RTX" }, ["shader-f16"]));
  assertEquals(found, { name: "RTX", software: false, float16: true, maxBytes: 4096 });
  const fallback = await findAdapter(gpuWith({ description: "", isFallbackAdapter: true }));
  assertEquals(fallback, { name: "unnamed", software: true, float16: false, maxBytes: 4096 });
  const named = await findAdapter(gpuWith({ description: "SwiftShader Device (Subzero)" }));
  assertEquals(named?.software, true);
  assertEquals(await findAdapter({ requestAdapter: () => Promise.resolve(null) }), undefined);
  const broken = { requestAdapter: () => Promise.reject(new Error("no backend")) };
  assertEquals(await findAdapter(broken), undefined);
});

Deno.test("describeAdapter() says where an adapter is none of hardware", () => {
  assertEquals(describeAdapter(hardware), "Made-up GPU");
  assertEquals(describeAdapter(inSoftware), "llvmpipe (LLVM 15) (software)");
  assertEquals(describeAdapter(undefined), "an adapter without a name");
});

Deno.test("webGpuProblem() proves that a device computes", async () => {
  let ran = 0;
  const run = () => Promise.resolve(void ran++);
  assertEquals(await webGpuProblem(hardware, { run }), undefined);
  assertEquals(await webGpuProblem(inSoftware, { run, software: true }), undefined);
  assertEquals(ran, 2);
  assertEquals(
    await webGpuProblem(inSoftware, { run, software: false }),
    "llvmpipe (LLVM 15) computes in software, slower than device cpu; install the driver of the " +
      "GPU, or set GLOVITA_SOFTWARE_GPU=1 to use it anyway",
  );
  assertEquals(ran, 2);
});

Deno.test("webGpuProblem() explains what the runtime says", async () => {
  const none = failing("x was false. Failed to get a WebGPU adapter: No supported adapters");
  assertMatch(
    (await webGpuProblem(undefined, none))!,
    /^no adapter was found: install the driver of the GPU.*, or use device cpu$/,
  );
  assertMatch((await webGpuProblem(hardware, none))!, /^no adapter was found \(Made-up GPU lacks/);
  const unknown = await webGpuProblem(hardware, failing("ERR: [webgpu] backend not found."));
  assert(unknown!.startsWith("onnxruntime has no WebGPU for "));
  const other = await webGpuProblem(hardware, failing("device\n lost"));
  assertEquals(other, "it cannot compute: device lost; use device cpu");
});

Deno.test("webGpuProblem() asks for float16 arithmetic, and names an adapter that has none", async () => {
  const asked: boolean[] = [];
  const run = (float16: boolean) => Promise.resolve(void asked.push(float16));
  const found = await findAdapter(gpuWith({ description: "RTX" }, ["shader-f16"]));
  assertEquals(await webGpuProblem(found, { float16: true, run }), undefined);
  assertEquals(await webGpuProblem(undefined, { float16: true, run }), undefined);
  assertEquals(asked, [true, true]);
  const expected = "has no float16 arithmetic (shader-f16); use precision_compute 32";
  const without = await findAdapter(gpuWith({ description: "GTX" }));
  assertEquals(await webGpuProblem(without, { float16: true, run }), `GTX ${expected}`);
  assertEquals(asked.length, 2);
  // Deno has found none, or another one than the runtime.
  const refused = failing("Cast requires f16 but the device does not support it.");
  const unknown = await webGpuProblem(undefined, { float16: true, ...refused });
  assertEquals(unknown, `an adapter without a name ${expected}`);
});
