/**
 * Finding out whether WebGPU runs on this machine, and on what.
 * @module
 */
import { env } from "node:process";
import { hostInfo } from "../platform/host.ts";
import { input } from "../ir/create.ts";
import { add } from "../ir/elementwise.ts";
import { emit } from "../onnx/emit.ts";
import { withHalfArithmetic } from "../onnx/half_arithmetic.ts";
import { Session } from "./session.ts";

/** What is known of an adapter. */
export interface Adapter {
  /** What it calls itself, such as "NVIDIA RTX A6000". */
  readonly name: string;
  /** Whether it computes on the CPU after all. */
  readonly software: boolean;
  /** Whether it computes with float16. */
  readonly float16: boolean;
  /** Most bytes of a weight or a batch. */
  readonly maxBytes: number;
}

/** Environment variable that allows adapters in software, for tests. */
export const SOFTWARE_VARIABLE = "GLOVITA_SOFTWARE_GPU";

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|basic render/i;

/**
 * Asks Deno for the adapter, which takes 30 to 300 ms. Deno looks through another library than the
 * runtime: what it finds informs, {@linkcode webGpuProblem} proves.
 * @param gpu Where adapters are asked for.
 * @returns The adapter; `undefined` where there is none.
 */
export async function findAdapter(
  gpu: Pick<GPU, "requestAdapter"> | undefined = navigator.gpu,
): Promise<Adapter | undefined> {
  const adapter = await gpu?.requestAdapter({ powerPreference: "high-performance" })
    .catch(() => null);
  if (!adapter) return undefined;
  const { info, features, limits } = adapter;
  const name = [info.description, info.device, info.vendor].find(Boolean) ?? "unnamed";
  const { isFallbackAdapter = false } = info as { readonly isFallbackAdapter?: boolean };
  return {
    name,
    software: isFallbackAdapter || SOFTWARE.test(name),
    float16: features.has("shader-f16"),
    maxBytes: limits.maxStorageBufferBindingSize,
  };
}

/**
 * Names an adapter.
 * @param adapter The adapter, if Deno has found it.
 */
export function describeAdapter(adapter: Adapter | undefined): string {
  if (adapter === undefined) return "an adapter without a name";
  return `${adapter.name}${adapter.software ? " (software)" : ""}`;
}

/**
 * Finds out what keeps WebGPU from running, by running a small graph on it.
 * @param adapter What Deno has found.
 * @param options Whether it is to compute in float16, whether adapters in software are allowed, and
 *   what runs on the device.
 * @returns What the user can do; `undefined` where it runs.
 */
export async function webGpuProblem(
  adapter: Adapter | undefined,
  { float16 = false, software = allowsSoftware(), run = runOnce }: {
    readonly float16?: boolean;
    readonly software?: boolean;
    readonly run?: (float16: boolean) => Promise<void>;
  } = {},
): Promise<string | undefined> {
  if (adapter?.software && !software) {
    return `${adapter.name} computes in software, slower than device cpu; install the driver of ` +
      `the GPU, or set ${SOFTWARE_VARIABLE}=1 to use it anyway`;
  }
  if (float16 && adapter?.float16 === false) return withoutFloat16(adapter);
  try {
    await run(float16);
  } catch (error) {
    return reasonOf(error, adapter);
  }
}

function reasonOf(error: unknown, adapter: Adapter | undefined): string {
  const text = error instanceof Error ? error.message : String(error);
  if (/backend not found/.test(text)) {
    const { os, arch } = hostInfo();
    return `onnxruntime has no WebGPU for ${os} on ${arch}; use device cpu`;
  }
  if (/\bf16\b/.test(text)) return withoutFloat16(adapter);
  if (/adapter/i.test(text)) {
    const found = adapter ? ` (${adapter.name} lacks what it needs)` : "";
    return `no adapter was found${found}: install the driver of the GPU${needed()}, or use device ` +
      "cpu";
  }
  return `it cannot compute: ${text.replaceAll(/\s+/g, " ").trim()}; use device cpu`;
}

function withoutFloat16(adapter: Adapter | undefined): string {
  const name = describeAdapter(adapter);
  return `${name} has no float16 arithmetic (shader-f16); use precision_compute 32`;
}

/** What else an operating system needs. */
function needed(): string {
  return hostInfo().os === "linux"
    ? " with Vulkan, and libvulkan1 (in containers with NVIDIA's, NVIDIA_DRIVER_CAPABILITIES must " +
      "have graphics)"
    : "";
}

/** Whether the environment allows adapters in software. */
export function allowsSoftware(): boolean {
  try {
    return env[SOFTWARE_VARIABLE] === "1";
  } catch {
    return false;
  }
}

async function runOnce(float16: boolean): Promise<void> {
  const graph = emit({ sum: add(input("x", "float32", [1]), 1) });
  const made = float16 ? withHalfArithmetic(graph) : graph;
  const session = await Session.compile(made, { device: "webgpu" });
  await session.run({ x: { dtype: "float32", shape: [1], data: Float32Array.of(1) } });
  await session.release();
}
