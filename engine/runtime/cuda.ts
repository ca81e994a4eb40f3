/**
 * Finding out whether the runtime can use CUDA. It says only that it cannot; what is missing is found
 * by looking.
 * @module
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hostInfo } from "../platform/host.ts";
import { loadsLibrary } from "../platform/libraries.ts";
import { isFile } from "../storage/is_file.ts";

/** How the machine is looked at. */
export interface CudaProbes {
  /** Operating system and processor, such as "linux x86_64". */
  readonly platform: string;
  /** Folder of the runtime's libraries. */
  readonly folder: () => string;
  /** Whether there is such a file. */
  readonly isFile: (path: string) => boolean;
  /** Whether the system finds and loads such a library. */
  readonly loads: (library: string) => boolean;
}

const PROBES: CudaProbes = {
  platform: `${hostInfo().os} ${hostInfo().arch}`,
  folder: runtimeFolder,
  isFile,
  loads: loadsLibrary,
};

/** Libraries of the runtime that its package leaves out. */
const PROVIDER_FILES = [
  "libonnxruntime_providers_shared.so",
  "libonnxruntime_providers_cuda.so",
] as const;

/** What NVIDIA's driver brings. */
const DRIVER = "libcuda.so.1";

/** What CUDA 12 and cuDNN 9 bring. */
const LIBRARIES = [
  "libcudart.so.12",
  "libcublas.so.12",
  "libcublasLt.so.12",
  "libcufft.so.11",
  "libcurand.so.10",
  "libcudnn.so.9",
] as const;

/** The runtime's package and its version, as `deno.json` has them, which is not part of every package. */
export const PACKAGE = "npm:onnxruntime-node@1.30.0";

/**
 * Finds out what keeps CUDA from running.
 * @param probes How the machine is looked at.
 * @returns What the user can do; `undefined` where everything is there.
 *
 * @example A machine without the driver
 * ```ts
 * import { cudaProblem } from "./cuda.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const problem = cudaProblem({
 *   platform: "linux x86_64",
 *   folder: () => "/runtime",
 *   isFile: () => true,
 *   loads: () => false,
 * });
 * assertEquals(
 *   problem,
 *   'there is no NVIDIA driver ("libcuda.so.1"); use device webgpu or cpu',
 * );
 * ```
 */
export function cudaProblem(probes: CudaProbes = PROBES): string | undefined {
  if (probes.platform !== "linux x86_64") {
    return "onnxruntime has CUDA for Linux on x86-64 only; use device webgpu or cpu";
  }
  if (!probes.loads(DRIVER)) {
    return `there is no NVIDIA driver ("${DRIVER}"); use device webgpu or cpu`;
  }
  const folder = probes.folder();
  if (!PROVIDER_FILES.every((file) => probes.isFile(join(folder, file)))) {
    return "onnxruntime's CUDA library is not installed. Fetch it (200 to 400 MB, once per Deno " +
      `cache):\n  deno run -A ${PACKAGE}/script/install.js --onnxruntime-node-install=cuda12`;
  }
  const missing = LIBRARIES.find((library) => !probes.loads(library));
  if (missing === undefined) return undefined;
  return `"${missing}" cannot be loaded: install CUDA 12 and cuDNN 9, or put their folder on ` +
    "LD_LIBRARY_PATH";
}

/** Where the package of the runtime keeps its libraries. */
function runtimeFolder(): string {
  const entry = fileURLToPath(import.meta.resolve("onnxruntime-node"));
  return join(dirname(entry), "../bin/napi-v6/linux/x64");
}
