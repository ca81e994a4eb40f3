/**
 * The extractor's worker: reads samples and computes their features. The next job's samples are
 * read while a job is computed, as far as the source reads beside the thread.
 * @module
 */
import { setImmediate } from "node:timers";
import type { Rows, Source, Split } from "../data/data.ts";
import { openSplitSource } from "../data/open_source.ts";
import { type Answered, serve } from "../data/worker_channel.ts";
import type { OnnxModel } from "../onnx/encode.ts";
import { onBehalfOf, refuse } from "../fault.ts";
import { formatShape, sizeOf } from "../ir/dims.ts";
import { Session, type Value } from "../runtime/session.ts";
import type { FeatureBlock } from "./journal.ts";

/** Where samples come from. */
export type SampleSource = Pick<Split, "name" | "source" | "sampleShape">;

/** What a worker computes with. */
export interface WorkerSetup {
  /** `samples [batch, ...sampleShape]` to `features [batch, D]`. */
  readonly model: OnnxModel;
  /** Threads within an operator. */
  readonly threads: number;
}

/** Consecutive samples: the index of the first one, and how many. */
export type Job = Pick<FeatureBlock, "start" | "count">;

/** What the extractor asks. */
export type ExtractTopics = {
  /** The jobs that follow are about the samples of this split. */
  readonly open: readonly [SampleSource, undefined];
  /** Features of samples. */
  readonly compute: readonly [Job, FeatureBlock];
};

/** A worker that computes. */
interface Worker {
  readonly session: Session;
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
    return { session: await Session.load(model, { threads }) };
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
      return await compute(job, session, { ...await opened!, rows: await reading });
    },
  },
  async close({ session, opened }) {
    await closeSource(opened);
    await session.release();
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

async function compute(
  job: Job,
  session: Session,
  { split, rows }: Opened & { readonly rows: Rows },
): Promise<Answered<FeatureBlock>> {
  const { features: data, skipped = [] } = rows;
  const batch = job.count - skipped.length;
  if (batch === 0) return { answer: { ...job, features: new Float32Array(), skipped } };
  const shape = [batch, ...split.sampleShape];
  onBehalfOf(split.source.part, () => requireSize(data, shape));
  const samples: Value = { dtype: "float32", shape, data };
  const outputs = await session.run({ samples });
  const features = outputs.features.data as Float32Array<ArrayBuffer>;
  return { answer: { ...job, features, skipped }, transfer: [features.buffer] };
}

function requireSize({ length }: Float32Array, shape: readonly number[]): void {
  if (length === sizeOf(shape)) return;
  refuse(`${formatShape(shape)} from read()`, `${length} values`);
}

async function closeSource(open: Promise<Opened> | undefined): Promise<void> {
  const opened = await open?.catch(() => undefined);
  opened?.source.close();
}
