/**
 * The extractor's worker: reads samples and computes their features. The next job's samples are
 * read while a job is computed, as far as the source reads beside the thread.
 * @module
 */
import { recordError } from "../error_record.ts";
import { Session, type Value } from "../runtime/session.ts";
import type { Rows, Source } from "../train/data.ts";
import { openSplitSource } from "../train/open_source.ts";
import type { Job, Reply, Request, WorkerSetup } from "./_protocol.ts";

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(message: Reply, transfer: Transferable[]): void;
}

/** What is open while a worker works. */
interface Opened {
  readonly setup: WorkerSetup;
  readonly source: Source;
  readonly session: Session;
}

const scope = globalThis as unknown as WorkerScope;

let opening: Promise<Opened> | undefined;
let turn: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  switch (data.type) {
    case "open":
      opening = open(data.setup);
      turn = tell(opening.then((): Reply => ({ type: "ready" })));
      break;
    case "job": {
      const rows = opening!.then(({ source }) => read(source, data.job));
      rows.catch(() => {}); // Told in turn.
      turn = turn.then(macrotask).then(() => tell(compute(data.job, rows)));
      break;
    }
    case "close":
      turn = turn.then(close);
      break;
    default:
      data satisfies never;
  }
};

/** Lets messages in, so that the next job is read while this one is computed. */
function macrotask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

async function tell(reply: Promise<Reply>): Promise<void> {
  try {
    const message = await reply;
    scope.postMessage(message, message.type === "features" ? [message.features.buffer] : []);
  } catch (error) {
    scope.postMessage({ type: "error", error: recordError(error) }, []);
  }
}

async function open(setup: WorkerSetup): Promise<Opened> {
  const source = await openSplitSource(setup);
  const session = await Session.load(setup.model, { threads: setup.threads });
  return { setup, source, session };
}

async function read(source: Source, { start, count }: Job): Promise<Rows> {
  return await source.read(Int32Array.from({ length: count }, (_, i) => start + i));
}

async function compute(job: Job, reading: Promise<Rows>): Promise<Reply> {
  const { setup, session } = await opening!;
  const { features: data, skipped = [] } = await reading;
  const batch = job.count - skipped.length;
  if (batch === 0) return { type: "features", job, features: new Float32Array(), skipped };
  const shape = [batch, ...setup.sampleShape];
  const samples: Value = { dtype: "float32", shape, data };
  const { features } = await session.run({ samples });
  return { type: "features", job, features: features.data as Float32Array<ArrayBuffer>, skipped };
}

async function close(): Promise<void> {
  const opened = await opening?.catch(() => undefined);
  opened?.source.close();
  await opened?.session.release();
  scope.postMessage({ type: "closed" }, []);
}
