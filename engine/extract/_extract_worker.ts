/**
 * The extractor's worker: reads samples and computes their features. The next job's samples are
 * read while a job is computed, as far as the source reads beside the thread.
 * @module
 */
import { setImmediate } from "node:timers";
import { recordError } from "../error_record.ts";
import { onBehalfOf, refuse } from "../fault.ts";
import { formatShape, sizeOf } from "../ir/dims.ts";
import { Session, type Value } from "../runtime/session.ts";
import type { Rows, Source } from "../data/data.ts";
import { openSplitSource } from "../data/open_source.ts";
import type { Job, Reply, Request, SampleSource, WorkerSetup } from "./_protocol.ts";

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(message: Reply, transfer: Transferable[]): void;
}

/** An open split. */
interface Opened {
  readonly split: SampleSource;
  readonly source: Source;
}

const scope = globalThis as unknown as WorkerScope;

let loading: Promise<Session> | undefined;
let opening: Promise<Opened> | undefined;
let turn: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  switch (data.type) {
    case "load":
      loading = load(data.setup);
      turn = post(loading.then((): Reply => ({ type: "ready" })));
      break;
    case "open": {
      const before = opening;
      opening = turn.then(() => closeSource(before)).then(() => open(data.split));
      turn = post(opening.then((): Reply => ({ type: "ready" })));
      break;
    }
    case "job": {
      const opened = opening!;
      const rows = opened.then(({ source }) => read(source, data.job));
      rows.catch(() => {}); // Told in turn.
      turn = turn.then(macrotask).then(() => post(compute(data.job, opened, rows)));
      break;
    }
    case "close":
      turn = turn.then(close);
      break;
    default:
      data satisfies never;
  }
};

/** Lets messages in, so that the next job is read while this one is computed; a timer takes 2 ms. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => resolve()));
}

async function post(reply: Promise<Reply>): Promise<void> {
  try {
    const message = await reply;
    scope.postMessage(message, message.type === "features" ? [message.features.buffer] : []);
  } catch (error) {
    scope.postMessage({ type: "error", error: recordError(error) }, []);
  }
}

async function load({ model, threads }: WorkerSetup): Promise<Session> {
  return await Session.load(model, { threads });
}

async function open(split: SampleSource): Promise<Opened> {
  return { split, source: await openSplitSource(split) };
}

async function read(source: Source, { start, count }: Job): Promise<Rows> {
  return await source.read(Int32Array.from({ length: count }, (_, i) => start + i));
}

async function compute(
  job: Job,
  opened: Promise<Opened>,
  reading: Promise<Rows>,
): Promise<Reply> {
  const { split } = await opened;
  const { features: data, skipped = [] } = await reading;
  const batch = job.count - skipped.length;
  if (batch === 0) return { type: "features", job, features: new Float32Array(), skipped };
  const shape = [batch, ...split.sampleShape];
  onBehalfOf(split.source.part, () => requireSize(data, shape));
  const samples: Value = { dtype: "float32", shape, data };
  const { features } = await (await loading!).run({ samples });
  return { type: "features", job, features: features.data as Float32Array<ArrayBuffer>, skipped };
}

function requireSize({ length }: Float32Array, shape: readonly number[]): void {
  if (length === sizeOf(shape)) return;
  refuse(`${formatShape(shape)} from read()`, `${length} values`);
}

async function closeSource(open: Promise<Opened> | undefined): Promise<void> {
  const opened = await open?.catch(() => undefined);
  opened?.source.close();
}

async function close(): Promise<void> {
  await closeSource(opening);
  const session = await loading?.catch(() => undefined);
  await session?.release();
  scope.postMessage({ type: "closed" }, []);
}
