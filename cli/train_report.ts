/**
 * Shows a training run: a progress bar where a person watches, plain lines elsewhere.
 * @module
 */
import { dirname } from "node:path";
import type {
  BatchDone,
  EpochDone,
  RunDone,
  RunStarted,
  SamplesEncoded,
  TrainEvent,
  Values,
} from "../engine/train/events.ts";
import type { ParameterCount } from "../engine/train/parameter_counts.ts";
import { type Io, writeNote } from "./io.ts";
import { type Pace, Progress } from "./progress.ts";
import { textTable } from "./text_table.ts";

/** Shows the events of a run. */
export interface TrainReport {
  /**
   * Directory of the run, once there is one; of the last fold with a checkpoint, once there is one.
   */
  readonly directory: string | undefined;
  /** Whether the directory has a checkpoint to continue from. */
  readonly saved: boolean;
  /**
   * Shows an event.
   * @param event What happened.
   */
  show(event: TrainEvent): void;
  /** Takes the progress bar away, sums up the folds, and says how to see more. */
  close(): void;
}

/** How a run is shown. */
export interface TrainReportOptions {
  /** Few plain lines for the log files of a cluster, even on a terminal. */
  readonly cluster: boolean;
  /** Clock in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

const FORMAT = "epoch {epoch} [{bar}] {value}/{total} batches, {eta_formatted} left, loss {loss}";
const ENCODER_FORMAT = "encoder [{bar}] {value}/{total} {split} samples, {eta_formatted} left";
/** More classes than this are not listed. */
const MOST_CLASSES = 20;
/** On a cluster, its log file is all that shows that a long run is alive. */
const CLUSTER_PACE: Pace = { seconds: 60, share: 0.1 };

/**
 * Makes a report.
 * @param io Where lines go, and whether a person watches.
 * @param options How the run is shown.
 * @returns The report.
 */
export async function createTrainReport(
  io: Io,
  options: TrainReportOptions,
): Promise<TrainReport> {
  const { cluster, now } = options;
  const pace = cluster ? CLUSTER_PACE : {};
  const progress = (format: string) => Progress.create(io, { format, pace, bar: !cluster, now });
  return new LineReport(io, await progress(FORMAT), await progress(ENCODER_FORMAT));
}

class LineReport implements TrainReport {
  directory: string | undefined;
  saved = false;
  readonly #io: Io;
  readonly #progress: Progress;
  /** Progress of an encoder that runs once. */
  readonly #encoding: Progress;
  readonly #folds: RunDone[] = [];
  #current: string | undefined;
  /** Whether a fold is being trained. */
  #busy = false;
  /** Whether there are several folds. */
  #several = false;
  #epochs = 0;
  #classNames: readonly string[] | undefined;

  constructor(io: Io, progress: Progress, encoding: Progress) {
    this.#io = io;
    this.#progress = progress;
    this.#encoding = encoding;
  }

  show(event: TrainEvent): void {
    switch (event.type) {
      case "run":
        return this.#showRun(event);
      case "encode":
        return this.#showEncoded(event);
      case "batch":
        return this.#showBatch(event);
      case "epoch":
        return this.#showEpoch(event);
      case "notice":
        this.#encoding.stop();
        this.#progress.stop();
        return writeNote(this.#io, event.message);
      case "done":
        return this.#showDone(event);
    }
  }

  close(): void {
    this.#encoding.stop();
    this.#progress.stop();
    this.#sumUp();
    const last = this.#folds.at(-1);
    if (last === undefined || this.#busy) return;
    const path = this.#several ? dirname(last.directory) : last.directory;
    this.#io.out(`to see it: glovita_report ${/\s/.test(path) ? `"${path}"` : path}`);
  }

  /** Sums up the folds, of several. */
  #sumUp(): void {
    const last = this.#folds.at(-1);
    if (last === undefined || this.#folds.length < 2) return;
    const best = this.#folds.map((fold) => fold.bestValue);
    const tests = Object.keys(last.test ?? {}).map((name) => {
      const numbers = this.#folds.map((fold) => fold.test?.[name] ?? NaN);
      return `${this.#named(name)} ${overFolds(numbers)}`;
    });
    this.#io.out(
      `${this.#folds.length} folds: ${
        [`${last.bestMetric} ${overFolds(best)}`, ...tests].join(", ")
      }`,
    );
  }

  #showRun(event: RunStarted): void {
    this.#progress.stop();
    this.#current = event.directory;
    [this.#busy, this.#several] = [true, event.folds > 1];
    if (event.firstEpoch > 0 || !this.saved) {
      this.directory = event.directory;
      this.saved = event.firstEpoch > 0;
    }
    this.#epochs = event.epochs;
    this.#classNames = event.classNames;
    this.#progress.restart(0);
    this.#encoding.restart(0);
    const fold = event.folds > 1 ? `, fold ${event.fold + 1} of ${event.folds}` : "";
    const samples = Object.entries(event.samples).map(([split, count]) => `${count} ${split}`);
    const left = event.firstEpoch < event.epochs;
    const from = left ? `from epoch ${event.firstEpoch + 1}` : "all of them done";
    const start = event.firstEpoch > 0 ? `, ${from}` : "";
    this.#io.out(`run ${event.directory}${fold}`);
    this.#io.out(
      `${samples.join(", ")} samples, ${event.parameters.toLocaleString("en")} parameters, ` +
        `${event.epochs} epochs of ${event.batches} batches${start}`,
    );
    for (const line of parameterTable(event.parameterCounts)) this.#io.out(line);
    const { classNames } = event;
    if (classNames && classNames.length <= MOST_CLASSES) {
      this.#io.out(`classes ${classNames.join(", ")}`);
    }
  }

