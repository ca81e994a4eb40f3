/** Encoders in float16: how far off they are, where they are refused, and that files are not mixed. */
import "../../../plugins/mod.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError, DeviceError } from "../../../engine/errors.ts";
import { withHalfArithmetic } from "../../../engine/onnx/half_arithmetic.ts";
import type { OnnxGraph } from "../../../engine/onnx/emit.ts";
import { MAX_HALF_DIFFERENCE } from "../../../engine/runtime/device_check.ts";
import { Session } from "../../../engine/runtime/session.ts";
import { loadHdf5Library } from "../../../engine/storage/hdf5/library.ts";
import { encoderGraph } from "../../../jobs/extract/encoder.ts";
import { buildEncoder } from "../../../registry/builder/model.ts";
import { resolveExtractConfig } from "../../../registry/config/extract.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { registry } from "../../../registry/registry.ts";
import { extract } from "../../_extraction.ts";
import { ruleNumbers, ruleWeights } from "../../_timm.ts";

interface Encoder {
  readonly type: string;
  readonly side: number;
  readonly model_kwargs?: Readonly<Record<string, unknown>>;
}

async function graphOf({ type, side, model_kwargs = {} }: Encoder): Promise<OnnxGraph> {
  const encoder = { encoder_type: "timm", type, pretrained: false, model_kwargs };
  const file = { data: { dataset: "cifar10" }, model: { encoder } };
  const { config } = resolveExtractConfig({ file });
  const samples = { name: "made up", sampleShape: [3, side, side] };
  const stack = await buildEncoder({ config, registry }, samples);
  const values = new Map(
    stack.parameters.map(({ name, shape }) => [name, ruleWeights(name, shape)]),
  );
  return encoderGraph(stack, { values });
}

async function featuresOf(graph: OnnxGraph, side: number): Promise<Float32Array> {
  const session = await Session.compile(graph);
  const shape = [2, 3, side, side];
  const data = Float32Array.from(ruleNumbers("images", 6 * side * side));
  const { features } = await session.run({ samples: { dtype: "float32", shape, data } });
  await session.release();
  return features.data as Float32Array;
}

const encoders: readonly Encoder[] = [
  { type: "test_vit", side: 32, model_kwargs: { img_size: 32 } },
  { type: "test_resnet", side: 32 },
  { type: "test_convnext", side: 32 },
  { type: "vit_tiny_patch16_224", side: 64, model_kwargs: { img_size: 64 } },
];

for (const encoder of encoders) {
  Deno.test(`${encoder.type} in float16 is within the check's tolerance of float32`, async () => {
    const graph = await graphOf(encoder);
    const exact = await featuresOf(graph, encoder.side);
    const half = await featuresOf(withHalfArithmetic(graph), encoder.side);
    const difference = Math.max(...exact.map((value, i) => Math.abs(value - half[i])));
    const error = difference / Math.max(...exact.map(Math.abs));
    assert(error > 1e-5, "nothing was rounded");
    assert(error < MAX_HALF_DIFFERENCE / 4, `${error}`);
  });
}

Deno.test("extractFeatures() refuses float16 on the CPU, and other numbers of bits", async () => {
  const folder = Deno.makeTempDirSync();
  const named = await assertRejects(
    () => extract(folder, { precision_compute: "16" }),
    DeviceError,
  );
  assertEquals(
    named.message,
    "device cpu: it has no float16 arithmetic, and casts to float32 and back would only cost " +
      "time; use precision_compute 32, or device webgpu or cuda",
  );
  const bits = await assertRejects(() => extract(folder, { precision_compute: "8" }), ConfigError);
  assertEquals(bits.message, 'precision_compute: expected one of 16, 32, received "8"');
  assertEquals([...Deno.readDirSync(folder)], []);
});

const one = { split: "train", output_filename: "out.h5", precision: "32" };

/** Lets a file say that it was computed in float16. */
async function markHalf(path: string, fingerprint?: string): Promise<void> {
  const { h5wasm } = await loadHdf5Library();
  const file = new h5wasm.File(path, "a");
  file.create_attribute("precision_compute", 16, [], "<i");
  if (fingerprint !== undefined) {
    file.delete_attribute("fingerprint");
    file.create_attribute("fingerprint", fingerprint);
  }
  file.close();
}

Deno.test("extractFeatures() does not mix float16 with float32", async () => {
  const folder = Deno.makeTempDirSync();
  await extract(folder, one);
  const whole = join(folder, "out.h5");
  await markHalf(whole, "another");
  const kept = await assertRejects(() => extract(folder, { ...one, resume: "true" }), DataError);
  assertEquals(
    kept.message,
    `Cannot keep "${whole}": its precision_compute is 16, expected none; remove it, or run ` +
      "without resume",
  );
  for (const shard of ["1/2", "2/2"]) await extract(folder, { ...one, shard });
  const [first, second] = [1, 2].map((at) => join(folder, `out.shard-${at}-of-2.h5`));
  await markHalf(second);
  const joined = await assertRejects(() => extract(folder, { ...one, merge: "2" }), DataError);
  assertEquals(
    joined.message,
    `Cannot join "${second}": its precision_compute is 16, that of "${first}" is missing`,
  );
});
