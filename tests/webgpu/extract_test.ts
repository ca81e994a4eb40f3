import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { DeviceError } from "../../engine/errors.ts";
import { Extractor } from "../../engine/extract/extractor.ts";
import { input } from "../../engine/ir/create.ts";
import { mul } from "../../engine/ir/elementwise.ts";
import { reduceMean } from "../../engine/ir/matrix.ts";
import { reshape } from "../../engine/ir/layout.ts";
import { conv } from "../../engine/ir/windows.ts";
import { bakeInputs } from "../../engine/onnx/bake.ts";
import { emit } from "../../engine/onnx/emit.ts";
import { withHalfArithmetic } from "../../engine/onnx/half_arithmetic.ts";
import { findAdapter, webGpuProblem } from "../../engine/runtime/webgpu.ts";
import { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import { syntheticSplit } from "../engine/data/synthetic_source.ts";
import { numbers } from "../engine/_run.ts";
import { extract, WIDTH } from "../_extraction.ts";
import { gpuTest, relativeError } from "./_adapter.ts";

/** Largest difference between features of the two devices, relative to the largest feature. */
const TOLERANCE = 1e-5;

async function featuresOf(path: string): Promise<Float32Array> {
  using file = await Hdf5File.open(path);
  const rows = await file.dataset("features");
  return rows.readRows(0, rows.rows) as Float32Array;
}

gpuTest("extraction on WebGPU with four workers gives the features of the CPU", async () => {
  const folder = await Deno.makeTempDir();
  const flags = { precision: "32", "dataloading.batch_size": "4" };
  const cpu = await extract(`${folder}/cpu`, flags);
  const gpu = await extract(`${folder}/gpu`, {
    ...flags,
    device: "webgpu",
    "dataloading.num_workers": "4",
  });
  assertEquals(gpu.files.map(({ samples, embedDim }) => [samples, embedDim]), [
    [22, WIDTH],
    [22, WIDTH],
  ]);
  for (const [i, { file }] of gpu.files.entries()) {
    const expected = await featuresOf(cpu.files[i].file);
    assert(relativeError(await featuresOf(file), expected) < TOLERANCE);
  }
  const notices = gpu.events.flatMap((event) => event.type === "notice" ? [event.message] : []);
  assertEquals(notices.filter((line) => line.startsWith("device webgpu, as asked")).length, 1);
  await Deno.remove(folder, { recursive: true });
});

gpuTest("float16 is refused where the adapter has none, and auto does without it", async () => {
  const folder = await Deno.makeTempDir();
  const adapter = await findAdapter();
  if (adapter?.float16) return; // Hardware: the check compares it with the CPU.
  const flags = { split: "val", precision_compute: "16", "dataloading.num_workers": "1" };
  const refused = () => extract(folder, { ...flags, device: "webgpu" });
  const { message } = await assertRejects(refused, DeviceError);
  assertMatch(
    message,
    /^device webgpu: .+ has no float16 arithmetic \(shader-f16\); use precision_compute 32$/,
  );
  const { files: [{ file }], events } = await extract(folder, { ...flags, device: "auto" });
  const lines = events.flatMap((event) => event.type === "notice" ? [event.message] : []);
  assert(lines.some((line) => line.startsWith("device webgpu (auto): ")));
  const without =
    "precision_compute 16 has no effect: device webgpu has no float16 arithmetic here";
  assert(lines.includes(without), lines.join("\n"));
  using open = await Hdf5File.open(file);
  assertEquals([open.attributes().get("device"), open.attributes().has("precision_compute")], [
    "webgpu",
    false,
  ]);
  await Deno.remove(folder, { recursive: true });
});

gpuTest("the runtime itself says that the device has no float16", async () => {
  const adapter = await findAdapter();
  const problem = await webGpuProblem(undefined, { float16: true });
  const expected = adapter?.float16 ? /^undefined$/ : /has no float16 arithmetic/;
  assertMatch(String(problem), expected);
});

gpuTest("what the device cannot compute is the device's fault", async () => {
  if ((await findAdapter())?.float16) return;
  const samples = input("samples", "float32", ["batch", 3]);
  const whole = emit({ features: mul(samples, 2) });
  const model = { device: "webgpu", deviceId: 0, graph: withHalfArithmetic(whole), whole } as const;
  await using extractor = new Extractor({ model });
  const split = syntheticSplit(6, { rowSize: 3 });
  const { message } = await assertRejects(
    () => extractor.check(split, { start: 0, end: 6 }),
    DeviceError,
  );
  assertMatch(message, /^device webgpu: it cannot .+f16.+; use device cpu$/);
});

gpuTest("an encoder with a convolution that WebGPU gets wrong is refused by name", async () => {
  const shape = [4, 6, 3, 3];
  const images = reshape(input("samples", "float32", ["batch", 384]), ["batch", 6, 8, 8]);
  const wrong = conv(images, input("weight", "float32", shape), { padding: [1, 1] });
  const values = Float32Array.from(numbers(4 * 6 * 9));
  const features = reduceMean(wrong, { axes: [2, 3] });
  const graph = bakeInputs(emit({ features }), new Map([["weight", { shape, values }]]));
  const split = syntheticSplit(8, { rowSize: 384 });
  await using extractor = new Extractor({ model: { device: "webgpu", deviceId: 0, graph } });
  const checking = () => extractor.check(split, { start: 0, end: 8 });
  const { message } = await assertRejects(checking, DeviceError);
  assertStringIncludes(message, 'results on the first batch differ from the CPU\'s: "features" by');
  assertMatch(message, /Conv "\S+" is wrong/);
});
