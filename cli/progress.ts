/**
 * How far work is: a progress bar where a person watches, a line now and then elsewhere.
 * @module
 */
import type { Io } from "./io.ts";
import { type Bar, createBar } from "./progress_bar.ts";

/** How often a line is written where there is no bar; without either of them, never. */
export interface Pace {
  /** Seconds after which there is another line. */
  readonly seconds?: number;
  /** Share of the work after which there is another line. */
  readonly share?: number;
}

/** How progress is shown. */
export interface ProgressOptions {
  /** Format of the bar: a line with `{bar}` and other names. */
  readonly format: string;
  /** How often a line is written where there is no bar. */
  readonly pace: Pace;
  /** Whether there may be a bar. @default {true} */
  readonly bar?: boolean;
  /** Clock in milliseconds. @default {performance.now} */
  readonly now?: () => number;
}

/** How far the work is. */
export interface Step {
  /** How full the bar is. */
  readonly done: number;
  /** What makes the bar full; where that is not known, there are lines. */
  readonly total?: number;
  /** Values of the format's names. */
  readonly payload: Record<string, unknown>;
  /** The line where there is no bar; left out where the step is not worth one. */
  readonly line?: string;
  /** Share of the work that is done. @default {done / total} */
  readonly share?: number;
}

/** Shows progress. */
export class Progress {
  readonly #io: Io;
  readonly #bar: Bar | undefined;
  readonly #pace: Pace;
  readonly #now: () => number;
  #barRuns = false;
  #lastTime: number;
  #lastShare = -Infinity;

  private constructor(io: Io, { pace, now }: ProgressOptions, bar: Bar | undefined) {
    this.#io = io;
    this.#bar = bar;
    this.#pace = pace;
    this.#now = now ?? (() => performance.now());
    this.#lastTime = this.#now();
  }

  /**
   * Makes ready to show progress.
   * @param io Where lines go, and whether a person watches.
   * @param options How progress is shown.
   */
  static async create(io: Io, options: ProgressOptions): Promise<Progress> {
    const { format, bar = true } = options;
    return new Progress(io, options, io.terminal && bar ? await createBar(format) : undefined);
  }

  /**
   * Shows how far the work is.
   * @param step How far.
   */
  show({ done, total, payload, line, share = done / (total ?? Infinity) }: Step): void {
    if (this.#bar !== undefined && total !== undefined) {
      if (this.#barRuns) this.#bar.update(done, payload);
      else this.#bar.start(total, done, payload);
      this.#barRuns = true;
    } else if (line !== undefined && this.#isDue(share)) {
      this.restart(share);
      this.#io.out(line);
    }
  }

  /**
   * Counts from now until the next line.
   * @param share Share of the work that is done; without it, any share is worth a line.
   */
  restart(share = -Infinity): void {
    [this.#lastTime, this.#lastShare] = [this.#now(), share];
  }

  /** Takes the bar away; the next step brings it back. */
  stop(): void {
    if (this.#barRuns) this.#bar?.stop();
    this.#barRuns = false;
  }

  #isDue(share: number): boolean {
    const { seconds = Infinity, share: apart = Infinity } = this.#pace;
    if (this.#now() - this.#lastTime >= seconds * 1000) return true;
    // What is complete is worth a line, however little was missing.
    return apart < Infinity && share >= Math.min(1, this.#lastShare + apart);
  }
}
