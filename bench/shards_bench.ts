/**
 * What it costs to divide work: starting a part of 1 to 1,000, merging so many, the status of a study
 * of so many points, and extracting small images in 1 and in 8 parts.
 *
 * ```sh
 * deno task bench:shards              # 10,000 images, 200 MB of features: some minutes
 * deno task bench:shards 100000 2000  # images, megabytes
 * deno task bench:shards 10000 200 series  # without extracting all of them
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
import { describeMachine } from "./_machine.ts";

const [images = 10_000, megabytes = 200] = Deno.args.slice(0, 2).map(Number);
const onlySeries = Deno.args[2] === "series";
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

/** What a process took. */
interface Cost {
  readonly seconds: number;
  readonly cpu: number;
  readonly peak: number;
}

function startExtraction(config: PlainObject, flags: readonly string[], stdout: "null" | "piped") {
  const file = join(folder, "config.json");
  Deno.writeTextFileSync(file, JSON.stringify(config));
  const script = fileURLToPath(new URL("../cli/extract_features.ts", import.meta.url));
  const args = ["run", "--quiet", "--no-check", "-A", script, "--config", file, ...flags];
  return new Deno.Command(Deno.execPath(), { args, stdout, stderr: "null" }).spawn();
}

/** Runs `extract_features` as a process to its end. */
async function extract(config: PlainObject, flags: readonly string[]): Promise<Cost> {
  const started = performance.now();
  const process = startExtraction(config, flags, "null");
  let [peak, cpu] = [0, 0];
  const watch = setInterval(() => {
    const used = usedBy(process.pid);
    [peak, cpu] = [Math.max(peak, used.peak), Math.max(cpu, used.cpu)];
  }, 20);
  const { code } = await process.status;
  clearInterval(watch);
  if (code !== 0) throw new Error(`extract_features ended with ${code}`);
  return { seconds: seconds(started), cpu, peak };
}

/** Runs a part until it says how many samples it has, which it does before it reads the first. */
async function startPart(config: PlainObject, shard: string): Promise<Cost> {
  const started = performance.now();
  const process = startExtraction(config, ["--shard", shard], "piped");
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  const cost = { seconds: seconds(started), ...usedBy(process.pid) };
  process.kill("SIGKILL");
  const said = new TextDecoder().decode(value);
  if (!said.startsWith("test: ")) throw new Error(`extract_features said "${said}"`);
  await reader.cancel();
  await process.status;
  return cost;
}

/** What a process has used so far, where the system tells: seconds of all cores, and megabytes. */
function usedBy(pid: number): Pick<Cost, "cpu" | "peak"> {
  // Deno itself reads these files with all permissions only.
  const args = ["stat", "status"].map((name) => `/proc/${pid}/${name}`);
  const { stdout } = new Deno.Command("cat", { args, stderr: "null" }).outputSync();
  const text = new TextDecoder().decode(stdout);
  const fields = (/^.*\) (.*)$/m.exec(text)?.[1] ?? "").split(" ");
  const ticks = Number(fields[11] ?? 0) + Number(fields[12] ?? 0); // of 10 ms
  const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) / 1024;
  return { cpu: ticks / 100, peak };
}

async function benchExtraction(config: PlainObject): Promise<void> {
  console.log(`\nextraction of ${images} images of 32 px, test_vit, one part after the other`);
  console.log("parts    seconds       CPU   peak MB     merge  its CPU   kept part  its CPU");
  for (const parts of [1, 8]) {
    const own = { ...config, output_dir: join(folder, `of_${parts}`) };
    const costs: Cost[] = [];
    for (let part = 1; part <= parts; part++) {
      costs.push(await extract(own, ["--shard", `${part}/${parts}`]));
    }
    const sum = (of: "seconds" | "cpu") => costs.reduce((total, cost) => total + cost[of], 0);
    const peak = Math.max(...costs.map(({ peak }) => peak));
    const merge = await extract(own, ["--merge", "auto"]);
    const again = await extract(own, ["--shard", `1/${parts}`, "--resume"]);
    const cells = [sum("seconds"), sum("cpu"), peak, merge.seconds, merge.cpu];
    console.log(
      String(parts).padStart(5),
      ...[...cells, again.seconds, again.cpu].map((cell) => shown(cell)),
    );
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

/** Starting the first part, one in the middle, and the last: the middle of what they take. */
async function benchStart(config: PlainObject, count: number): Promise<Cost> {
  const costs: Cost[] = [];
  for (const part of [1, Math.ceil(count / 2), count]) {
    const output_dir = join(folder, `start_${count}`);
    costs.push(await startPart({ ...config, output_dir }, `${part}/${count}`));
    Deno.removeSync(output_dir, { recursive: true });
  }
  const median = (of: keyof Cost) => costs.map((cost) => cost[of]).sort((a, b) => a - b)[1];
  return { seconds: median("seconds"), cpu: median("cpu"), peak: median("peak") };
}

/** Merging parts; and seconds of copying what came of it to the disk. */
async function benchMerge(config: PlainObject, count: number, compression: number) {
  const output_dir = join(folder, `merge_${count}_${compression}`);
  Deno.mkdirSync(output_dir);
  const file = join(output_dir, "a.h5");
  const bytes = await writeParts(file, count, compression);
  const cost = await extract({ ...config, output_dir, compression }, ["--merge", "auto"]);
  const copied = performance.now();
  Deno.copyFileSync(file, `${file}.copy`);
  {
    using copy = Deno.openSync(`${file}.copy`);
    copy.syncSync();
  }
  const copy = seconds(copied);
  Deno.removeSync(output_dir, { recursive: true });
  return { ...cost, copy, bytes };
}

/** Seconds until the points of a study, all of them done, are known as such. */
async function benchStatus(count: number): Promise<number> {
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
  const times = [1, 2, 3].map(() => {
    const started = performance.now();
    studyStatus(study);
    return seconds(started);
  });
  return Math.min(...times);
}

/** One line for each number of parts; seconds are those of the processor, but for the status. */
async function benchSeries(config: PlainObject, few: PlainObject): Promise<void> {
  console.log(`\nstarting a part of ${images} images: until before its first sample`);
  console.log(
    `merging ${megabytes} MB of float16 features, ${WIDTH} wide; status of so many points`,
  );
  console.log("           start             merge, no gzip              merge, gzip 4    status");
  console.log(
    "parts      CPU s   peak MB     CPU s   peak MB copy MB/s     CPU s   peak MB        ms",
  );
  for (const count of COUNTS) {
    const start = await benchStart(config, count);
    const [plain, gzip] = [await benchMerge(few, count, 0), await benchMerge(few, count, 4)];
    const status = await benchStatus(count);
    console.log(
      String(count).padStart(5),
      ...[shown(start.cpu), shown(start.peak, 0)],
      ...[shown(plain.cpu), shown(plain.peak, 0), shown(plain.bytes / 1e6 / plain.copy, 0)],
      ...[shown(gzip.cpu), shown(gzip.peak, 0), shown(status * 1000, 0)],
    );
  }
}

try {
  console.log(describeMachine());
  const config = await writeImages(images);
  await benchSeries(config, await writeImages(2));
  if (!onlySeries) await benchExtraction(config);
} finally {
  Deno.removeSync(folder, { recursive: true });
}
