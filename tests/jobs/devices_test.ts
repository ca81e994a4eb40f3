/** What training, extraction and infer say on machines without a GPU. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { JobOutcome, JobOutcomes } from "../_device_jobs.ts";

const program = fileURLToPath(new URL("../_device_jobs.ts", import.meta.url));

/** Runs the jobs in a process in which Vulkan finds no driver. */
async function jobsWithoutDriver<D extends "webgpu" | "auto">(
  devices: readonly D[],
  software: boolean,
): Promise<Readonly<Record<D, JobOutcomes>>> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-P=test", program, ...devices],
    env: { VK_ICD_FILENAMES: "/dev/null", GLOVITA_SOFTWARE_GPU: software ? "1" : "0" },
  }).output();
  const lines = new TextDecoder().decode(stdout).trim().split("\n");
  assert(lines.at(-1)?.startsWith("{"), new TextDecoder().decode(stderr));
  return JSON.parse(lines.at(-1)!);
}

const each = (outcomes: JobOutcomes): JobOutcome[] => Object.values(outcomes);

// Elsewhere a driver is found whatever the environment says.
const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "training, extraction and infer refuse WebGPU where the runtime finds no adapter",
  ignore,
  async fn() {
    const { webgpu } = await jobsWithoutDriver(["webgpu"], true);
    for (const { error, lines } of each(webgpu)) {
      const [name, message] = error!;
      assertEquals([name, lines], ["DeviceError", []]);
      assertMatch(
        message,
        /^device webgpu: (no adapter was found.*: install the driver of the GPU.*or use|onnxruntime has no WebGPU for .*; use) device cpu$/,
      );
    }
    assertEquals(new Set(each(webgpu).map(({ error }) => error![1])).size, 1);
  },
});

Deno.test({
  name: "they refuse an adapter in software, and auto takes the CPU, and says so in a line",
  ignore,
  async fn() {
    const { webgpu, auto } = await jobsWithoutDriver(["webgpu", "auto"], false);
    for (const { error } of each(webgpu)) {
      // Deno may find an adapter by OpenGL, in software or in hardware, or none.
      assertMatch(
        error![1],
        /^device webgpu: (.+ computes in software, slower than device cpu; install the driver of the GPU, or set GLOVITA_SOFTWARE_GPU=1 to use it anyway|no adapter was found.*|onnxruntime has no WebGPU.*)$/,
      );
    }
    for (const { error, lines } of each(auto)) {
      assertEquals([error, lines.length], [undefined, 1]);
      assertMatch(
        lines[0],
        /^device cpu \(auto\): (no GPU was found|.+ \(software\) is not a GPU|no adapter was found.*|onnxruntime has no WebGPU.*)$/,
      );
    }
  },
});
