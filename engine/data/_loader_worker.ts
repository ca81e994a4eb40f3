/**
 * The loader's worker: opens a source once, then reads rows, one job after the other.
 * @module
 */
import { BatchReader, type ReaderOptions, type ReadJob } from "./_batch_reader.ts";
import type { Rows } from "./data.ts";
import { serve } from "./worker_channel.ts";

/** Rows that are wanted. */
export interface ReadQuestion {
  /** What to read. */
  readonly job: ReadJob;
  /** One element on shared memory, not 0 as soon as nobody wants the rows any more. */
  readonly cancelled: Int32Array;
}

/** What the loader asks: rows, `undefined` if the job was cancelled. */
export type LoaderTopics = { readonly read: readonly [ReadQuestion, Rows | undefined] };

serve<LoaderTopics, ReaderOptions, BatchReader>({
  start: (options) => BatchReader.open(options),
  answer: {
    async read({ job, cancelled }, reader, before) {
      await before;
      if (Atomics.load(cancelled, 0)) return { answer: undefined };
      const rows = await reader.read(job);
      const transfer = [rows.features.buffer];
      if (rows.lengths) transfer.push(rows.lengths.buffer);
      return { answer: rows, transfer };
    },
  },
  async close(reader) {
    await reader.close();
  },
});
