/**
 * Points of a study on threads of their own.
 * @module
 */
import { DataError } from "../engine/errors.ts";
import { firstLine } from "../engine/first_line.ts";
import type { PointOutcome } from "../jobs/study/run_point.ts";
import type { PointAnswer, PointRequest } from "./_study_messages.ts";

/** Trains points on threads. */
export const PointThread = {
  /**
   * Trains a point on a thread of its own.
   * @param request Which point.
   * @param signal Stops it between batches.
   * @returns What came of it.
   * @throws {DataError} if it failed, with the line that it is recorded with.
   */
  async run(request: PointRequest, signal: AbortSignal): Promise<PointOutcome> {
    const worker = new Worker(new URL("./_study_worker.ts", import.meta.url), { type: "module" });
    const { promise, resolve, reject } = Promise.withResolvers<PointAnswer>();
    const stop = () => worker.postMessage("stop");
    worker.onmessage = ({ data }: MessageEvent<PointAnswer>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new DataError(`Cannot train point ${request.index}: ${firstLine(event.message)}`));
    };
    signal.addEventListener("abort", stop);
    try {
      worker.postMessage(request);
      const answer = await promise;
      if ("outcome" in answer) return answer.outcome;
      if ("stopped" in answer) throw signal.reason;
      throw new DataError(answer.failed);
    } finally {
      signal.removeEventListener("abort", stop);
      worker.terminate();
    }
  },
};
