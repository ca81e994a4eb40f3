/** A run that is logged to MLflow while it goes on, whether anybody answers or not. */
import { mkdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openLockable } from "../../engine/platform/lockable_file.ts";
import type { EpochValues, RunInfo } from "../../registry/plugin.ts";
import { leftovers, type Letter, type Outbox } from "./_mlflow_outbox.ts";
import {
  asKey,
  metricValue,
  type RunStatus,
  StoreError,
  type TrackingStore,
} from "./_mlflow_store.ts";

/** Folder of the images that have not arrived. */
const FIGURES = "mlflow_figures";

/** Where a run goes, if it may. */
export interface Target {
  /** The store; `undefined` where the network is not permitted. */
  readonly store: TrackingStore | undefined;
  /** Why there is none. */
  readonly obstacle: string;
}

/** A run on its way. */
export class MlflowRun {
  readonly #outbox: Outbox;
  readonly #target: Target;
  readonly #info: Pick<RunInfo, "directory" | "notify">;
  #isTold = false;
  /** Failures in a row: after each, twice as many epochs go by until the next attempt. */
  #failures = 0;
  #pause = 0;

  /**
   * @param outbox What is to be sent.
   * @param target Where it goes.
   * @param info The run.
   */
  constructor(outbox: Outbox, target: Target, info: Pick<RunInfo, "directory" | "notify">) {
    this.#outbox = outbox;
    this.#target = target;
    this.#info = info;
  }

  /** Sends the start, and epochs that were trained before and have not been put here. */
  async start(earlier: readonly EpochValues[]): Promise<void> {
    const { last_epoch } = this.#outbox.letter;
    const missing = earlier.filter(({ epoch }) => epoch > last_epoch);
    for (const { epoch, values } of missing) this.#add(epoch, values);
    await this.#send();
  }

  /** Logs the numbers of an epoch. */
  async log(epoch: number, values: EpochValues["values"]): Promise<void> {
    this.#add(epoch, values);
    await this.#sendUnlessPausing();
  }

  /** Logs an image. */
  async logImage(epoch: number, name: string, png: Uint8Array): Promise<void> {
    const file = `step_${String(epoch).padStart(4, "0")}_${name.replaceAll(/[^\w.-]/g, "_")}.png`;
    const folder = join(this.#info.directory, FIGURES);
    await mkdir(folder, { recursive: true });
    const path = join(folder, file);
    await writeFile(path, png);
    this.#addArtifact({ path, name: `figures/${file}`, temporary: true });
    await this.#sendUnlessPausing();
  }

  /** Takes a file, which is sent at the end. */
  addFile(path: string, name: string): void {
    this.#addArtifact({ path, name, temporary: false });
  }

  /**
   * Sends all that is left.
   * @param status How the run ended.
   * @returns Whether everything has arrived.
   */
  async finish(status: RunStatus): Promise<boolean> {
    const { letter } = this.#outbox;
    letter.status = status;
    letter.ended = Date.now();
    const hadFailed = this.#failures > 0;
    if (!await this.#send()) return false;
    await rmdir(join(this.#info.directory, FIGURES)).catch(() => {});
    const place = this.#target.store?.whereIs(letter.run!);
    this.#info.notify(
      `mlflow: ${hadFailed ? "reached at last, the run is" : "the run is"} at ${place}`,
    );
    return true;
  }

  #add(epoch: number, values: EpochValues["values"]): void {
    const { letter } = this.#outbox;
    const timestamp = Date.now();
    for (const [name, value] of Object.entries(values)) {
      letter.metrics.push({
        key: asKey(name),
        value: metricValue(value),
        timestamp,
        step: epoch,
      });
    }
    letter.last_epoch = Math.max(letter.last_epoch, epoch);
  }

  #addArtifact(artifact: Letter["artifacts"][number]): void {
    const { letter } = this.#outbox;
    const others = letter.artifacts.filter(({ name }) => name !== artifact.name);
    letter.artifacts = [...others, artifact];
  }

  async #sendUnlessPausing(): Promise<void> {
    if (this.#pause === 0) await this.#send();
    else {
      this.#pause--;
      await this.#outbox.save();
    }
  }

  async #send(): Promise<boolean> {
    const { store, obstacle } = this.#target;
    if (store === undefined) {
      await this.#outbox.save();
      this.#tell(obstacle);
      return false;
    }
    try {
      for (const line of await this.#outbox.send(store)) this.#info.notify(line);
      this.#failures = this.#pause = 0;
      return true;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#pause = 2 ** this.#failures++;
      this.#tell(error.message);
      return false;
    }
  }

  #tell(obstacle: string): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#info.notify(`mlflow: ${obstacle}; numbers wait in ${this.#outbox.file}`);
  }
}

/**
 * Sends runs that ended while nobody answered.
 * @param root Folder of experiments.
 * @param store Where they go.
 * @param options Their tracking URI, and whom to tell.
 */
export async function sendLeftovers(
  root: string,
  store: TrackingStore,
  { uri, notify }: { readonly uri: string; readonly notify: RunInfo["notify"] },
): Promise<void> {
  const found = await Array.fromAsync(leftovers(root, ({ tracking_uri }) => tracking_uri === uri));
  if (found.length === 0) return;
  using lock = openLockable(join(root, ".mlflow.lock"));
  if (!lock.tryLock()) return; // Another run sends them.
  for (const outbox of found) {
    try {
      await outbox.send(store);
      notify(`mlflow: sent what was kept in ${outbox.file}`);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      notify(`mlflow: ${outbox.file} cannot be sent: ${error.message}`);
    }
  }
}
