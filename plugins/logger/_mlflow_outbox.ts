/** What is on its way to MLflow: kept in the run directory until it has arrived. */
import { readdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { replaceTextFile } from "./_files.ts";
import {
  ELSEWHERE,
  type Entry,
  inRequests,
  LIMITS,
  type Metric,
  type RunPlace,
  type RunStatus,
  StoreError,
  type TrackingStore,
} from "./_mlflow_store.ts";

/** A file of a run that is to be kept with it. */
export interface Artifact {
  /** Where it lies. */
  readonly path: string;
  /** Its name in the run. */
  readonly name: string;
  /** Whether it was written only to be sent. */
  readonly temporary: boolean;
}

/** A run, and what of it has not arrived. */
export interface Letter {
  /** Where it goes. */
  readonly tracking_uri: string;
  /** Name of the experiment. */
  readonly experiment: string;
  /** Name of the run. */
  readonly run_name: string;
  /** When it began, in milliseconds. */
  readonly started: number;
  /** Where the run is; `null` while it is not made. */
  run: RunPlace | null;
  /** Parameters. */
  params: Entry[];
  /** Tags. */
  tags: Entry[];
  /** Numbers. */
  metrics: Metric[];
  /** Files. */
  artifacts: Artifact[];
  /** State of the run; `null` where it has arrived. */
  status: RunStatus | null;
  /** When it ended, in milliseconds. */
  ended: number | null;
  /** Last epoch whose numbers were put here; -1 before the first one. */
  last_epoch: number;
}

/** Name of the file that says where the run is. */
const RUN = "mlflow.json";
/** Name of the file that holds what has not arrived. */
export const PENDING = "mlflow_pending.json";

/** The letter of one run directory. */
export class Outbox {
  /** What has not arrived. */
  readonly letter: Letter;
  /** File that keeps it. */
  readonly file: string;
  readonly #directory: string;

  /**
   * @param directory The run directory.
   * @param letter What is to be sent.
   */
  constructor(directory: string, letter: Letter) {
    this.#directory = directory;
    this.letter = letter;
    this.file = join(directory, PENDING);
  }

  /** Whether everything has arrived. */
  get isEmpty(): boolean {
    const { run, params, tags, metrics, artifacts, status } = this.letter;
    return run !== null && status === null &&
      [params, tags, metrics, artifacts].every(({ length }) => length === 0);
  }

  /**
   * Sends what has not arrived, and keeps the rest.
   * @param store Where it goes.
   * @returns Lines for the user.
   * @throws {StoreError} if not everything arrived.
   */
  async send(store: TrackingStore): Promise<string[]> {
    try {
      return await deliver(this.letter, store);
    } catch (error) {
      throw asStoreError(error);
    } finally {
      await this.save();
    }
  }

  /** Writes down what has not arrived, and where the run is. */
  async save(): Promise<void> {
    const { letter } = this;
    if (this.isEmpty) await unlink(this.file).catch(() => {});
    else await replaceTextFile(this.file, JSON.stringify(letter));
    if (letter.run === null) return;
    const place = { ...letter, params: [], tags: [], metrics: [], artifacts: [], status: null };
    await replaceTextFile(join(this.#directory, RUN), JSON.stringify(place, undefined, 2));
  }

  /**
   * Reads the letter of a run directory.
   * @param directory The run directory.
   * @returns The letter; `undefined` where the run has none.
   */
  static async read(directory: string): Promise<Outbox | undefined> {
    for (const name of [PENDING, RUN]) {
      try {
        const letter = JSON.parse(await readFile(join(directory, name), "utf8"));
        if (isLetter(letter)) return new Outbox(directory, letter);
      } catch {
        // There is none, or a file of somebody else's.
      }
    }
  }
}

function isLetter(value: unknown): value is Letter {
  return typeof value === "object" && value !== null && "tracking_uri" in value &&
    "metrics" in value && "last_epoch" in value;
}

/** Sends part by part; what has arrived is taken out of the letter. */
async function deliver(letter: Letter, store: TrackingStore): Promise<string[]> {
  const { run_name: name, started, experiment } = letter;
  const id = letter.run?.experiment_id ?? await store.experiment(experiment);
  const run = letter.run ??= await store.createRun(id, { name, started, tags: letter.tags });
  const told = await sendParams(letter, run, store);
  for (const tags of inRequests(letter.tags, LIMITS.tags)) {
    await store.logBatch(run, { metrics: [], params: [], tags });
    letter.tags = letter.tags.slice(tags.length);
  }
  for (const metrics of inRequests(letter.metrics, LIMITS.metrics)) {
    await store.logBatch(run, { metrics, params: [], tags: [] });
    letter.metrics = letter.metrics.slice(metrics.length);
  }
  for (const artifact of letter.artifacts) {
    told.push(...await sendArtifact(artifact, run, store));
    letter.artifacts = letter.artifacts.slice(1);
  }
  if (letter.status !== null) await store.update(run, letter.status, letter.ended ?? undefined);
  letter.status = null;
  return told;
}

/** A file that can never be sent stays where it is, which is told. */
async function sendArtifact(
  { path, name, temporary }: Artifact,
  run: RunPlace,
  store: TrackingStore,
): Promise<string[]> {
  try {
    await stat(path);
  } catch {
    return [`mlflow: "${path}" is gone and cannot be sent`];
  }
  try {
    await store.putArtifact(run, path, name);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== ELSEWHERE) throw error;
    return [`mlflow: ${error.message}; it stays "${path}"`];
  }
  if (temporary) await unlink(path).catch(() => {});
  return [];
}

/** Servers before MLflow 2.8 take shorter parameters, and say so only by refusing them. */
async function sendParams(letter: Letter, run: RunPlace, store: TrackingStore): Promise<string[]> {
  let told: string[] = [];
  for (const params of inRequests(letter.params, LIMITS.params)) {
    const batch = { metrics: [], params, tags: [] };
    try {
      await store.logBatch(run, batch);
    } catch (error) {
      const long = params.filter(({ value }) => value.length > LIMITS.oldParam);
      if (!(error instanceof StoreError) || error.status !== 400 || long.length === 0) throw error;
      await store.logBatch(run, {
        ...batch,
        params: params.map((entry) => cut(entry, LIMITS.oldParam)),
      });
      told = [
        `mlflow: this server takes parameters of ${LIMITS.oldParam} characters, longer ones are cut`,
      ];
    }
    letter.params = letter.params.slice(params.length);
  }
  return told;
}

/** Cuts a text that is too long. */
export function cut({ key, value }: Entry, most: number): Entry {
  return { key, value: value.length > most ? `${value.slice(0, most - 1)}…` : value };
}

/** A folder that cannot be written to is as much out of reach as a server. */
function asStoreError(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) return error;
  const [line] = (error as Error).message.split("\n", 1);
  return new StoreError(`Cannot write the run: ${line}`, { cause: error });
}

/**
 * Finds runs that have ended and whose letters have not arrived.
 * @param root Folder of experiments.
 * @param isWanted Which letters.
 */
export async function* leftovers(
  root: string,
  isWanted: (letter: Letter) => boolean,
): AsyncGenerator<Outbox> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const isRun = entries.some(({ name }) => name === "resolved_config.json");
  if (isRun && entries.some(({ name }) => name === PENDING)) {
    const outbox = await Outbox.read(root);
    if (outbox !== undefined && outbox.letter.ended !== null && isWanted(outbox.letter)) {
      yield outbox;
    }
  }
  if (isRun) return;
  for (const entry of entries) {
    if (entry.isDirectory()) yield* leftovers(join(root, entry.name), isWanted);
  }
}
