import { assertEquals } from "@std/assert";
import { planThreads } from "../../../engine/extract/thread_plan.ts";

const cores = navigator.hardwareConcurrency;

Deno.test("planThreads() gives each core a session as far as memory goes", () => {
  assertEquals(planThreads({ weights: 1000 }, null), { workers: cores, threads: 1 });
  assertEquals(planThreads({ weights: 2 ** 44 }, null), { workers: 1, threads: cores });
  assertEquals(planThreads({ weights: 1, reader: 2 ** 44 }, null), { workers: 1, threads: cores });
  assertEquals(planThreads({ weights: 1000 }, 1), { workers: 1, threads: cores });
});
