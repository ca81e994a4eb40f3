import { assertEquals } from "@std/assert";
import { type CudaProbes, cudaProblem, PACKAGE } from "../../../engine/runtime/cuda.ts";

const FILES = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];
const LIBRARIES = [
  "libcuda.so.1",
  "libcudart.so.12",
  "libcublas.so.12",
  "libcublasLt.so.12",
  "libcufft.so.11",
  "libcurand.so.10",
  "libcudnn.so.9",
];

/** A machine with everything but what is left out. */
function machine(without: readonly string[], platform = "linux x86_64"): CudaProbes {
  const has = (names: readonly string[]) => (name: string) =>
    names.includes(name) && !without.includes(name);
  const folder = "/cache/bin";
  return {
    platform,
    folder: () => folder,
    isFile: (path) => path.startsWith(`${folder}/`) && has(FILES)(path.slice(folder.length + 1)),
    loads: has(LIBRARIES),
  };
}

Deno.test("cudaProblem() finds nothing wrong where everything is there", () => {
  assertEquals(cudaProblem(machine([])), undefined);
});

Deno.test("cudaProblem() says what is missing, and what to do", () => {
  const fetch =
    "onnxruntime's CUDA library is not installed. Fetch it (200 to 400 MB, once per Deno cache):\n" +
    "  deno run -A npm:onnxruntime-node@1.30.0/script/install.js --onnxruntime-node-install=cuda12";
  for (const file of FILES) assertEquals(cudaProblem(machine([file])), fetch);
  assertEquals(
    cudaProblem(machine(["libcuda.so.1", ...FILES])),
    'there is no NVIDIA driver ("libcuda.so.1"); use device webgpu or cpu',
  );
  for (const library of LIBRARIES.slice(1)) {
    assertEquals(
      cudaProblem(machine([library])),
      `"${library}" cannot be loaded: install CUDA 12 and cuDNN 9, or put their folder on ` +
        "LD_LIBRARY_PATH",
    );
  }
  assertEquals(
    cudaProblem(machine([], "darwin aarch64")),
    "onnxruntime has CUDA for Linux on x86-64 only; use device webgpu or cpu",
  );
});

Deno.test("cudaProblem() looks at this machine, and says something that can be said", () => {
  const problem = cudaProblem();
  const known = /^(there is no NVIDIA driver|onnxruntime's? |"lib\S+" cannot be loaded)/;
  assertEquals(problem === undefined || known.test(problem), true);
});

Deno.test("cudaProblem() fetches for the runtime that deno.json names", async () => {
  const file = await Deno.readTextFile(new URL("../../../deno.json", import.meta.url));
  assertEquals(JSON.parse(file).imports["onnxruntime-node"], PACKAGE);
});
