/**
 * A GPU: training steps of a linear layer, of CLAM-SB and of ViT-tiny, and the forward pass of
 * ViT-base, in float16 as well where the GPU has it. All go from arrays in memory to a loss or
 * features in memory, against PyTorch on the same GPU (or on the CPU where PyTorch has none), in
 * float32 and with bfloat16 autocast.
 *
 * Run with `deno task bench:device`. `--device cuda` measures the forward pass only, `--device cpu`
 * everything on the CPU, and `--small` small models, which shows that it works where a device is
 * imitated in software. Ours and theirs alternate in one run; medians are printed.
 */
import { parseArgs } from "node:util";
import { configure, fullFinetuning, genericImageDataset, timm } from "../mod.ts";
import { Random } from "../engine/random.ts";
import { withHalfArithmetic } from "../engine/onnx/half_arithmetic.ts";
import { chooseDevice } from "../engine/runtime/device.ts";
import { Session } from "../engine/runtime/session.ts";
import {
  type Device,
  DEVICE_CHOICES,
  type DeviceChoice,
} from "../engine/runtime/session_options.ts";
import { findAdapter } from "../engine/runtime/webgpu.ts";
import { encoderGraph, loadWeights } from "../jobs/extract/encoder.ts";
import { buildModel } from "../registry/builder/build_model.ts";
import { buildEncoder } from "../registry/builder/model.ts";
import { resolveExtractConfig } from "../registry/config/extract.ts";
import { registry } from "../registry/registry.ts";
import { clamModel, linearModel, normals, randomBags, randomSamples } from "./_models.ts";
import { compare, median, Peer, PRECISIONS } from "./_peer.ts";
import { stepper } from "./_stepper.ts";

/** How large everything is. */
interface Sizes {
  readonly linear: { readonly width: number; readonly classes: number; readonly size: number };
  readonly clam: { readonly width: number; readonly lengths: readonly number[] };
  readonly vit: { readonly type: string; readonly pixels: number; readonly size: number };
  readonly forward: { readonly type: string; readonly pixels: number; readonly size: number };
}

const FULL: Sizes = {
  linear: { width: 1536, classes: 1000, size: 512 },
  clam: { width: 1024, lengths: [3800, 2500, 900, 3300, 2100, 1700, 3000, 2100] },
  vit: { type: "vit_tiny_patch16_224", pixels: 224, size: 64 },
  forward: { type: "vit_base_patch16_224", pixels: 224, size: 64 },
};
const SMALL: Sizes = {
  linear: { width: 64, classes: 10, size: 32 },
  clam: { width: 64, lengths: [30, 20] },
  vit: { type: "test_vit", pixels: 160, size: 2 },
  forward: { type: "test_vit", pixels: 160, size: 2 },
};
const [ROUNDS, COUNT, WARM_UP] = [3, 10, 3];

/** One work on our side, and what PyTorch is asked for. */
interface Work {
  readonly name: string;
  readonly run: () => Promise<unknown>;
  readonly request: Readonly<Record<string, unknown>>;
}

async function linearWork(
  { width, classes, size }: Sizes["linear"],
  device: Device,
): Promise<Work> {
  const batch = randomSamples(new Random(0), { size, width, numClasses: classes });
  const run = await stepper(linearModel(width, classes), 1e-4, { batchSize: size, device });
  return {
    name: `linear layer ${width} to ${classes}, a step on ${size}`,
    run: () => run(batch),
    request: { task: "linear", width, classes, size },
  };
}

async function clamWork({ width, lengths }: Sizes["clam"], device: Device): Promise<Work> {
  const batch = randomBags(new Random(0), lengths, width);
  const run = await stepper(clamModel(width), 1e-4, { expectedRows: batch.rows, device });
  return {
    name: `CLAM-SB, a step on ${lengths.length} bags of ${batch.rows} instances`,
    run: () => run(batch),
    request: { task: "clam", width, lengths },
  };
}

