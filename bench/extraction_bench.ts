/**
 * Feature extraction with ViT-tiny and ViT-base (patch 16, 224 pixels): the forward pass of 32
 * images, and the whole way from JPEG files to an HDF5 file, against timm on PyTorch with a
 * DataLoader, in float32 and with bfloat16 autocast. Two threads each. ViT-base, which has wide
 * layers, is measured with `float32_matmul_precision` `high` and `medium` too.
 *
 * Run with `deno task bench:extraction`. Ours and theirs alternate in one run; medians are printed.
 * Both take the weights from one file, which holds random ones, as nothing here depends on their
 * values; the time of the whole way begins before the encoder is built.
 */
import "../plugins/mod.ts";
import sharp from "sharp";
import { join } from "node:path";
import { Extractor } from "../engine/extract/extractor.ts";
import { extractFeatures } from "../jobs/extract/extract.ts";
import { extractorModel } from "../engine/extract/extractor_model.ts";
import { encoderGraph, loadWeights } from "../jobs/extract/encoder.ts";
import { chooseMatmulPrecision } from "../jobs/extract/matmul_precision.ts";
import { buildEncoder } from "../registry/builder/model.ts";
import { type ExtractConfig, resolveExtractConfig } from "../registry/config/extract.ts";
import { registry } from "../registry/registry.ts";
import { compare, peakMemory, Peer } from "./_peer.ts";

type MatmulPrecision = ExtractConfig["float32_matmul_precision"];

interface Case {
  readonly type: string;
  readonly images: number;
  readonly rounds: number;
  readonly precisions: readonly MatmulPrecision[];
}

const CASES: readonly Case[] = [
  { type: "vit_tiny_patch16_224", images: 384, rounds: 5, precisions: ["highest"] },
  {
    type: "vit_base_patch16_224",
    images: 128,
    rounds: 3,
    precisions: ["highest", "high", "medium"],
  },
];
const BATCH = 32;
const SIZE = 224;
const THREADS = 2;
const IMAGES = new URL("../tests/testdata/preprocess/images/", import.meta.url).pathname;

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** Different JPEG files of 500 x 375 pixels, cut out of real images. */
async function writeImages(folder: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const label = join(folder, "images", "train", i % 2 === 0 ? "china" : "coffee");
    Deno.mkdirSync(label, { recursive: true });
    const source = join(IMAGES, i % 2 === 0 ? "china.jpg" : "coffee.png");
    await sharp(source).resize(640, 427)
      .extract({ left: i % 140, top: (i * 7) % 52, width: 500, height: 375 })
      .jpeg({ quality: 90 }).toFile(join(label, `${i}.jpg`));
  }
}

interface ConfigOptions {
  readonly root?: string;
  readonly weightsFile?: string;
  readonly precision?: MatmulPrecision;
}

function configOf(
  type: string,
  { root = ".", weightsFile, precision = "highest" }: ConfigOptions,
): ExtractConfig {
  const weights = weightsFile ? { weights_file: weightsFile } : { pretrained: false };
  const file = {
    data: {
      dataset: "generic_image_dataset",
      data_root_dir: root,
      num_classes: 2,
      split_source: "subdirs",
      label_source: "folder",
    },
    model: { encoder: { encoder_type: "timm", type, ...weights } },
    split: "train",
    output_dir: root,
    output_filename: "ours.h5",
    float32_matmul_precision: precision,
    dataloading: { num_workers: THREADS },
  };
  return resolveExtractConfig({ file }).config;
}

