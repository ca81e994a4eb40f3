/**
 * An epoch of CLAM-SB (size small, AdamW, batch 1 as CLAM trains) over 200 slides of 200 to 4000
 * instances of width 1024: from TRIDENT's files (float32, chunks of one row), from CLAM's `.pt` files,
 * and from one packed float16 file, against CLAM's way in PyTorch: h5py or `torch.load` in a
 * DataLoader with 0 or 2 workers. Then the start-up of a directory of 5,000 small slides.
 *
 * Run with `deno task bench:slides`. Ours and theirs alternate in one run; medians are printed.
 */
import { join } from "node:path";
import { Loader } from "../engine/data/loader.ts";
import type { Split } from "../engine/data/data.ts";
import { featureSplit, openFeatureFile } from "../engine/features/feature_file.ts";
import { FeatureWriter } from "../engine/features/feature_writer.ts";
import { Random } from "../engine/random.ts";
import { readSlideData } from "../engine/slides/slide_data.ts";
import { slideSplit } from "../engine/slides/slide_split.ts";
import { loadHdf5Library } from "../engine/storage/hdf5/library.ts";
import { storedTensor, writeTorchFile } from "../engine/storage/torch/torch_file.ts";
import { clamModel } from "./_models.ts";
import { compare, median, peakMemory, Peer, PRECISIONS } from "./_peer.ts";
import { type Run, stepper } from "./_stepper.ts";

const [EMBED_DIM, SLIDES, ROUNDS] = [1024, 200, 3];
const [SMALL_SLIDES, SMALL_DIM] = [5000, 16];
/** Writes an HDF5 file with chunks of one row, as TRIDENT does. */
async function writeChunked(path: string, data: Float32Array, width: number): Promise<void> {
  const { h5wasm } = await loadHdf5Library();
  const file = new h5wasm.File(path, "w");
  const shape = [data.length / width, width];
  file.create_dataset({
    name: "features",
    data,
    shape,
    chunks: [1, width],
    maxshape: [null, width],
  });
  file.close();
}

async function writeTable(path: string, slides: number): Promise<void> {
  const rows = Array.from({ length: slides }, (_, slide) => `p${slide},s${slide},${slide % 2}`);
  await Deno.writeTextFile(path, ["case_id,slide_id,label", ...rows].join("\n"));
}

/** Writes all slides in all formats. */
async function writeSlides(folder: string): Promise<void> {
  const random = new Random(1);
  for (const name of ["h5", "pt"]) await Deno.mkdir(join(folder, name));
  const packed = await FeatureWriter.create(join(folder, "packed.h5"), {
    embedDim: EMBED_DIM,
    compression: 0,
  });
  for (let slide = 0; slide < SLIDES; slide++) {
    const rows = 200 + random.integer(3801);
    const data = Float32Array.from({ length: rows * EMBED_DIM }, () => random.float() - 0.5);
    await writeChunked(join(folder, "h5", `s${slide}.h5`), data, EMBED_DIM);
    const tensor = storedTensor("float32", [rows, EMBED_DIM], data);
    await writeTorchFile(join(folder, "pt", `s${slide}.pt`), tensor);
    packed.appendBag(data, slide % 2);
  }
  packed.close();
  await writeTable(join(folder, "labels.csv"), SLIDES);
}

async function directorySplit(root: string, labels_file: string): Promise<Split> {
  const data = await readSlideData(root, { labels_file, task: "Classification" });
  return slideSplit(data, Int32Array.from(data.samples.keys()), "train");
}

interface Epoch {
  readonly ms: number;
  /** Time within steps. */
  readonly computing: number;
}

async function epoch(run: Run, split: Split, number: number): Promise<Epoch> {
  await using loader = new Loader(split, {
    batchSize: 1,
    shuffle: true,
    seed: 0,
    reuseBuffers: true,
  });
  let computing = 0;
  const start = performance.now();
  for await (const batch of loader.epoch(number)) {
    const begun = performance.now();
    await run(batch);
    computing += performance.now() - begun;
  }
  return { ms: performance.now() - start, computing };
}

async function benchEpochs(run: Run, folder: string, peer?: Peer): Promise<void> {
  const table = join(folder, "labels.csv");
  const sources = [
    { label: "TRIDENT's .h5", kind: "h5", split: await directorySplit(join(folder, "h5"), table) },
    { label: "CLAM's .pt", kind: "pt", split: await directorySplit(join(folder, "pt"), table) },
    {
      label: "one packed float16 file",
      kind: "h5",
      split: featureSplit(await openFeatureFile(join(folder, "packed.h5"))),
    },
  ];
  for (const { label, kind, split } of sources) {
    await epoch(run, split, 0);
    const ours: Epoch[] = [];
    const theirs = [0, 2].flatMap((workers) =>
      PRECISIONS.map((precision) => ({ workers, ...precision, times: new Array<number>() }))
    );
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await epoch(run, split, round));
      for (const { workers, bf16, times } of theirs) {
        const answer = await peer?.ask({
          task: "epoch",
          folder: join(folder, kind),
          kind,
          workers,
          bf16,
        });
        if (answer) times.push(answer.ms);
      }
    }
    const whole = ours.map(({ ms }) => ms);
    for (const { workers, label: precision, times } of theirs) {
      const name = `.${kind}, ${workers} workers, ${precision}`;
      compare(`epoch from ${label} (PyTorch: ${name})`, whole, times);
      if (!peer) break;
    }
    const share = median(ours.map(({ ms, computing }) => 100 * (ms / computing - 1)));
    console.log(`  files add ${share.toFixed(1)}% to computing`);
  }
}

/** Opens a directory of many small slides. */
async function benchStart(folder: string): Promise<void> {
  const root = join(folder, "small");
  await Deno.mkdir(root);
  const data = new Float32Array(20 * SMALL_DIM);
  for (let slide = 0; slide < SMALL_SLIDES; slide++) {
    await writeChunked(join(root, `s${slide}.h5`), data, SMALL_DIM);
  }
  const table = join(folder, "small.csv");
  await writeTable(table, SMALL_SLIDES);
  const before = Deno.memoryUsage().rss / 1e6;
  const start = performance.now();
  const split = await directorySplit(root, table);
  const seconds = (performance.now() - start) / 1000;
  const opened = Deno.memoryUsage().rss / 1e6;
  await using loader = new Loader(split, {
    batchSize: 8,
    shuffle: true,
    seed: 0,
    reuseBuffers: true,
  });
  const memory: number[] = [];
  for (let number = 0; number < 3; number++) {
    for await (const _ of loader.epoch(number));
    memory.push(Deno.memoryUsage().rss / 1e6);
  }
  const grown = memory.map((rss) => `${(rss - opened).toFixed(0)} MB`).join(", ");
  console.log(
    `start-up with ${SMALL_SLIDES} slides: ${seconds.toFixed(2)} s, ${
      (opened - before).toFixed(0)
    } ` +
      `MB; after each of three epochs of reading: ${grown} more`,
  );
}

const folder = Deno.makeTempDirSync({ prefix: "glovita_bench_" });
const peer = await Peer.start("./slides_peer.py");
try {
  await benchStart(folder);
  await writeSlides(folder);
  const run = await stepper(clamModel(EMBED_DIM), 1e-4, { expectedRows: 2100 });
  await benchEpochs(run, folder, peer);
  await peer?.close();
  console.log(`peak memory: glovita ${peakMemory().toFixed(0)} MB`);
} finally {
  Deno.removeSync(folder, { recursive: true });
}
