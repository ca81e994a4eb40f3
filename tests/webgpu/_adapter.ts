/**
 * Tests that need WebGPU. Each file of them runs in a process of its own, as two threads of a process
 * that use WebGPU at once end it. On machines without a GPU they run in software:
 * `deno task test:webgpu` says how.
 * @module
 */
import { input } from "../../engine/ir/create.ts";
import { add } from "../../engine/ir/elementwise.ts";
import { Session } from "../../engine/runtime/session.ts";
import { findAdapter, webGpuProblem } from "../../engine/runtime/webgpu.ts";
import { type Outcome, ranIn, recordTo, runFile } from "./_process.ts";

/** Environment variable that asks for these tests on a device in software. */
const IN_SOFTWARE = Deno.env.get("GLOVITA_TEST_WEBGPU") === "1";

/** Where this process writes what came of its tests; `undefined` in the one that started it. */
const record = recordTo();

/** What keeps the tests from running: Deno's look at the machine; the runtime is asked later. */
const missing = record === undefined && !IN_SOFTWARE ? await withoutGpu() : undefined;

async function withoutGpu(): Promise<string | undefined> {
  const adapter = await findAdapter();
  if (adapter === undefined) return "no GPU was found";
  return adapter.software ? `${adapter.name} computes in software` : undefined;
}

/**
 * Makes a session that stays: without one, each session would start the device anew, which takes
 * longer than most tests, and compile its programs again.
 * @returns What keeps WebGPU from running.
 */
async function holdDevice(): Promise<string | undefined> {
  const problem = await webGpuProblem(await findAdapter());
  if (problem !== undefined) return problem;
  await Session.create({ sum: add(input("x", "float32", [1]), 1) }, { device: "webgpu" });
}

/** What came of the tests of this file, once one of them was asked for. */
let outcomes: Promise<ReadonlyMap<string, Outcome>> | undefined;

/** A test on WebGPU, left out with a word where there is none. */
export function gpuTest(name: string, fn: () => Promise<void>): void {
  if (record !== undefined) {
    Deno.test(name, () => record(name, fn, holdDevice));
    return;
  }
  const label = missing === undefined ? name : `${name} (left out: ${missing})`;
  Deno.test({
    name: label,
    ignore: missing !== undefined,
    async fn(t) {
      outcomes ??= runFile(Deno.mainModule, IN_SOFTWARE);
      const outcome = ranIn(await outcomes, name);
      if (outcome.error !== undefined) throw new Error(outcome.error);
      if (outcome.missing === undefined) return;
      if (IN_SOFTWARE) throw new Error(outcome.missing);
      await t.step({ name: `left out: ${outcome.missing}`, ignore: true, fn: () => {} });
    },
  });
}

/** The largest difference, relative to the largest value. */
export function relativeError(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (found.length !== expected.length) return Infinity;
  let [difference, largest] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(found[i] - expected[i]));
    largest = Math.max(largest, Math.abs(expected[i]));
  }
  return difference === 0 ? 0 : difference / largest;
}
