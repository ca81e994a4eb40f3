/**
 * Tests that need WebGPU. On machines without a GPU they run in software: `deno task test:webgpu`
 * says how.
 * @module
 */
import { findAdapter, webGpuProblem } from "../../engine/runtime/webgpu.ts";

const problem = await webGpuProblem(await findAdapter());

/** What keeps WebGPU from running here; nothing where it runs. */
export const missing: string | undefined = problem?.split(/[;:]/, 1)[0];

/** A test on WebGPU, left out with a word where there is none. */
export function gpuTest(name: string, fn: () => Promise<void>): void {
  const label = missing === undefined ? name : `${name} (left out: ${missing})`;
  Deno.test({ name: label, ignore: missing !== undefined, fn });
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
