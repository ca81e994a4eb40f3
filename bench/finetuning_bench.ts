/**
 * Fine-tuning on images of 224 pixels, batch 16, AdamW: a step of ViT-tiny in full, of ViT-tiny with
 * LoRA, and of ResNet-18 in full, against timm and peft on PyTorch with two threads, in float32 and
 * with bfloat16 autocast.
 *
 * Run with `deno task bench:finetuning`, and names of cases to run only those. All sides train in
 * processes of their own, which take turns; printed are medians, minima, the median ratio of turns
 * that followed each other, and the peak memory of each process. With `--threads 1`, processor time
 * on one thread takes the place of time, for machines that do other work.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { configure, fullFinetuning, genericImageDataset, lora, timm } from "../mod.ts";
import { Random } from "../engine/random.ts";
import type { Batch } from "../engine/data/data.ts";
import { buildModel } from "../registry/builder/build_model.ts";
import { randomSamples } from "./_models.ts";
import { compare, peakMemory, Peer, PRECISIONS } from "./_peer.ts";
import { type Run, stepper } from "./_stepper.ts";

const [BATCH, SIZE, CLASSES] = [16, 224, 10];
/** What each case trains. */
const CASES = {
  "vit": { type: "vit_tiny_patch16_224", method: "full_finetuning" },
  "lora": { type: "vit_tiny_patch16_224", method: "lora" },
  "resnet": { type: "resnet18", method: "full_finetuning" },
} as const;
type Case = keyof typeof CASES;
const [ROUNDS, STEPS] = [5, 3];

async function runOf(name: Case, threads: number): Promise<Run> {
  const { type, method } = CASES[name];
  const model = await buildModel([
    configure(genericImageDataset, { num_classes: CLASSES }),
    configure(timm, { type, pretrained: false }),
    method === "lora" ? configure(lora) : configure(fullFinetuning),
  ], { sampleShape: [3, SIZE, SIZE] });
  return await stepper(model, 1e-4, { batchSize: BATCH, threads });
}

/** Milliseconds since some moment: of the clock, or of the processor where one thread works. */
function now(threads: number): number {
  if (threads > 1) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Milliseconds of a step, in the middle of some. */
async function medianStep(run: Run, batch: Batch, threads: number): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < STEPS; index++) {
    const start = now(threads);
    await run(batch);
    times.push(now(threads) - start);
  }
  return times.toSorted((a, b) => a - b)[STEPS >> 1];
}

/** Our side: answers line by line, as the peer in Python does. */
async function answer(name: Case, threads: number): Promise<void> {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream());
  const batch = randomSamples(new Random(0), {
    size: BATCH,
    width: 3 * SIZE ** 2,
    numClasses: CLASSES,
  });
  let run: Run | undefined;
  for await (const line of lines) {
    if (line.trim() === "") continue;
    run ??= await runOf(name, threads);
    const ms = JSON.parse(line).task === "steps" ? await medianStep(run, batch, threads) : 0;
    console.log(JSON.stringify({ ms, peak_mb: peakMemory() }));
  }
}

async function bench(name: Case, threads: number): Promise<void> {
  const script = ["run", "--quiet", "--no-prompt", "-P=bench", import.meta.filename!];
  const self = [...script, "--threads", String(threads), "--answer", name];
  const ours = Peer.spawn(process.execPath, self);
  const theirs = [];
  for (const precision of PRECISIONS) {
    const peer = await Peer.start("./finetuning_peer.py");
    theirs.push({ ...precision, peer, times: new Array<number>(), peak: 0 });
    if (!peer) break;
  }
  const sizes = { batch: BATCH, classes: CLASSES, count: STEPS, threads };
  const request = { task: "steps", ...CASES[name], ...sizes };
  const own: number[] = [];
  let ownPeak = 0;
  for (let round = -1; round < ROUNDS; round++) {
    const mine = (await ours.ask(request))!;
    if (round >= 0) own.push(mine.ms);
    ownPeak = mine.peak_mb;
    for (const their of theirs) {
      const answer = await their.peer?.ask({ ...request, bf16: their.bf16 });
      if (!answer || round < 0) continue;
      their.times.push(answer.ms);
      their.peak = answer.peak_mb;
    }
  }
  await ours.close();
  for (const { label, peer, times, peak } of theirs) {
    await peer?.close();
    compare(`${name}: ${CASES[name].type}, ${CASES[name].method} (PyTorch ${label})`, own, times);
    const other = peer ? `, PyTorch ${peak.toFixed(0)} MB` : "";
    console.log(`  peak memory: glovita ${ownPeak.toFixed(0)} MB${other}`);
  }
}

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: "string", default: "2" }, answer: { type: "string" } },
});
const isCase = (name: string): name is Case => Object.hasOwn(CASES, name);
const threads = Number(given.threads);
if (given.answer !== undefined && isCase(given.answer)) {
  await answer(given.answer, threads);
} else {
  const chosen = positionals.length > 0 ? positionals : Object.keys(CASES);
  for (const name of chosen.filter(isCase)) await bench(name, threads);
}
