/**
 * The linear head, 1536 → 1000 at batch 512 with AdamW: a step in memory, and whole epochs from HDF5
 * files to updated weights, against the same loop in PyTorch and h5py, in float32 and with bfloat16
 * autocast.
 *
 * Run with `deno task bench`. Ours and theirs alternate in one run; medians and ratios are printed.
 */
import { join } from "node:path";
import { Random } from "../engine/random.ts";
import { featureSplit, openFeatureFile } from "../engine/features/feature_file.ts";
import { loadHdf5Library } from "../engine/storage/hdf5/library.ts";
import { FeatureWriter } from "../engine/features/feature_writer.ts";
import { Loader } from "../engine/data/loader.ts";
import { linearModel, normals, randomSamples } from "./_models.ts";
import { compare, peakMemory, Peer, PRECISIONS } from "./_peer.ts";
import { type Run, stepper } from "./_stepper.ts";

const [EMBED_DIM, CLASSES, BATCH, ROWS] = [1536, 1000, 512, 20_000];
async function benchSteps(run: Run, peer?: Peer): Promise<void> {
  const batch = randomSamples(new Random(0), {
    size: BATCH,
    width: EMBED_DIM,
    numClasses: CLASSES,
  });
  for (let i = 0; i < 5; i++) await run(batch);
  const kinds = ["foreach", "fused"].flatMap((optimizer) =>
    PRECISIONS.map((precision) => ({ optimizer, ...precision }))
  );
  for (const { optimizer, label, bf16 } of kinds) {
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round < 7; round++) {
      const times: number[] = [];
      for (let i = 0; i < 15; i++) {
        const start = performance.now();
        await run(batch);
        times.push(performance.now() - start);
      }
      ours.push(times.toSorted((a, b) => a - b)[7]);
      const answer = await peer?.ask({ task: "steps", count: 15, optimizer, bf16 });
      if (answer) theirs.push(answer.ms);
    }
    compare(`step in memory (PyTorch AdamW ${optimizer}, ${label})`, ours, theirs);
    if (!peer) return;
  }
}

/** A block of random rows and their labels. */
function randomRows(random: Random, rows: number): { block: Float32Array; labels: Int32Array } {
  return {
    block: normals(random, rows * EMBED_DIM),
    labels: Int32Array.from({ length: rows }, () => random.integer(CLASSES)),
  };
}

/** float16, each row a gzip chunk of its own, as feature extraction writes. */
async function writeCompressed(path: string): Promise<void> {
  const options = { embedDim: EMBED_DIM, precision: 16, chunkRows: 1 } as const;
  const writer = await FeatureWriter.create(path, options);
  const random = new Random(1);
  for (let row = 0; row < ROWS; row += 1000) {
    const { block, labels } = randomRows(random, 1000);
    writer.append(block, labels);
  }
  writer.close();
}

/** float32, all rows in one piece. */
async function writeContiguous(path: string): Promise<void> {
  const { h5wasm } = await loadHdf5Library();
  const { block, labels } = randomRows(new Random(1), ROWS);
  const file = new h5wasm.File(path, "w");
  file.create_dataset({ name: "features", data: block, shape: [ROWS, EMBED_DIM] });
  file.create_dataset({ name: "labels", data: labels, shape: [ROWS] });
  file.close();
}

async function writeFiles(folder: string): Promise<Record<string, string>> {
  const files = {
    "float16, one-row gzip chunks": join(folder, "f16_gzip_rows.h5"),
    "float32, contiguous": join(folder, "f32_contiguous.h5"),
  };
  await writeCompressed(files["float16, one-row gzip chunks"]);
  await writeContiguous(files["float32, contiguous"]);
  return files;
}

/** Trains an epoch on a large file in a process of its own, which reports its peak memory. */
async function benchMemory(folder: string): Promise<void> {
  const path = join(folder, "large.h5");
  const [rows, rowBytes] = [120_000, EMBED_DIM * 4];
  const options = { embedDim: EMBED_DIM, precision: 32, compression: 0, chunkRows: 32 } as const;
  const writer = await FeatureWriter.create(path, options);
  const { block, labels } = randomRows(new Random(2), 2000);
  for (let row = 0; row < rows; row += 2000) writer.append(block, labels);
  writer.close();
  const permissions = ["read", "write", "ffi", "env", "sys"].map((name) => `--allow-${name}`);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, import.meta.filename!, path],
  }).output();
  const peak = new TextDecoder().decode(stdout).trim();
  console.log(`an epoch of a file of ${rows * rowBytes / 2 ** 20} MB: peak memory ${peak} MB`);
}

async function epochOf(path: string, run: Run): Promise<void> {
  const split = featureSplit(await openFeatureFile(path));
  const options = { batchSize: BATCH, shuffle: true, seed: 0, reuseBuffers: true };
  await using loader = new Loader(split, options);
  for await (const batch of loader.epoch(0)) await run(batch);
}

async function benchEpochs(
  run: Run,
  files: Readonly<Record<string, string>>,
  peer?: Peer,
): Promise<void> {
  for (const [name, path] of Object.entries(files)) {
    const split = featureSplit(await openFeatureFile(path));
    await using loader = new Loader(split, {
      batchSize: BATCH,
      shuffle: true,
      seed: 0,
      reuseBuffers: true,
    });
    const ways = [
      { way: "DataLoader, 0 workers", request: { task: "epoch", path, workers: 0 } },
      { way: "DataLoader, 1 worker", request: { task: "epoch", path, workers: 1 } },
      { way: "h5py by sorted batches", request: { task: "batches", path } },
    ];
    const tasks = ways.flatMap(({ way, request }) =>
      PRECISIONS.map(({ label, bf16 }) => ({
        label: `${way}, ${label}`,
        request: { ...request, bf16 },
      }))
    );
    const theirs: number[][] = tasks.map(() => []);
    const ours: number[] = [];
    for (let round = -1; round < 5; round++) {
      const start = performance.now();
      for await (const batch of loader.epoch(round + 1)) await run(batch);
      const time = performance.now() - start;
      for (const [index, { request }] of tasks.entries()) {
        const answer = await peer?.ask(request);
        if (answer && round >= 0) theirs[index].push(answer.ms);
      }
      if (round >= 0) ours.push(time);
    }
    if (!peer) compare(`epoch of ${ROWS} rows, ${name}`, ours, []);
    for (const [index, { label }] of tasks.entries()) {
      if (peer) compare(`epoch of ${ROWS} rows, ${name} (${label})`, ours, theirs[index]);
    }
  }
}

if (Deno.args.length > 0) {
  await epochOf(Deno.args[0], await stepper(linearModel(EMBED_DIM, CLASSES), 1e-3));
  console.log(peakMemory().toFixed(0));
  Deno.exit(0);
}

const folder = Deno.makeTempDirSync({ prefix: "glovita_bench_" });
const peer = await Peer.start("./training_peer.py");
try {
  const run = await stepper(linearModel(EMBED_DIM, CLASSES), 1e-3);
  await benchSteps(run, peer);
  const files = await writeFiles(folder);
  await benchEpochs(run, files, peer);
  await benchMemory(folder);
} finally {
  await peer?.close();
  Deno.removeSync(folder, { recursive: true });
}
