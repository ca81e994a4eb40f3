/**
 * Threads that answer messages: web workers under Deno, `node:worker_threads` under Node.
 * @module
 */
import {
  parentPort,
  type Transferable as NodeTransferable,
  Worker as NodeWorker,
} from "node:worker_threads";
import { isDeno, moduleUrl } from "./host.ts";

/** What is heard of a thread. */
export interface ThreadEvents {
  /** A message from it has arrived. */
  message(data: unknown): void;
  /** It broke down, for this reason. */
  failed(reason: string): void;
}

/** A thread that was started. */
export interface Thread {
  /**
   * Sends it a message.
   * @param data The message.
   * @param transfer Memory that moves with it.
   * @throws {DOMException} if the message cannot be cloned.
   */
  post(data: unknown, transfer: Transferable[]): void;
  /** Ends it. Nothing is heard of it any more. */
  end(): void;
}

const UNREADABLE = "its message cannot be read";

/**
 * Starts a thread.
 * @param url Its module, as the sources call it.
 * @param name Its name, for debuggers.
 * @param events What is heard of it.
 */
export function startThread(url: URL, name: string, events: ThreadEvents): Thread {
  const start = isDeno ? startWebWorker : startNodeWorker;
  return start(moduleUrl(url), name, events);
}

function startWebWorker(url: URL, name: string, events: ThreadEvents): Thread {
  const worker = new Worker(url.href, { type: "module", name });
  worker.onmessage = ({ data }: MessageEvent) => events.message(data);
  worker.onmessageerror = () => events.failed(UNREADABLE);
  worker.onerror = (event) => {
    event.preventDefault();
    events.failed(event.message);
  };
  return {
    post: (data, transfer) => worker.postMessage(data, transfer),
    end: () => worker.terminate(),
  };
}

function startNodeWorker(url: URL, name: string, events: ThreadEvents): Thread {
  const worker = new NodeWorker(url, { name });
  worker.on("message", (data: unknown) => events.message(data));
  worker.on("messageerror", () => events.failed(UNREADABLE));
  worker.on("error", (error: unknown) => {
    events.failed(error instanceof Error ? error.message : String(error));
  });
  const ended = (code: number) => events.failed(`it ended with code ${code}`);
  worker.on("exit", ended);
  return {
    post: (data, transfer) => worker.postMessage(data, transfer as NodeTransferable[]),
    end() {
      worker.off("exit", ended);
      void worker.terminate();
    },
  };
}

/** The part of a web worker's global scope that is used here. */
interface WebScope {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(data: unknown, transfer: Transferable[]): void;
}

/** Sends a message, and memory that moves with it, to whoever started this thread. */
export type Reply = (data: unknown, transfer: Transferable[]) => void;

/**
 * Listens, on a thread that {@linkcode startThread} started, to whoever started it.
 * @param receive Gets the messages, in their order.
 * @returns What answers them.
 */
export function listen(receive: (data: unknown) => void): Reply {
  if (isDeno) {
    const scope = globalThis as unknown as WebScope;
    scope.onmessage = ({ data }) => receive(data);
    return (data, transfer) => scope.postMessage(data, transfer);
  }
  const port = parentPort!;
  port.on("message", receive);
  return (data, transfer) => port.postMessage(data, transfer as NodeTransferable[]);
}
