/**
 * The extractor's worker: reads samples and computes their features. The next job's samples are
 * read while a job is computed, as far as the source reads beside the thread.
 * @module
 */
import { setImmediate } from "node:timers";
import type { Rows, Source } from "../data/data.ts";
import { openSplitSource } from "../data/open_source.ts";
import { serve } from "../data/worker_channel.ts";
import type { OnnxModel } from "../onnx/encode.ts";
import { Session } from "../runtime/session.ts";
import { computeFeatures, type Job, type SampleSource } from "./_compute_features.ts";
import type { FeatureBlock } from "./journal.ts";

/** What a worker computes with. */
export interface WorkerSetup {
  /** `samples [batch, ...sampleShape]` to `features [batch, D]`; a worker without one only reads. */
  readonly model?: OnnxModel;
  /** Threads within an operator. */
  readonly threads: number;
}

/** What the extractor asks. */
export type ExtractTopics = {
  /** The jobs that follow are about the samples of this split. */
  readonly open: readonly [SampleSource, undefined];
  /** Features of samples. */
  readonly compute: readonly [Job, FeatureBlock];
  /** Samples, for who computes elsewhere. */
  readonly read: readonly [Job, Rows];
};

/** A worker that computes. */
interface Worker {
  readonly session?: Session;
  /** The open split. */
  opened?: Promise<Opened>;
}

/** An open split. */
interface Opened {
  readonly split: SampleSource;
  readonly source: Source;
}

serve<ExtractTopics, WorkerSetup, Worker>({
  async start({ model, threads }) {
    return { session: model && await Session.load(model, { threads }) };
  },
  answer: {
    async open(split, worker, before) {
      const previous = worker.opened;
      worker.opened = before.then(() => closeSource(previous)).then(() => open(split));
      await worker.opened;
      return { answer: undefined };
    },
    async compute(job, { session, opened }, before) {
      const reading = opened!.then(({ source }) => read(source, job));
      reading.catch(() => {}); // Reported when its turn comes.
      await before;
      await macrotask();
      const { split } = await opened!;
      const answer = await computeFeatures(session!, split, { job, rows: await reading });
      return { answer, transfer: [answer.features.buffer] };
    },
    async read(job, { opened }) {
      // A source may keep what it gives, so that it is copied on its way.
      return { answer: await read((await opened!).source, job) };
    },
  },
  async close({ session, opened }) {
    await closeSource(opened);
    await session?.release();
  },
});

/** Lets messages in, so that the next job is read while this one is computed; a timer takes 2 ms. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => resolve()));
}

async function open(split: SampleSource): Promise<Opened> {
  return { split, source: await openSplitSource(split) };
}

async function read(source: Source, { start, count }: Job): Promise<Rows> {
  return await source.read(Int32Array.from({ length: count }, (_, i) => start + i));
}

async function closeSource(open: Promise<Opened> | undefined): Promise<void> {
  const opened = await open?.catch(() => undefined);
  opened?.source.close();
}
