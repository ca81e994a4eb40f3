/**
 * The loader's worker: opens a source once, then answers requests for rows in the order in which
 * they came. Requests wait in its message queue, so it runs ahead while the main thread is busy.
 * @module
 */
import { BatchReader } from "./_batch_reader.ts";
import { recordError } from "../error_record.ts";
import type { Reply, Request } from "./_loader_protocol.ts";

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(message: Reply, transfer: Transferable[]): void;
}

const scope = globalThis as unknown as WorkerScope;

let opening: Promise<BatchReader> | undefined;
let turn: Promise<void> = Promise.resolve();

scope.onmessage = ({ data }) => {
  turn = turn.then(() => answer(data));
};

async function answer(request: Request): Promise<void> {
  switch (request.type) {
    case "open":
      opening = BatchReader.open(request.options);
      // Told to whoever reads; until then it must not count as unhandled.
      opening.catch(() => {});
      break;
    case "read":
      await answerRead(request);
      break;
    case "close":
      await answerClose();
      break;
    default:
      request satisfies never;
  }
}

async function answerRead({ id, job, cancelled }: Request & { type: "read" }): Promise<void> {
  if (Atomics.load(cancelled, 0)) {
    scope.postMessage({ type: "rows", id }, []);
    return;
  }
  try {
    const reader = await opening!;
    const rows = await reader.read(job);
    const transfer = [rows.features.buffer];
    if (rows.lengths) transfer.push(rows.lengths.buffer);
    scope.postMessage({ type: "rows", id, rows }, transfer);
  } catch (error) {
    scope.postMessage({ type: "error", id, error: recordError(error) }, []);
  }
}

async function answerClose(): Promise<void> {
  // A source that never opened has told why to its readers.
  const reader = await opening?.catch(() => undefined);
  try {
    reader?.close();
    scope.postMessage({ type: "closed" }, []);
  } catch (error) {
    scope.postMessage({ type: "closed", error: recordError(error) }, []);
  }
}
