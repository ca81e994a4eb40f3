/**
 * Runs for Weights & Biases, written offline. Importing this module adds `wandb` to the `logger` slot.
 * @module
 */
import { dirname, join } from "node:path";
import { flag, list, options, text } from "../../registry/options/mod.ts";
import type { EpochValues, Plugin, RunInfo } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { pngSize } from "./_files.ts";
import {
  type Content,
  exit,
  header,
  history,
  mediaFile,
  run,
  RunFileEncoder,
  runSummary,
  type WandbRun,
} from "./_wandb.ts";
import { keptRecords } from "./_wandb_kept.ts";

/**
 * Config of the `wandb` logger.
 * @category Loggers
 */
export interface WandbConfig {
  /** User or team; the user's default where not given. @default {null} */
  readonly entity: string | null;
  /** Project; the dataset's key where not given. @default {null} */
  readonly project: string | null;
  /** Tags of the run. @default {[]} */
  readonly tags: readonly string[];
  /** Name of the run; the service makes one where not given. @default {null} */
  readonly name: string | null;
  /** Whether the run is to stay offline; it is uploaded by `wandb sync` in any case. @default {false} */
  readonly offline: boolean;
}

const config = options<WandbConfig>({
  entity: text(null, "User or team; the user's default where not given."),
  project: text(null, "Project; the dataset's key where not given."),
  tags: list([], "Tags of the run.", text),
  name: text(null, "Name of the run; the service makes one where not given."),
  offline: flag(
    false,
    "Whether the run is to stay offline; it is uploaded by wandb sync in any case.",
  ),
});

/**
 * Writes a run as W&B does offline, into the `wandb` folder of the run directory; `wandb sync`
 * uploads it. A run that goes on keeps its folder and its id, so that it can be uploaded again.
 *
 * @example What it is called in a config
 * ```ts
 * import { configure, wandb } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const logger = configure(wandb, { project: "slides", tags: ["baseline"] });
 * assertEquals([logger.slot, logger.key], ["logger", "wandb"]);
 * ```
 *
 * @category Loggers
 */
export const wandb: Plugin<"logger", WandbConfig> = {
  slot: "logger",
  key: "wandb",
  description: "A run for Weights & Biases, written offline: wandb sync uploads it",
  config,
  create(config) {
    let file: RunFile;
    let notify: RunInfo["notify"];
    return {
      async start(info) {
        notify = info.notify;
        file = await RunFile.create(info, config);
      },
      log: (epoch, values) => file.log(epoch, values),
      logTest: (_epoch, values) => file.summarize(values),
      logImage: (epoch, name, png) => file.logImage(epoch, name, png),
      async finish(status) {
        await file.finish(status === "finished" ? 0 : 1);
        const { folder } = file;
        notify(
          config.offline
            ? `wandb: the run is in ${folder}; wandb sync uploads it`
            : `wandb: the run is not uploaded yet: wandb sync ${folder}`,
        );
      },
    };
  },
};

registry.add(wandb);

/** Name of a run's folder, with its id. */
const FOLDER = /^offline-run-\d{8}_\d{6}-(\w+)$/;

/** The file of one run, to which records are added. */
class RunFile {
  /** Folder that `wandb sync` takes. */
  readonly folder: string;
  readonly #path: string;
  readonly #started: number;
  readonly #encoder = new RunFileEncoder();
  readonly #summary: Record<string, number> = {};

  private constructor(folder: string, id: string, started: number) {
    this.folder = folder;
    this.#path = join(folder, `run-${id}.wandb`);
    this.#started = started;
  }

