/**
 * Calls from a page to its worker and back: a call is a message with a number, and so is its answer.
 * @module
 */
import type { OnProgress, Services } from "./services.ts";

/** A call. */
interface Call {
  readonly id: number;
  readonly name: keyof Services;
  readonly values: readonly unknown[];
}

/** An answer, or how far it is. */
type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly progress: readonly [done: number, total: number] };

/** The end of a channel: a worker, or a worker's own side. */
interface Channel {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

/**
 * Asks a worker.
 * @param channel The worker.
 * @param onProgress Called while something large is loaded.
 * @returns The services, each of which throws what the worker has thrown, as `Error`.
 */
export function askWorker(channel: Channel, onProgress: OnProgress): Services {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  channel.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
    if ("progress" in data) return onProgress(...data.progress);
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
 * @param make Makes the services; gets what tells the page how far loading is.
 */
export function answerPage(channel: Channel, make: (onProgress: OnProgress) => Services): void {
  const answer = (message: Answer) => channel.postMessage(message);
  const services = make((done, total) => answer({ progress: [done, total] }));
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
