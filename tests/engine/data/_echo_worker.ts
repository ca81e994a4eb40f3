/** A worker for the tests of the conversation with workers. */
import { DataError } from "../../../engine/errors.ts";
import { serve } from "../../../engine/data/worker_channel.ts";

/** What the worker is started with. */
export interface EchoSetup {
  /** How starting or closing fails. */
  readonly fails?: "start" | "close";
  /** Counts on shared memory: questions that arrived, and workers that closed. */
  readonly counts: Int32Array;
}

/** What it can be asked. */
export type EchoTopics = {
  /** The same values, twice as large; negative ones are refused. */
  readonly double: readonly [Float32Array<ArrayBuffer>, Float32Array<ArrayBuffer>];
  /** Waits until so many questions have arrived, while it is being answered. */
  readonly arrived: readonly [number, undefined];
  /** The next question, without waiting for those before. */
  readonly hurry: readonly [number, number];
  /** Breaks the worker down. */
  readonly crash: readonly [string, never];
};

serve<EchoTopics, EchoSetup, EchoSetup>({
  start(setup) {
    if (setup.fails === "start") throw new RangeError("no such thing");
    return Promise.resolve(setup);
  },
  answer: {
    async double(values, { counts }, before) {
      Atomics.add(counts, 0, 1);
      await before;
      if (values.some((value) => value < 0)) {
        throw new DataError("Cannot double it: it is negative", { file: "a.h5", index: 3 });
      }
      const answer = values.map((value) => 2 * value);
      return { answer, transfer: [answer.buffer] };
    },
    async arrived(count, { counts }, before) {
      Atomics.add(counts, 0, 1);
      await before;
      while (Atomics.load(counts, 0) < count) await new Promise((resolve) => setTimeout(resolve));
      return { answer: undefined };
    },
    hurry(number) {
      return Promise.resolve({ answer: number });
    },
    crash(message) {
      setTimeout(() => {
        throw new Error(message);
      });
      return new Promise(() => {});
    },
  },
  close({ fails, counts }) {
    Atomics.add(counts, 1, 1);
    return fails === "close" ? Promise.reject(new RangeError("still busy")) : Promise.resolve();
  },
});
