/**
 * Shows an extraction: a progress bar where a person watches, plain lines elsewhere.
 * @module
 */
import type {
  ExtractDownload,
  ExtractedFile,
  ExtractEvent,
  SplitProgress,
} from "../jobs/extract/events.ts";
import type { Io } from "./io.ts";
import { type Bar, createBar } from "./progress_bar.ts";

/** Shows the events of an extraction. */
export interface ExtractReport {
  /**
   * Shows an event.
   * @param event What happened.
   */
  show(event: ExtractEvent): void;
  /** Takes the progress bar away. */
  close(): void;
}

const SECONDS_BETWEEN_LINES = 30;

/**
 * Makes a report.
 * @param io Where lines go, and whether a person watches.
 * @param now Clock in milliseconds.
 */
export async function createExtractReport(
  io: Io,
  now: () => number = () => performance.now(),
): Promise<ExtractReport> {
  return new LineReport(io, now, io.terminal ? await createBar("[{bar}] {text}") : undefined);
}

class LineReport implements ExtractReport {
  readonly #io: Io;
  readonly #now: () => number;
  readonly #bar: Bar | undefined;
  #barRuns = false;
  #lastLine: number;

  constructor(io: Io, now: () => number, bar: Bar | undefined) {
    this.#io = io;
    this.#now = now;
    this.#bar = bar;
    this.#lastLine = now();
  }

  show(event: ExtractEvent): void {
    switch (event.type) {
      case "notice":
        this.#stopBar();
        return this.#io.err(`note: ${event.message}`);
      case "download":
        return this.#progress(event.received, event.total, downloadText(event));
      case "split": {
        this.#stopBar();
        this.#lastLine = this.#now();
        const before = event.done > 0 ? `, ${event.done} of them done before` : "";
        return this.#io.out(`${event.split}: ${event.samples} samples${before}`);
      }
      case "progress":
        return this.#progress(event.done, event.samples, progressText(event));
      case "file":
        this.#stopBar();
        return this.#io.out(fileText(event));
    }
  }

  close(): void {
    this.#stopBar();
  }

  #progress(done: number, total: number | undefined, text: string): void {
    if (this.#bar !== undefined && total !== undefined) {
      if (this.#barRuns) this.#bar.update(done, { text });
      else this.#bar.start(total, done, { text });
      this.#barRuns = true;
    } else if (this.#now() - this.#lastLine >= SECONDS_BETWEEN_LINES * 1000) {
      this.#lastLine = this.#now();
      this.#io.out(text);
    }
  }

  #stopBar(): void {
    if (this.#barRuns) this.#bar?.stop();
    this.#barRuns = false;
  }
}

function downloadText({ file, received, total }: ExtractDownload): string {
  const size = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  return `downloading ${file}: ${size(received)}${total === undefined ? "" : ` of ${size(total)}`}`;
}

function progressText(
  { split, done, samples, rate, secondsLeft }: SplitProgress,
): string {
  return `${split}: ${done}/${samples} samples, ${rate.toFixed(1)}/s, ${
    duration(secondsLeft)
  } left`;
}

function fileText(
  { split, file, samples, embedDim, skipped, kept }: ExtractedFile,
): string {
  const left = skipped > 0 ? `, ${skipped} left out` : "";
  const before = kept ? ", finished before" : "";
  return `${split}: ${file}, ${samples} x ${embedDim}${left}${before}`;
}

function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}h${String(m).padStart(2, "0")}m` : m > 0 ? `${m}m${s}s` : `${s}s`;
}
