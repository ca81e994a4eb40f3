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
import { type Io, writeNote } from "./io.ts";
import { type Pace, Progress } from "./progress.ts";

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

const PACE: Pace = { seconds: 30 };

/**
 * Makes a report.
 * @param io Where lines go, and whether a person watches.
 * @param now Clock in milliseconds.
 */
export async function createExtractReport(
  io: Io,
  now?: () => number,
): Promise<ExtractReport> {
  const progress = await Progress.create(io, { format: "[{bar}] {text}", pace: PACE, now });
  return new LineReport(io, progress);
}

class LineReport implements ExtractReport {
  readonly #io: Io;
  readonly #progress: Progress;

  constructor(io: Io, progress: Progress) {
    this.#io = io;
    this.#progress = progress;
  }

  show(event: ExtractEvent): void {
    switch (event.type) {
      case "notice":
        this.#progress.stop();
        return writeNote(this.#io, event.message);
      case "download":
        return this.#showStep(event.received, event.total, downloadText(event));
      case "split": {
        this.#progress.stop();
        this.#progress.restart();
        const before = event.done > 0 ? `, ${event.done} of them done before` : "";
        return this.#io.out(`${event.split}: ${event.samples} samples${before}`);
      }
      case "progress":
        return this.#showStep(event.done, event.samples, progressText(event));
      case "file":
        this.#progress.stop();
        return this.#io.out(fileText(event));
    }
  }

  close(): void {
    this.#progress.stop();
  }

  #showStep(done: number, total: number | undefined, text: string): void {
    this.#progress.show({ done, total, payload: { text }, line: text });
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
