/**
 * What it costs to divide work: extracting small images in 1 and in 8 parts, merging 1 to 1,000 parts,
 * and the status of studies of 1 to 1,000 points.
 *
 * ```sh
 * deno task bench:shards              # 10,000 images, 200 MB of features: some minutes
 * deno task bench:shards 100000 2000  # images, megabytes
 * ```
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { FeatureWriter } from "../engine/features/feature_writer.ts";
import { Random } from "../engine/random.ts";
import { partPath } from "../jobs/shards/parts.ts";
import { pointsOf } from "../jobs/study/points.ts";
import { recordPaths, studyStatus, writeRecord } from "../jobs/study/records.ts";
import { configOf, type Study } from "../jobs/study/study.ts";
import type { PlainObject } from "../registry/config/objects.ts";

const [images = 10_000, megabytes = 200] = Deno.args.map(Number);
/** Parts, and points of a study. */
const COUNTS = [1, 10, 100, 1000] as const;
/** Values of a row, 2 bytes each. */
const WIDTH = 768;
/** Rows of a part that are made at once. */
const ROWS = 1024;

const folder = Deno.makeTempDirSync({ prefix: "glovita_shards_" });
const seconds = (from: number) => (performance.now() - from) / 1000;
const shown = (value: number, digits = 2) => value.toFixed(digits).padStart(9);

/** One image of each of two classes; all others are links to them. */
async function writeImages(count: number): Promise<PlainObject> {
  const root = join(folder, `images_${count}`);
  const random = new Random(1);
  for (const label of ["a", "b"]) {
    const place = join(root, "images", "test", label);
    Deno.mkdirSync(place, { recursive: true });
    const data = Uint8Array.from({ length: 32 * 32 * 3 }, () => random.integer(256));
    const first = join(place, "0.png");
    await sharp(data, { raw: { width: 32, height: 32, channels: 3 } }).png().toFile(first);
    for (let i = 1; i < count / 2; i++) Deno.linkSync(first, join(place, `${i}.png`));
  }
  return {
    data: {
      ...{ dataset: "generic_image_dataset", data_root_dir: root, num_classes: 2 },
      ...{ split_source: "subdirs", label_source: "folder" },
    },
    model: {
      encoder: {
        ...{ encoder_type: "timm", type: "test_vit", pretrained: false },
        model_kwargs: { img_size: 32 },
      },
    },
    ...{ method: "avg", split: "test", output_filename: "a.h5" },
  };
}

/** Runs `extract_features` as a process; seconds, CPU seconds and megabytes at its peak. */
async function extract(config: PlainObject, flags: readonly string[]): Promise<readonly number[]> {
  const file = join(folder, "config.json");
  Deno.writeTextFileSync(file, JSON.stringify(config));
  const script = fileURLToPath(new URL("../cli/extract_features.ts", import.meta.url));
  const started = performance.now();
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", script, "--config", file, ...flags],
    stdout: "null",
    stderr: "null",
  }).spawn();
  let [peak, cpu] = [0, 0];
  const watch = setInterval(() => {
    peak = Math.max(peak, peakOf(process.pid));
    cpu = Math.max(cpu, cpuOf(process.pid));
  }, 20);
  const { code } = await process.status;
  clearInterval(watch);
  if (code !== 0) throw new Error(`extract_features ended with ${code}`);
  return [seconds(started), cpu, peak];
}

