/**
 * Shows a download: a progress bar where a person watches, a line now and then elsewhere.
 * @module
 */
import type { DownloadProgress } from "../engine/hub/download.ts";
import type { Io } from "./io.ts";
import { createBar } from "./progress_bar.ts";

/** Shows downloads, one after the other. */
export interface DownloadReport {
  /**
   * Begins with another download.
   * @param name What is downloaded, for the user.
   */
  begin(name: string): void;
  /** Shows how far the download is. */
  readonly show: (progress: DownloadProgress) => void;
  /** Takes the progress bar away. */
  readonly close: () => void;
}

const SHARE_BETWEEN_LINES = 0.1;
const MEGABYTE = 1e6;

/**
 * Makes a report.
 * @param io Where lines go, and whether a person watches.
 * @returns The report.
 */
export async function createDownloadReport(io: Io): Promise<DownloadReport> {
  const bar = io.terminal
    ? await createBar("{name} [{bar}] {value}/{total} MB, {eta_formatted} left")
    : undefined;
  let running = false;
  let name = "";
  let next = 0;
  const showLine = ({ file, received, total = Infinity }: DownloadProgress): void => {
    if (received / total < next) return;
    next = Math.min(1, received / total + SHARE_BETWEEN_LINES);
    const all = total === Infinity ? "" : ` of ${megabytes(total)}`;
    io.out(`downloading ${file} of ${name}: ${megabytes(received)}${all} MB`);
  };
  return {
    begin(another) {
      [name, next] = [another, 0];
    },
    show(progress) {
      if (bar === undefined || progress.total === undefined) return showLine(progress);
      const value = Number(megabytes(progress.received));
      if (running) return bar.update(value, { name });
      bar.start(Number(megabytes(progress.total)), value, { name });
      running = true;
    },
    close() {
      if (running) bar?.stop();
      running = false;
    },
  };
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(1);
}