  #showEncoded({ split, done, samples }: SamplesEncoded): void {
    const line = `encoder: ${done}/${samples} ${split} samples`;
    this.#encoding.show({ done, total: samples, payload: { split }, line });
    if (done < samples) return;
    this.#encoding.stop();
    this.#encoding.restart(0);
  }

  #showBatch(event: BatchDone): void {
    const { batches } = event;
    const [done, loss] = [event.batch + 1, format(event.loss)];
    const epoch = `${event.epoch + 1}/${this.#epochs}`;
    this.#progress.show({
      done,
      total: batches,
      payload: { epoch, loss },
      // The last batch of an epoch comes just before the line of the epoch.
      line: done < batches ? `epoch ${epoch}, batch ${done}/${batches}, loss ${loss}` : undefined,
      share: (event.epoch + done / batches) / Math.max(1, this.#epochs),
    });
  }

  #showEpoch(event: EpochDone): void {
    this.#progress.stop();
    this.directory = this.#current;
    this.saved = true;
    this.#progress.restart((event.epoch + 1) / Math.max(1, event.epochs));
    const best = event.best ? " (best)" : "";
    this.#io.out(
      `epoch ${event.epoch + 1}/${event.epochs}: ` +
        [...this.#values(event.train), ...this.#values(event.val), `lr ${format(event.lr)}`].join(
          ", ",
        ) +
        `, ${event.seconds.toFixed(1)} s${best}`,
    );
  }

  #showDone(event: RunDone): void {
    this.#progress.stop();
    this.#folds.push(event);
    this.#busy = false;
    this.#io.out(
      `best ${event.bestMetric} ${format(event.bestValue)} in epoch ${event.bestEpoch + 1}, ` +
        `run ${event.directory}`,
    );
    if (event.finalVal !== undefined) {
      this.#io.out(`final: ${this.#values(event.finalVal).join(", ")}`);
    }
    if (event.test !== undefined) this.#io.out(`test: ${this.#values(event.test).join(", ")}`);
  }

  #values(numbers: Values): string[] {
    return Object.entries(numbers).map(([name, value]) => `${this.#named(name)} ${format(value)}`);
  }

  /** The name of a value, with that of its class. */
  #named(name: string): string {
    const [, index] = /_class_(\d+)$/.exec(name) ?? [];
    const found = index === undefined ? undefined : this.#classNames?.[Number(index)];
    return found === undefined ? name : `${name} (${found})`;
  }
}

/** What trains of each part of the model, where it has several. */
function parameterTable(counts: readonly ParameterCount[]): string[] {
  if (counts.length < 2) return [];
  const sum = (of: "trainable" | "total") => counts.reduce((all, count) => all + count[of], 0);
  const all = { group: "all", trainable: sum("trainable"), total: sum("total") };
  const rows = [...counts, all].map(({ group, trainable, total }) => [
    group,
    trainable,
    total,
    100 * trainable / total,
  ]);
  return textTable([["parameters", "trainable", "total", "percent"], ...rows]);
}

function format(value: number): string {
  if (!Number.isFinite(value) || Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return size < 1e-3 || size >= 1e5 ? value.toExponential(2) : value.toFixed(4);
}

/** Mean and standard deviation over folds. */
function overFolds(numbers: readonly number[]): string {
  const { mean, deviation } = meanAndDeviation(numbers);
  return `${format(mean)} ± ${format(deviation)}`;
}

function meanAndDeviation(numbers: readonly number[]): { mean: number; deviation: number } {
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (numbers.length - 1)) };
}