/** Megabytes that a process has held at most, where the system tells. */
function peakOf(pid: number): number {
  try {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** Seconds of all cores that a process has used, where the system tells. */
function cpuOf(pid: number): number {
  try {
    const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100; // ticks of 10 ms
  } catch {
    return 0;
  }
}

async function benchExtraction(config: PlainObject): Promise<void> {
  console.log(`\nextraction of ${images} images of 32 px, test_vit, one part after the other`);
  console.log("parts    seconds       CPU   peak MB     merge  its CPU   kept part  its CPU");
  for (const parts of [1, 8]) {
    const own = { ...config, output_dir: join(folder, `of_${parts}`) };
    let [total, work, peak] = [0, 0, 0];
    for (let part = 1; part <= parts; part++) {
      const [time, cpu, memory] = await extract(own, ["--shard", `${part}/${parts}`]);
      total += time;
      work += cpu;
      peak = Math.max(peak, memory);
    }
    const [merge, merging] = await extract(own, ["--merge", "auto"]);
    const [again, keeping] = await extract(own, ["--shard", `1/${parts}`, "--resume"]);
    const cells = [total, work, peak, merge, merging, again, keeping].map((cell) => shown(cell));
    console.log(String(parts).padStart(5), ...cells);
  }
}

/** Parts of features as extraction writes them, of any content. */
async function writeParts(file: string, count: number, compression: number): Promise<number> {
  const rows = Math.floor(megabytes * 1e6 / WIDTH / 2 / count);
  const random = new Random(2);
  const block = Float32Array.from({ length: ROWS * WIDTH }, () => random.normal());
  let bytes = 0;
  for (let index = 1; index <= count; index++) {
    const path = partPath(file, { index, count });
    const writer = await FeatureWriter.create(path, { embedDim: WIDTH, compression });
    for (let at = 0; at < rows; at += ROWS) {
      const some = Math.min(ROWS, rows - at);
      const ids = Array.from({ length: some }, (_, i) => `images/${index}/${at + i}.png`);
      writer.append(block.subarray(0, some * WIDTH), Array(some).fill(0), ids);
    }
    const facts = { subtask: "multiclass", embed_dim: WIDTH, precision: 16, compression };
    const own = { samples: rows, skipped: 0, fingerprint: "bench", shard: `${index}/${count}` };
    for (const [name, value] of Object.entries({ ...facts, ...own })) writer.attribute(name, value);
    writer.close();
    bytes += Deno.statSync(path).size;
  }
  return bytes;
}

async function benchMerge(config: PlainObject): Promise<void> {
  console.log(`\nmerging ${megabytes} MB of float16 features, ${WIDTH} wide`);
  console.log("parts  gzip    seconds       CPU  MB/CPU s  copy MB/s   peak MB");
  for (const compression of [0, 4]) {
    for (const count of COUNTS) {
      const output_dir = join(folder, `merge_${count}_${compression}`);
      Deno.mkdirSync(output_dir);
      const file = join(output_dir, "a.h5");
      const bytes = await writeParts(file, count, compression);
      const own = { ...config, output_dir, compression };
      const [time, cpu, peak] = await extract(own, ["--merge", "auto"]);
      const copied = performance.now();
      Deno.copyFileSync(file, `${file}.copy`);
      Deno.openSync(`${file}.copy`).syncSync();
      const copy = seconds(copied);
      const rates = [bytes / 1e6 / cpu, bytes / 1e6 / copy].map((rate) => shown(rate, 0));
      const head = [String(count).padStart(5), String(compression).padStart(5)];
      console.log(...head, shown(time), shown(cpu), ...rates, shown(peak, 0));
      Deno.removeSync(output_dir, { recursive: true });
    }
  }
}

async function benchStatus(): Promise<void> {
  console.log("\nstatus of a study");
  console.log("points  milliseconds");
  for (const count of COUNTS) {
    const values = Array.from({ length: count }, (_, i) => i + 1);
    const grid = { "training.seed": values };
    const points = pointsOf({ grid, list: null, random: null, folds: null });
    const study: Study = { name: "s", folder: join(folder, `study_${count}`), config: {}, points };
    Deno.mkdirSync(recordPaths(study, points[0]).folder, { recursive: true });
    const result = { directory: "run", metric: "val_Accuracy", best: 0.5, test: 0.5 };
    for (const point of points) {
      const record = { state: "done", config: configOf(study, point).hash, results: [result] };
      await writeRecord(recordPaths(study, point).record, { ...record, state: "done" });
    }
    const started = performance.now();
    studyStatus(study);
    console.log(String(count).padStart(6), shown(seconds(started) * 1000, 1));
  }
}

try {
  await benchStatus();
  await benchMerge(await writeImages(2));
  await benchExtraction(await writeImages(images));
} finally {
  Deno.removeSync(folder, { recursive: true });
}