  /** Begins a file; where the directory has one, with what it says of the epochs before. */
  static async create(info: RunInfo, options: WandbConfig): Promise<RunFile> {
    const root = join(info.directory, "wandb");
    const found = await earlierFolder(root);
    const id = found?.id ?? runId();
    const folder = join(root, found?.name ?? `offline-run-${timestamp(new Date())}-${id}`);
    await Deno.mkdir(join(folder, "files"), { recursive: true });
    const path = join(folder, `run-${id}.wandb`);
    const next = (info.earlier.at(-1)?.epoch ?? -1) + 1;
    const { started = Date.now(), last, records } = keptRecords(await readIfThere(path), next);
    const file = new RunFile(folder, id, started);
    await removeIfThere(`${path}.synced`);
    const temporary = join(folder, `.run-${id}.tmp`);
    const begin = [
      header(String(info.runtimeInfo.glovita)),
      run(describeRun(info, options, { id, started })),
      ...records,
    ];
    await Deno.writeFile(temporary, file.#encoder.encode(begin));
    await Deno.rename(temporary, path);
    for (const { epoch, values } of info.earlier) {
      if (epoch > last) await file.log(epoch, values);
      else Object.assign(file.#summary, values, { epoch, _step: epoch });
    }
    return file;
  }

  async log(epoch: number, values: EpochValues["values"]): Promise<void> {
    await this.#write(history(epoch, { ...values, ...this.#step(epoch) }));
    await this.summarize({ ...values, ...this.#step(epoch) });
  }

  async summarize(values: EpochValues["values"]): Promise<void> {
    Object.assign(this.#summary, values);
    await this.#write(runSummary(this.#summary));
  }

  async logImage(epoch: number, name: string, png: Uint8Array<ArrayBuffer>): Promise<void> {
    const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", png)).toHex();
    const path = `media/images/${name.replaceAll(/[^\w.-]/g, "_")}_${epoch}_${
      sha256.slice(0, 20)
    }.png`;
    const target = join(this.folder, "files", path);
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.writeFile(target, png);
    const image = {
      _type: "image-file",
      sha256,
      size: png.length,
      path,
      format: "png",
      ...pngSize(png),
    };
    await this.#write(mediaFile(path), history(epoch, { [name]: image, ...this.#step(epoch) }));
  }

  async finish(code: number): Promise<void> {
    await this.#write(exit(code, (Date.now() - this.#started) / 1000));
  }

  /** What W&B has in every row. */
  #step(epoch: number): Record<string, number> {
    const now = Date.now();
    return {
      epoch,
      _step: epoch,
      _timestamp: now / 1000,
      _runtime: (now - this.#started) / 1000,
    };
  }

  async #write(...contents: Content[]): Promise<void> {
    await Deno.writeFile(this.#path, this.#encoder.encode(contents), { append: true });
  }
}

function describeRun(
  { config, addLog, runtimeInfo, dataset, group, fold }: RunInfo,
  { entity, name, project, tags }: WandbConfig,
  { id, started }: Pick<WandbRun, "id" | "started">,
): WandbRun {
  return {
    id,
    entity,
    project: project ?? dataset,
    group,
    name,
    tags: fold === undefined ? tags : [...tags, `fold_${fold}`],
    config: { ...config, add_log: addLog, runtime: runtimeInfo },
    started,
  };
}

/** The folder of the run that goes on. */
async function earlierFolder(root: string): Promise<{ name: string; id: string } | undefined> {
  try {
    for await (const { name } of Deno.readDir(root)) {
      const [, id] = FOLDER.exec(name) ?? [];
      if (id !== undefined) return { name, id };
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  await Deno.remove(path).catch(ifThere);
}

async function readIfThere(path: string): Promise<Uint8Array> {
  return await Deno.readFile(path).catch(ifThere) ?? new Uint8Array();
}

function ifThere(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/** Eight letters and digits, as W&B makes them. */
function runId(): string {
  const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => letters[byte % 36]).join(
    "",
  );
}

/** Local time, as in the names that W&B gives. */
function timestamp(time: Date): string {
  const pad = (value: number) => String(value).padStart(2, "0");
  const date = `${time.getFullYear()}${pad(time.getMonth() + 1)}${pad(time.getDate())}`;
  return `${date}_${pad(time.getHours())}${pad(time.getMinutes())}${pad(time.getSeconds())}`;
}
