/** Timers that fire when a test says so, in place of the clock. */

/** Milliseconds that nothing else waits for. */
export const STALL_TIME = 123_456_789;

/** Takes over all timers of {@linkcode STALL_TIME}, until it is disposed of. */
export class StallTimers implements Disposable {
  readonly #set = globalThis.setTimeout;
  readonly #clear = globalThis.clearTimeout;
  readonly #pending = new Map<number, () => void>();
  #last = 0;

  constructor() {
    const set = (callback: (...args: unknown[]) => void, time?: number, ...rest: unknown[]) => {
      if (time !== STALL_TIME) return this.#set(() => callback(...rest), time);
      this.#pending.set(--this.#last, () => callback(...rest));
      return this.#last;
    };
    const clear = (id?: number) => void (this.#pending.delete(id!) || this.#clear(id));
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  }

  /** Lets the time of all that wait be over. */
  fire(): void {
    const callbacks = [...this.#pending.values()];
    this.#pending.clear();
    for (const callback of callbacks) callback();
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, { setTimeout: this.#set, clearTimeout: this.#clear });
  }
}
