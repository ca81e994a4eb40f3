/** A run of W&B on its way to the disk. */
import { createHash } from "node:crypto";
import {
  appendFile,
  mkdir,
  readdir,
  readFile,
  rename,
  truncate,
  unlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode } from "../../engine/storage/file_reader.ts";
import type { EpochValues, RunInfo } from "../../registry/plugin.ts";
import { pngSize } from "./_files.ts";
import {
  type Content,
  exit,
  header,
  history,
  type Mark,
  mediaFile,
  run,
  RunFileEncoder,
  runSummary,
  type WandbRun,
} from "./_wandb.ts";
import { keptRecords } from "./_wandb_kept.ts";

/** What a user may say about a run. */
type RunOptions = Pick<WandbRun, "entity" | "name" | "tags"> & { readonly project: string | null };

/** Name of a run's folder, with its id. */
const FOLDER = /^offline-run-\d{8}_\d{6}-(\w+)$/;

/** Images by name, and their files. */
interface Early {
  readonly images: Readonly<Record<string, unknown>>;
  readonly files: readonly string[];
}

/** A row at the end of a file. */
interface LastRow {
  readonly epoch: number;
  /** Where it begins; absent once other rows came after it. */
  mark: Mark | undefined;
  row: Readonly<Record<string, unknown>>;
  files: readonly string[];
}

/** The file of one run, to which records are added. */
export class RunFile {
  /** Folder that `wandb sync` takes. */
  readonly folder: string;
  readonly #path: string;
  readonly #started: number;
  readonly #encoder = new RunFileEncoder();
  readonly #summary: Record<string, number> = {};
  /** The last row, which an image of its epoch still can go to. */
  #last: LastRow | undefined;
  /** Images of epochs whose numbers are still to come. */
  readonly #early = new Map<number, Early>();

  private constructor(folder: string, id: string, started: number) {
    this.folder = folder;
    this.#path = join(folder, `run-${id}.wandb`);
    this.#started = started;
  }

  /** Begins a file; where the directory has one, with what it says of the epochs before. */
  static async create(info: RunInfo, options: RunOptions): Promise<RunFile> {
    const root = join(info.directory, "wandb");
    const found = await earlierFolder(root);
    const id = found?.id ?? runId();
    const folder = join(root, found?.name ?? `offline-run-${timestamp(new Date())}-${id}`);
    await mkdir(join(folder, "files"), { recursive: true });
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
    await writeFile(temporary, file.#encoder.encode(begin));
    await rename(temporary, path);
    for (const { epoch, values } of info.earlier) {
      if (epoch > last) await file.log(epoch, values);
      else Object.assign(file.#summary, values, { epoch, _step: epoch });
    }
    return file;
  }

  async log(epoch: number, values: EpochValues["values"]): Promise<void> {
    const { images = {}, files = [] } = this.#early.get(epoch) ?? {};
    this.#early.delete(epoch);
    const row = { ...values, ...images, ...this.#step(epoch) };
    Object.assign(this.#summary, values, this.#step(epoch));
    this.#last = { epoch, row, files, mark: this.#encoder.mark };
    await this.#writeLast();
  }

  async summarize(values: EpochValues["values"]): Promise<void> {
    Object.assign(this.#summary, values);
    await this.#write(runSummary(this.#summary));
  }

  /** W&B has one row per step: the image goes to the numbers of its epoch where they still can move. */
  async logImage(epoch: number, name: string, png: Uint8Array<ArrayBuffer>): Promise<void> {
    const { path, image } = await this.#keep(epoch, name, png);
    const last = this.#last;
    if (last?.epoch === epoch && last.mark !== undefined) {
      last.row = { ...last.row, [name]: image };
      last.files = [...last.files, path];
      this.#encoder.mark = last.mark;
      await truncate(this.#path, last.mark.position);
      await this.#writeLast();
    } else if (epoch > (last?.epoch ?? -1)) {
      const { images = {}, files = [] } = this.#early.get(epoch) ?? {};
      this.#early.set(epoch, { images: { ...images, [name]: image }, files: [...files, path] });
    } else {
      await this.#write(history(epoch, { [name]: image, ...this.#step(epoch) }), mediaFile(path));
      last!.mark = undefined;
    }
  }

  async finish(code: number): Promise<void> {
    for (const [epoch, { images, files }] of this.#early) {
      const row = history(epoch, { ...images, ...this.#step(epoch) });
      await this.#write(row, ...files.map(mediaFile));
    }
    await this.#write(exit(code, (Date.now() - this.#started) / 1000));
  }

  async #writeLast(): Promise<void> {
    const { epoch, row, files } = this.#last!;
    await this.#write(history(epoch, row), runSummary(this.#summary), ...files.map(mediaFile));
  }

  /** Puts an image among the files of the run. */
  async #keep(
    epoch: number,
    name: string,
    png: Uint8Array<ArrayBuffer>,
  ): Promise<{ path: string; image: Readonly<Record<string, unknown>> }> {
    const size = pngSize(png);
    const sha256 = createHash("sha256").update(png).digest("hex");
    const file = `${name.replaceAll(/[^\w.-]/g, "_")}_${epoch}_${sha256.slice(0, 20)}.png`;
    const path = `media/images/${file}`;
    const target = join(this.folder, "files", path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, png);
    const facts = { sha256, size: png.length, path, format: "png", ...size };
    return { path, image: { _type: "image-file", ...facts } };
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
    await appendFile(this.#path, this.#encoder.encode(contents));
  }
}

function describeRun(
  { config, addLog, runtimeInfo, dataset, group, fold }: RunInfo,
  { entity, name, project, tags }: RunOptions,
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
    for (const name of await readdir(root)) {
      const [, id] = FOLDER.exec(name) ?? [];
      if (id !== undefined) return { name, id };
    }
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch(ifThere);
}

async function readIfThere(path: string): Promise<Uint8Array> {
  return await readFile(path).catch(ifThere) ?? new Uint8Array();
}

function ifThere(error: unknown): undefined {
  if (errorCode(error) !== "ENOENT") throw error;
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
