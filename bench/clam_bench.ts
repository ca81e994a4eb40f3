/**
 * CLAM-SB (size small, D 1024, AdamW): a training step on 8 bags of 200 to 4000 instances, and an
 * epoch of 200 such bags from an HDF5 file (float16), against PyTorch with padded and with packed
 * bags, in float32 and with bfloat16 autocast.
 *
 * Run with `deno task bench:mil`. Ours and theirs alternate in one run; medians are printed.
 */
import { join } from "node:path";
import { Random } from "../engine/random.ts";
import { featureSplit, openFeatureFile } from "../engine/features/feature_file.ts";
import { FeatureWriter } from "../engine/features/feature_writer.ts";
import { Loader } from "../engine/data/loader.ts";
import { clamModel, randomBags } from "./_models.ts";
import { compare, median, peakMemory, Peer } from "./_peer.ts";
import { type Run, stepper } from "./_stepper.ts";

const [EMBED_DIM, BAGS] = [1024, 8];
function drawLengths(random: Random, bags: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length: bags }, () => 200 + random.integer(3801));
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

async function benchSteps(run: Run, peer?: Peer): Promise<void> {
  const random = new Random(0);
  const lengths = drawLengths(random, BAGS);
  const batch = randomBags(random, [...lengths], EMBED_DIM);
  for (let i = 0; i < 3; i++) await run(batch);
  console.log(`${BAGS} bags, ${batch.rows} instances, longest ${Math.max(...lengths)}`);
  const tasks = [
    { label: "padded fp32", packed: false, bf16: false },
    { label: "padded bf16", packed: false, bf16: true },
    { label: "packed fp32", packed: true, bf16: false },
    { label: "packed bf16", packed: true, bf16: true },
  ];
  const ours: number[] = [];
  const theirs: number[][] = tasks.map(() => []);
  for (let round = 0; round < 7; round++) {
    const times: number[] = [];
    for (let i = 0; i < 3; i++) times.push(await timed(() => run(batch)));
    ours.push(median(times));
    for (const [index, { packed, bf16 }] of tasks.entries()) {
      const answer = await peer?.ask({
        task: "step",
        lengths: [...lengths],
        packed,
        bf16,
        count: 3,
      });
      if (answer) theirs[index].push(answer.ms);
    }
  }
  for (const [index, { label }] of tasks.entries()) {
    compare(`step (PyTorch ${label})`, ours, theirs[index]);
    if (!peer) return;
  }
}

async function benchEpoch(run: Run, folder: string): Promise<void> {
  const random = new Random(1);
  const path = join(folder, "bags.h5");
  const writer = await FeatureWriter.create(path, { embedDim: EMBED_DIM, compression: 0 });
  for (const [bag, length] of drawLengths(random, 200).entries()) {
    const features = new Float32Array(length * EMBED_DIM);
    for (let i = 0; i < features.length; i++) features[i] = random.float() - 0.5;
    writer.appendBag(features, bag % 2);
  }
  writer.close();
  const split = featureSplit(await openFeatureFile(path));
  const options = { batchSize: BAGS, shuffle: true, seed: 0, reuseBuffers: true };
  await using loader = new Loader(split, options);
  for (let epoch = 0; epoch < 3; epoch++) {
    let computing = 0;
    const whole = await timed(async () => {
      for await (const batch of loader.epoch(epoch)) computing += await timed(() => run(batch));
    });
    const share = 100 * (whole / computing - 1);
    console.log(
      `epoch of 200 bags from float16: ${(whole / 1000).toFixed(2)} s, computing ` +
        `${(computing / 1000).toFixed(2)} s, files add ${share.toFixed(1)}%`,
    );
  }
}

const folder = Deno.makeTempDirSync({ prefix: "glovita_bench_" });
const peer = await Peer.start("./clam_peer.py");
try {
  const run = await stepper(clamModel(EMBED_DIM), 1e-4, { expectedRows: BAGS * 2100 });
  await benchSteps(run, peer);
  await peer?.close();
  await benchEpoch(run, folder);
  console.log(`peak memory: glovita ${peakMemory().toFixed(0)} MB`);
} finally {
  Deno.removeSync(folder, { recursive: true });
}
