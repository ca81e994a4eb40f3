/** Ends requests on which nothing arrives. */
import { NetworkError } from "./client.ts";

/** Milliseconds in which something has to arrive. */
const STALL_TIME = 60_000;

/** Watches one request. */
export class Watch implements Disposable {
  /** Aborts with the outer signal, or with a {@linkcode NetworkError} when nothing has arrived. */
  readonly signal: AbortSignal;
  readonly #stuck = new AbortController();
  readonly #time: number;
  #timer: ReturnType<typeof setTimeout>;

  /**
   * @param time Milliseconds in which something has to arrive.
   * @param outer Stops the request, too.
   */
  constructor(time = STALL_TIME, outer?: AbortSignal) {
    this.#time = time;
    this.signal = AbortSignal.any(outer ? [outer, this.#stuck.signal] : [this.#stuck.signal]);
    this.#timer = this.#start();
  }

  /** Something has arrived. */
  touch(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#start();
  }

  /** The request is over. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #start(): ReturnType<typeof setTimeout> {
    const error = () => new NetworkError(`nothing has arrived for ${this.#time / 1000} seconds`);
    return setTimeout(() => this.#stuck.abort(error()), this.#time);
  }
}
