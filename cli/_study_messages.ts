/**
 * What is said between the command of studies and the threads that train their points.
 * @module
 */
import type { PointOutcome } from "../jobs/study/run_point.ts";

/** Which point a thread trains. */
export interface PointRequest {
  /** File of the study. */
  readonly file: string;
  /** Number of the point, counted from 1. */
  readonly index: number;
  /** Specifiers of the third-party plugin modules. */
  readonly plugins: readonly string[];
}

/** What a thread answers. */
export type PointAnswer =
  | { readonly outcome: PointOutcome }
  | { readonly failed: string }
  | { readonly stopped: true };
