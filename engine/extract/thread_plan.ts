/**
 * How many threads an extractor has.
 * @module
 */
import { freemem } from "node:os";

/** Threads of an extractor. */
export interface ThreadPlan {
  /** Threads that read and compute. */
  readonly workers: number;
  /** Threads within an operator, for each of them. */
  readonly threads: number;
}

/** About how many bytes an encoder takes. */
export interface EncoderBytes {
  /** Bytes of its weights. */
  readonly weights: number;
  /** Bytes that each thread that reads holds for it. @default {0} */
  readonly reader?: number;
}

/**
 * Decides how many threads work: one per core with a session each is fastest, as far as the weights
 * of all of them fit into memory.
 * @param bytes How large the encoder is.
 * @param wanted Threads that are asked for; `null` decides.
 *
 * @example What is asked for
 * ```ts
 * import { planThreads } from "./thread_plan.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { workers, threads } = planThreads({ weights: 1e6 }, 1);
 * assertEquals([workers, threads], [1, navigator.hardwareConcurrency]);
 * ```
 */
export function planThreads(
  { weights, reader = 0 }: EncoderBytes,
  wanted: number | null,
): ThreadPlan {
  const cores = navigator.hardwareConcurrency;
  if (wanted !== null) return { workers: wanted, threads: Math.max(1, Math.floor(cores / wanted)) };
  // Each packs the weights for itself; activations come on top.
  const each = 1.2 * weights + reader + 300e6;
  const fitting = Math.floor(0.6 * freemem() / each);
  const workers = Math.max(1, Math.min(cores, fitting));
  return { workers, threads: Math.max(1, Math.floor(cores / workers)) };
}

/**
 * Decides how many threads read where a device computes: all cores but that of the thread that feeds
 * the device.
 * @param wanted Threads that are asked for; `null` decides.
 */
export function planReaders(wanted: number | null): ThreadPlan {
  return { workers: wanted ?? Math.max(1, navigator.hardwareConcurrency - 1), threads: 1 };
}