async function vitWork({ type, pixels, size }: Sizes["vit"], device: Device): Promise<Work> {
  const shape = [3, pixels, pixels];
  const model = await buildModel([
    configure(genericImageDataset, { num_classes: 10 }),
    configure(timm, { type, pretrained: false }),
    configure(fullFinetuning),
  ], { sampleShape: shape });
  const width = 3 * pixels ** 2;
  const batch = randomSamples(new Random(0), { size, width, numClasses: 10 });
  const run = await stepper(model, 1e-4, { batchSize: size, device });
  return {
    name: `${type}, a step on ${size} images`,
    run: () => run(batch),
    request: { task: "vit", type, shape, size },
  };
}

async function forwardWork(
  { type, pixels, size }: Sizes["forward"],
  { device, float16 }: { readonly device: Device; readonly float16: boolean },
): Promise<Work> {
  const file = {
    data: {
      dataset: "generic_image_dataset",
      data_root_dir: ".",
      num_classes: 2,
      split_source: "subdirs",
      label_source: "folder",
    },
    model: { encoder: { encoder_type: "timm", type, pretrained: false } },
    split: "train",
    output_dir: ".",
    output_filename: "none.h5",
  };
  const { config } = resolveExtractConfig({ file });
  const sampleShape = [3, pixels, pixels];
  const stack = await buildEncoder({ config, registry }, { name: "bench", sampleShape });
  const graph = encoderGraph(stack, await loadWeights(stack, {}));
  const session = await Session.compile(float16 ? withHalfArithmetic(graph) : graph, { device });
  const shape = [size, ...sampleShape];
  const data = normals(new Random(0), size * 3 * pixels ** 2);
  return {
    name: `${type}, forward pass of ${size} images${float16 ? " in float16" : ""}`,
    run: () => session.run({ samples: { dtype: "float32", shape, data } }),
    request: { task: "forward", type, shape: sampleShape, size },
  };
}

async function measured(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < COUNT + WARM_UP; index++) {
    const start = performance.now();
    await run();
    if (index >= WARM_UP) times.push(performance.now() - start);
  }
  return median(times);
}

async function bench({ name, run, request }: Work, peer?: Peer): Promise<void> {
  const ours: number[] = [];
  const theirs = PRECISIONS.map((precision) => ({ ...precision, times: new Array<number>() }));
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await measured(run));
    for (const { bf16, times } of theirs) {
      const answer = await peer?.ask({ ...request, bf16, count: COUNT });
      if (answer) times.push(answer.ms);
    }
  }
  for (const { label, times } of theirs) {
    compare(`${name} (PyTorch ${label})`, ours, times);
    if (!peer) return;
  }
}

const { values: given } = parseArgs({
  options: {
    device: { type: "string", default: "webgpu" },
    small: { type: "boolean", default: false },
  },
});
const isChoice = (name: string): name is DeviceChoice =>
  DEVICE_CHOICES.some((choice) => choice === name);
if (!isChoice(given.device)) throw new TypeError(`--device must be one of ${DEVICE_CHOICES}`);
const peer = await Peer.start("./device_peer.py");
const { device, notice = "device cpu" } = await chooseDevice({ device: given.device });
console.log(`glovita: ${notice}`);
const answer = await peer?.ask({ task: "hello" });
if (answer) console.log(`PyTorch: ${answer.device}`);
const sizes = given.small ? SMALL : FULL;
if (device !== "cuda") {
  await bench(await linearWork(sizes.linear, device), peer);
  await bench(await clamWork(sizes.clam, device), peer);
  await bench(await vitWork(sizes.vit, device), peer);
}
await bench(await forwardWork(sizes.forward, { device, float16: false }), peer);
const hasFloat16 = device === "webgpu" ? (await findAdapter())?.float16 : device === "cuda";
if (hasFloat16) await bench(await forwardWork(sizes.forward, { device, float16: true }), peer);
await peer?.close();
