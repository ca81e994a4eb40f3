/**
 * Shows a download: a progress bar where a person watches, a line now and then elsewhere.
 * @module
 */
import type { DownloadProgress } from "../engine/hub/download.ts";
import type { Io } from "./io.ts";
import { Progress } from "./progress.ts";

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

const FORMAT = "{name} [{bar}] {value}/{total} MB, {eta_formatted} left";
const MEGABYTE = 1e6;

/**
 * Makes a report.
 * @param io Where lines go, and whether a person watches.
 * @returns The report.
 */
export async function createDownloadReport(io: Io): Promise<DownloadReport> {
  const progress = await Progress.create(io, { format: FORMAT, pace: { share: 0.1 } });
  let name = "";
  return {
    begin(another) {
      name = another;
      progress.restart();
    },
    show({ file, received, total }) {
      const all = total === undefined ? "" : ` of ${megabytes(total)}`;
      progress.show({
        done: Number(megabytes(received)),
        total: total === undefined ? undefined : Number(megabytes(total)),
        payload: { name },
        line: `downloading ${file} of ${name}: ${megabytes(received)}${all} MB`,
        share: received / (total ?? Infinity),
      });
    },
    close: () => progress.stop(),
  };
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(1);
}
