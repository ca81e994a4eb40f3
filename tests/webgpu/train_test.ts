import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { readFloat32 } from "../../engine/storage/tensor_types.ts";
import { WeightsFile } from "../../engine/storage/weights_file.ts";
import type { EpochDone } from "../../engine/train/events.ts";
import { infer } from "../../jobs/predict/infer.ts";
import { peftFlags, runFlags, writeImages } from "../_peft_runs.ts";
import { type Files, ofType, type Outcome, runTrain, writeSplits } from "../_training.ts";
import { gpuTest, relativeError } from "./_adapter.ts";

/** Largest difference between numbers of the two devices after two epochs, relative to the largest. */
const TOLERANCE = 1e-4;

const onGpu = { "training.device": "webgpu" };

function numbersOf({ events }: Outcome): number[] {
  return ofType(events, "epoch").flatMap(({ train, val }: EpochDone) => [
    ...Object.values(train),
    ...Object.values(val),
  ]);
}

function noticesOf({ events }: Outcome): string {
  return ofType(events, "notice").map(({ message }) => message).join("\n");
}

function weightsOf({ directory }: Outcome): Map<string, Float32Array> {
  using file = WeightsFile.open(join(directory, "checkpoints", "last.pt"));
  const { tensors } = file.stateDicts.find(({ keys: [key] }) => key === "model")!;
  return new Map([...tensors].map(([name, tensor]) => [name, readFloat32(tensor, name).data]));
}

async function withFiles(work: (files: Files) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  await work(await writeSplits(folder));
  await Deno.remove(folder, { recursive: true });
}

gpuTest(
  "a run on WebGPU has the numbers of the CPU's, and says where it ran",
  () =>
    withFiles(async (files) => {
      const cpu = await runTrain(files, { "logger.group": "cpu" });
      const gpu = await runTrain(files, { "logger.group": "gpu", ...onGpu });
      assert(relativeError(numbersOf(gpu), numbersOf(cpu)) < TOLERANCE);
      const [found, expected] = [weightsOf(gpu), weightsOf(cpu)];
      assertEquals([...found.keys()], [...expected.keys()]);
      for (const [name, values] of expected) {
        assert(relativeError(found.get(name)!, values) < TOLERANCE, name);
      }
      const notices = ofType(gpu.events, "notice").map(({ message }) => message);
      assertStringIncludes(notices.join("\n"), "device webgpu, as asked for: ");
      const info = JSON.parse(Deno.readTextFileSync(join(gpu.directory, "runtime_info.json")));
      assertEquals(info.device, "webgpu");
    }),
);

gpuTest(
  "a run on WebGPU that was stopped goes on as if it had not been",
  () =>
    withFiles(async (files) => {
      const flags = { ...onGpu, "training.gradient_accumulation_steps": "2" };
      const whole = await runTrain(files, { ...flags, "logger.group": "whole" });
      const abort = new AbortController();
      const stopped = { ...flags, "logger.group": "stopped" };
      const onEvent = ({ type }: { readonly type: string }) => type === "epoch" && abort.abort();
      await runTrain(files, stopped, { signal: abort.signal, onEvent }).catch((error) => {
        assertEquals(error.name, "AbortError");
      });
      const directory = join(files.folder, "experiments/precomputed_features/stopped/0");
      const resumed = await runTrain(files, { ...stopped, "training.resume": directory });
      assertEquals(resumed.done.test, whole.done.test);
      assertEquals(weightsOf(resumed), weightsOf(whole));
    }),
);

gpuTest(
  "a trained model predicts on WebGPU what it predicts on the CPU",
  () =>
    withFiles(async (files) => {
      const { directory } = await runTrain(files);
      const pred_output = join(files.folder, "gpu.csv");
      const found = await infer([{ exp_dir: directory, device: "webgpu", pred_output }]);
      const expected = await infer([{ exp_dir: directory }]);
      const { predictions: { scores } } = expected;
      assert(relativeError(found.predictions.scores, scores) < TOLERANCE);
      assertEquals(found.predictions.ids, expected.predictions.ids);
    }),
);

gpuTest("a frozen encoder computes its features on WebGPU, and the head trains there", async () => {
  const folder = await Deno.makeTempDir();
  await writeImages(folder);
  const flags = peftFlags(folder, "linear_probing");
  const cpu = await runFlags({ ...flags, "logger.group": "cpu" });
  const gpu = await runFlags({ ...flags, "logger.group": "gpu", ...onGpu });
  assertStringIncludes(noticesOf(gpu), "the encoder does not train: its features");
  assert(relativeError(numbersOf(gpu), numbersOf(cpu)) < TOLERANCE);
  await Deno.remove(folder, { recursive: true });
});
