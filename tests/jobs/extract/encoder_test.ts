import { assert, assertEquals } from "@std/assert";
import { extractorModel } from "../../../engine/extract/extractor_model.ts";
import { Session } from "../../../engine/runtime/session.ts";
import { WeightsFile } from "../../../engine/storage/weights_file.ts";
import { writeTorchFile } from "../../../engine/storage/torch/writer.ts";
import {
  encoderGraph,
  holdsEncoder,
  loadWeights,
  threadsFor,
} from "../../../jobs/extract/encoder.ts";
import { buildEncoder } from "../../../registry/builder/model.ts";
import { extractConfig, extractionRegistry, SHAPE, WIDTH } from "../../_extraction.ts";

async function tiny() {
  const sources = { config: extractConfig("out"), registry: extractionRegistry() };
  return await buildEncoder(sources, { name: "made up", sampleShape: SHAPE });
}

function writeCheckpoint(name: string, values: Float32Array<ArrayBuffer>): Promise<string> {
  const path = `${Deno.makeTempDirSync()}/last.pt`;
  const tensor = { kind: "tensor", dtype: "float32", shape: [WIDTH, 12], data: values } as const;
  return writeTorchFile(path, { model: { [name]: tensor } }).then(() => path);
}

Deno.test("loadWeights() starts from initial values that are the same every time", async () => {
  const first = await loadWeights(await tiny(), {});
  const second = await loadWeights(await tiny(), {});
  assertEquals(first.values, second.values);
  assertEquals([first.origin, first.sha256.length], ["initial", 64]);
  assertEquals(first.notices, ["the encoder has its initial weights: nothing was learned"]);
});

Deno.test("loadWeights() takes those of a checkpoint, under any of their names", async () => {
  const values = Float32Array.from({ length: WIDTH * 12 }, (_, i) => i);
  const sums = new Set<string>();
  for (const name of ["encoder.model.weight", "model.weight", "weight"]) {
    using checkpoint = WeightsFile.open(await writeCheckpoint(name, values));
    assert(holdsEncoder(await tiny(), checkpoint));
    const weights = await loadWeights(await tiny(), { checkpoint });
    assertEquals(weights.values.get("encoder.model.weight"), values);
    sums.add(weights.sha256);
  }
  assertEquals(sums.size, 1);
  using head = WeightsFile.open(await writeCheckpoint("head.fc.fc.weight", values));
  assert(!holdsEncoder(await tiny(), head));
});

Deno.test("encoderGraph() fixes the weights, and only samples are fed", async () => {
  const stack = await tiny();
  const weights = await loadWeights(stack, {});
  const model = extractorModel(encoderGraph(stack, weights));
  const samples = {
    dtype: "float32",
    shape: [2, ...SHAPE],
    data: Float32Array.from({ length: 24 }, (_, i) => i),
  } as const;
  const session = await Session.load(model);
  assertEquals([...session.inputs], ["samples"]);
  const { features } = await session.run({ samples });
  assertEquals(features.shape, [2, WIDTH]);
  const matrix = weights.values.get("encoder.model.weight")!;
  for (const [at, value] of (features.data as Float32Array).entries()) {
    const [row, column] = [Math.floor(at / WIDTH), at % WIDTH];
    let sum = 0;
    for (let i = 0; i < 12; i++) sum += matrix[column * 12 + i] * samples.data[row * 12 + i];
    assert(Math.abs(sum - value) < 1e-4 * Math.max(1, Math.abs(sum)));
  }
  await session.release();
});

Deno.test("threadsFor() gives each core a session as far as memory goes", async () => {
  const cores = navigator.hardwareConcurrency;
  const stack = await tiny();
  assertEquals(threadsFor(stack, null), { workers: cores, threads: 1 });
  assertEquals(threadsFor(stack, 1), { workers: 1, threads: cores });
  const huge = [{ ...stack.parameters[0], shape: [2 ** 42] }];
  assertEquals(threadsFor({ ...stack, parameters: huge }, null), { workers: 1, threads: cores });
});
