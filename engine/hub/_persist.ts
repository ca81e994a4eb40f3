/** Trying again after failures of the network. */
import { setTimeout as sleep } from "node:timers/promises";
import { NetworkError } from "./client.ts";

/** Attempts in a row that bring nothing before all is given up. */
const ATTEMPTS = 4;

interface Persistence {
  /** How far the attempts have come; going further counts as success. */
  readonly position?: () => number;
  /** Milliseconds before the second attempt; doubled after each further one that brings nothing. */
  readonly delay?: number;
  /** Ends the attempts. */
  readonly signal?: AbortSignal;
}

/**
 * Repeats an attempt while it fails by the network.
 * @throws {NetworkError} the last one, when several in a row brought nothing.
 */
export async function persist<T>(
  attempt: () => Promise<T>,
  { position = () => 0, delay = 1000, signal }: Persistence,
): Promise<T> {
  let best = position();
  let fruitless = 0;
  while (true) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof NetworkError)) throw error;
      fruitless = position() > best ? 0 : fruitless + 1;
      best = Math.max(best, position());
      if (fruitless === ATTEMPTS) throw error;
    }
    await sleep(delay * 2 ** (fruitless - 1), undefined, { signal }).catch(() => {});
    signal?.throwIfAborted();
  }
}