/** The pool that extraction uses, and images that are already decoded. */
async function poolFor(type: string, precision: MatmulPrecision) {
  const sources = { config: configOf(type, {}), registry };
  const sampleShape = [3, SIZE, SIZE];
  const stack = await buildEncoder(sources, { name: "bench", sampleShape });
  const graph = encoderGraph(stack, await loadWeights(stack, {}));
  const model = extractorModel((await chooseMatmulPrecision(graph, precision)).graph);
  const code = `let values;
  export const openSource = (size) => {
    values ??= Float32Array.from({ length: 4 * size }, () => Math.random() - 0.5);
    return { read: ({ length }) => ({ features: values.slice(0, length * size) }), close() {} };
  }`;
  const module = `data:text/javascript,${encodeURIComponent(code)}`;
  const source = { module, options: 3 * SIZE * SIZE };
  const extractor = new Extractor({ model, workers: THREADS });
  return { extractor, split: { name: "bench", source, sampleShape } };
}

async function drain({ extractor, split }: Awaited<ReturnType<typeof poolFor>>): Promise<void> {
  for await (const _ of extractor.run(split, { start: 0, end: BATCH })) {
    // Only the time counts.
  }
}

async function benchForward({ type, rounds, precisions }: Case, peer?: Peer): Promise<void> {
  const pools = [];
  for (const precision of precisions) pools.push(await poolFor(type, precision));
  for (const pool of pools) await drain(pool);
  const ours: number[][] = pools.map(() => []);
  const [fp32, bf16]: number[][] = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const [i, pool] of pools.entries()) ours[i].push(await timed(() => drain(pool)));
    const request = { task: "forward", type, batch: BATCH };
    const single = await peer?.ask({ ...request, bf16: false });
    const half = await peer?.ask({ ...request, bf16: true });
    if (single && half) {
      fp32.push(single.ms);
      bf16.push(half.ms);
    }
  }
  for (const { extractor } of pools) await extractor[Symbol.asyncDispose]();
  for (const [i, precision] of precisions.entries()) {
    const what = `${type} ${precision}, forward of ${BATCH}`;
    compare(`${what} (PyTorch fp32)`, ours[i], fp32);
    if (peer) compare(`${what} (PyTorch bf16)`, ours[i], bf16);
  }
}

async function benchWhole(
  { type, images, rounds, precisions }: Case,
  peer?: Peer,
): Promise<void> {
  const root = Deno.makeTempDirSync({ prefix: "glovita_bench_" });
  try {
    await writeImages(root, images);
    const weightsFile = peer && join(root, "weights.safetensors");
    await peer?.ask({ task: "weights", type, file: weightsFile });
    const tasks = [false, true].flatMap((bf16) => [0, 2].map((workers) => ({ bf16, workers })));
    const ours: number[][] = precisions.map(() => []);
    const theirs: number[][] = tasks.map(() => []);
    let peak = 0;
    for (let round = 0; round < rounds; round++) {
      for (const [i, precision] of precisions.entries()) {
        const config = configOf(type, { root, weightsFile, precision });
        ours[i].push(await timed(() => extractFeatures(config)));
      }
      for (const [index, task] of tasks.entries()) {
        const request = { task: "extract", type, root, file: weightsFile, batch: BATCH, ...task };
        const answer = await peer?.ask(request);
        if (answer) theirs[index].push(answer.ms);
        peak = answer?.peak_mb ?? peak;
      }
    }
    for (const [i, precision] of precisions.entries()) {
      for (const [index, { bf16, workers }] of tasks.entries()) {
        if (index > 0 && !peer) break;
        const what = `PyTorch ${bf16 ? "bf16" : "fp32"}, DataLoader with ${workers} workers`;
        const name = `${type} ${precision}, ${images} JPEGs to HDF5 (${what})`;
        compare(name, ours[i], theirs[index]);
      }
      const rate = 1000 * images / Math.min(...ours[i]);
      console.log(`${type} ${precision}: at best ${rate.toFixed(1)} images/s`);
    }
    console.log(
      `${type}: peak memory so far ${peakMemory().toFixed(0)} MB, PyTorch ${peak.toFixed(0)} MB`,
    );
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

const peer = await Peer.start("./extraction_peer.py");
for (const one of CASES) await benchWhole(one, peer);
for (const one of CASES) await benchForward(one, peer);
await peer?.close();
