/**
 * Calls from a page to its worker and back: a call is a message with a number, and so is its answer.
 * @module
 */
import type { Computing, Listener, Services } from "./services.ts";

/** A call. */
interface Call {
  readonly id: number;
  readonly name: keyof Services;
  readonly values: readonly unknown[];
}

/** An answer, how far it is, or what computes. */
type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly progress: readonly [done: number, total: number] }
  | { readonly computing: Computing };

/** The end of a channel: a worker, or a worker's own side. */
interface Channel {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

/**
 * Asks a worker.
 * @param channel The worker.
 * @param listener Told what the worker says without being asked.
 * @returns The services, each of which throws what the worker has thrown, as `Error`.
 */
export function askWorker(channel: Channel, listener: Listener): Services {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  channel.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
    if ("progress" in data) return listener.onProgress(...data.progress);
    if ("computing" in data) return listener.onComputing(data.computing);
    const { resolve, reject } = waiting.get(data.id)!;
    waiting.delete(data.id);
    if ("error" in data) reject(new Error(data.error));
    else resolve(data.result);
  });
  let last = 0;
  const call = (name: keyof Services, values: readonly unknown[]) => {
    const answer = Promise.withResolvers<unknown>();
    const id = ++last;
    waiting.set(id, answer);
    channel.postMessage({ id, name, values } satisfies Call);
    return answer.promise;
  };
  return new Proxy({}, {
    get: (_, name) => (...values: unknown[]) => call(name as keyof Services, values),
  }) as Services;
}

/**
 * Answers a page, one call after the other.
 * @param channel The page.
 * @param make Makes the services; gets what tells the page how far loading is, and what computes.
 */
export function answerPage(channel: Channel, make: (page: Listener) => Services): void {
  const answer = (message: Answer) => channel.postMessage(message);
  const services = make({
    onProgress: (done, total) => answer({ progress: [done, total] }),
    onComputing: (computing) => answer({ computing }),
  });
  let before: Promise<void> = Promise.resolve();
  channel.addEventListener("message", ({ data }: MessageEvent<Call>) => {
    const { id, name, values } = data;
    const service = services[name] as (...values: readonly unknown[]) => Promise<unknown>;
    before = before.then(async () => {
      try {
        answer({ id, result: await service(...values) });
      } catch (error) {
        answer({ id, error: error instanceof Error ? error.message : String(error) });
      }
    });
  });
}
