/**
 * Ends a process whose main thread is too busy to hear of signals: while it loads a model or
 * computes, no listener of its own runs.
 * @module
 */
import { Worker } from "node:worker_threads";

/** Milliseconds in which the main thread may end the process itself, with its exit code. */
const GRACE_MS = 1000;

/** What the watchdog's thread does: it counts, and kills after the second signal. */
function watch(signals: readonly Deno.Signal[], graceMs: number): void {
  let heard = 0;
  // Listeners alone do not keep a thread from ending.
  setInterval(() => {}, 2 ** 30);
  for (const signal of signals) {
    Deno.addSignalListener(signal, () => {
      if (++heard === 2) setTimeout(() => Deno.kill(Deno.pid, "SIGKILL"), graceMs);
    });
  }
}

/**
 * Watches for signals on a thread of its own.
 * @param signals What ends the process when it comes twice.
 * @returns A function that ends the watch.
 */
export function startWatchdog(signals: readonly Deno.Signal[]): () => void {
  const code = `(${watch})(${JSON.stringify(signals)}, ${GRACE_MS})`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  worker.unref();
  return () => void worker.terminate();
}
