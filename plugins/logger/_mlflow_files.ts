/** MLflow's file store: a folder with a file for each number's history, each parameter and each tag. */
import { appendFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { openLockable } from "../../engine/platform/lockable_file.ts";
import { replaceTextFile } from "./_files.ts";
import { copyToFolder } from "./_mlflow_rest.ts";
import type {
  Batch,
  Entry,
  Metric,
  NewRun,
  RunPlace,
  RunStatus,
  TrackingStore,
} from "./_mlflow_store.ts";

const META = "meta.yaml";
/** MLflow's numbers of states, as its protobuf files have them. */
const STATUS: Readonly<Record<RunStatus, number>> = { RUNNING: 1, FINISHED: 3, FAILED: 4 };
/** Milliseconds between two looks at a lock. */
const LOCK_INTERVAL = 50;
/** `SourceType.LOCAL`. */
const SOURCE_LOCAL = 4;

/** A folder of experiments. */
export class FileStore implements TrackingStore {
  readonly #root: string;

  /** @param root The folder, which need not exist yet. */
  constructor(root: string) {
    this.#root = resolve(root);
  }

  whereIs(): string {
    return `${this.#root}, which mlflow ui --backend-store-uri shows`;
  }

  async experiment(name: string): Promise<string> {
    await mkdir(this.#root, { recursive: true });
    using lock = openLockable(join(this.#root, ".lock"));
    // Folds that start together share one experiment, where the disk knows locks.
    while (!lock.tryLock()) await sleep(LOCK_INTERVAL);
    const experiments = await this.#experiments();
    // MLflow expects its own first experiment in every store.
    if (!experiments.has("Default")) await this.#writeExperiment("0", "Default");
    await mkdir(join(this.#root, ".trash"), { recursive: true });
    const id = experiments.get(name) ?? (name === "Default" ? "0" : newExperimentId());
    if (!experiments.has(name) && id !== "0") await this.#writeExperiment(id, name);
    return id;
  }

  async createRun(experiment_id: string, { name, started, tags }: NewRun): Promise<RunPlace> {
    const run_id = crypto.randomUUID().replaceAll("-", "");
    const folder = this.#folder({ experiment_id, run_id });
    for (const part of ["metrics", "params", "tags", "artifacts"]) {
      await mkdir(join(folder, part), { recursive: true });
    }
    const artifact_uri = pathToFileURL(join(folder, "artifacts")).href;
    await writeMeta(folder, {
      artifact_uri,
      end_time: null,
      entry_point_name: "",
      experiment_id,
      lifecycle_stage: "active",
      run_id,
      run_name: name,
      run_uuid: run_id,
      source_name: "",
      source_type: SOURCE_LOCAL,
      source_version: "",
      start_time: started,
      status: STATUS.RUNNING,
      tags: [],
      user_id: "",
    });
    await writeEntries(join(folder, "tags"), [...tags, { key: "mlflow.runName", value: name }]);
    return { experiment_id, run_id, artifact_uri };
  }

  async logBatch(run: RunPlace, { metrics, params, tags }: Batch): Promise<void> {
    const folder = this.#folder(run);
    for (const [key, values] of Map.groupBy(metrics, ({ key }) => key)) {
      const lines = values.map(metricLine).join("");
      await appendLines(join(folder, "metrics", key), lines);
    }
    await writeEntries(join(folder, "params"), params);
    await writeEntries(join(folder, "tags"), tags);
  }

  async update(run: RunPlace, status: RunStatus, ended?: number): Promise<void> {
    const folder = this.#folder(run);
    const meta = await readMeta(join(folder, META));
    const changed = { status: STATUS[status], end_time: ended ?? null };
    await writeMeta(folder, { ...meta, ...changed });
  }

  async putArtifact({ artifact_uri }: RunPlace, path: string, name: string): Promise<void> {
    await copyToFolder(artifact_uri, path, name);
  }

  #folder({ experiment_id, run_id }: Pick<RunPlace, "experiment_id" | "run_id">): string {
    return join(this.#root, experiment_id, run_id);
  }

  /** Ids of the experiments by name. */
  async #experiments(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    for (const entry of await readdir(this.#root, { withFileTypes: true })) {
      const { name: id } = entry;
      if (!entry.isDirectory() || id.startsWith(".")) continue;
      const { name, lifecycle_stage } = await readMeta(join(this.#root, id, META)).catch(
        (): Meta => ({}),
      );
      if (typeof name === "string" && lifecycle_stage !== "deleted") found.set(name, id);
    }
    return found;
  }

  async #writeExperiment(id: string, name: string): Promise<void> {
    const folder = join(this.#root, id);
    await mkdir(folder, { recursive: true });
    const now = Date.now();
    await writeMeta(folder, {
      artifact_location: pathToFileURL(folder).href,
      creation_time: now,
      experiment_id: id,
      last_update_time: now,
      lifecycle_stage: "active",
      name,
    });
  }
}

/** A whole number of 18 digits, as MLflow makes them. */
function newExperimentId(): string {
  const [random] = crypto.getRandomValues(new BigUint64Array(1));
  return String(10n ** 17n + random % (9n * 10n ** 17n));
}

function metricLine({ timestamp, value, step }: Metric): string {
  return `${timestamp} ${value} ${step}\n`;
}

async function writeEntries(folder: string, entries: readonly Entry[]): Promise<void> {
  for (const { key, value } of entries) {
    await mkdir(join(folder, key, ".."), { recursive: true });
    await writeFile(join(folder, key), value);
  }
}

async function appendLines(path: string, text: string): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true });
  await appendFile(path, text);
}

/** Values of a `meta.yaml`, whose lines are all `name: value`. */
type Meta = Readonly<Record<string, unknown>>;

/** JSON is YAML, so that texts need no rules of their own. */
async function writeMeta(folder: string, meta: Meta): Promise<void> {
  const lines = Object.entries(meta).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
  await replaceTextFile(join(folder, META), lines.join(""));
}

/** Reads what {@linkcode writeMeta} or MLflow has written: plain, `'quoted'` or `"quoted"` texts. */
async function readMeta(path: string): Promise<Meta> {
  const lines = (await readFile(path, "utf8")).split("\n");
  return Object.fromEntries(lines.flatMap((line) => {
    const [, name, text] = /^(\w+): (.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, readScalar(text)]];
  }));
}

function readScalar(text: string): unknown {
  if (text.startsWith("'")) return text.slice(1, -1).replaceAll("''", "'");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
