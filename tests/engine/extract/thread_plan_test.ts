import { assertEquals } from "@std/assert";
import { planReaders, planThreads } from "../../../engine/extract/thread_plan.ts";

const cores = navigator.hardwareConcurrency;

Deno.test("planThreads() gives each core a session as far as memory goes", () => {
  assertEquals(planThreads({ weights: 1000 }, null), { workers: cores, threads: 1 });
  assertEquals(planThreads({ weights: 2 ** 44 }, null), { workers: 1, threads: cores });
  assertEquals(planThreads({ weights: 1, reader: 2 ** 44 }, null), { workers: 1, threads: cores });
  assertEquals(planThreads({ weights: 1000 }, 1), { workers: 1, threads: cores });
});

Deno.test("planReaders() leaves a core to the thread that feeds a device", () => {
  const cores = navigator.hardwareConcurrency;
  assertEquals(planReaders(null), { workers: Math.max(1, cores - 1), threads: 1 });
  assertEquals(planReaders(4), { workers: 4, threads: 1 });
});
