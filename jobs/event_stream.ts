/**
 * Turns a function with an `onEvent` callback into an async iterator.
 * @module
 */

/** What the work is given. */
export interface StreamHooks<E> {
  /** Aborts when the reader has left, or the caller stops the work. */
  readonly signal: AbortSignal;
  /** Called with everything that happens. */
  readonly onEvent: (event: E) => void;
}

/**
 * Starts work and gives its events. When the reader leaves the loop, the work is stopped and waited
 * for.
 * @param start Starts the work.
 * @param outer Stops the work when it aborts.
 * @returns The events; when they end, what the work has come to.
 */
export async function* eventsOf<E, R>(
  start: (hooks: StreamHooks<E>) => Promise<R>,
  outer?: AbortSignal,
): AsyncGenerator<E, R, void> {
  const abort = new AbortController();
  const signal = AbortSignal.any([abort.signal, ...outer ? [outer] : []]);
  const waiting: E[] = [];
  let [ended, wake] = [false, () => {}];
  const onEvent = (event: E) => {
    waiting.push(event);
    wake();
  };
  const work = start({ signal, onEvent });
  const end = () => {
    ended = true;
    wake();
  };
  work.then(end, end);
  try {
    while (!ended || waiting.length > 0) {
      yield* waiting.splice(0);
      if (!ended && waiting.length === 0) await new Promise<void>((resolve) => wake = resolve);
    }
    return await work;
  } finally {
    abort.abort();
    await work.catch(() => {});
  }
}
