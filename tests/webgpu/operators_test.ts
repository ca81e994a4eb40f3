/** Every operator and its gradient on WebGPU, on the examples that the gradients are tested with. */
import { assertEquals } from "@std/assert";
import { gradients } from "../../engine/autodiff/backward.ts";
import { mul } from "../../engine/ir/elementwise.ts";
import { reachable } from "../../engine/ir/reachable.ts";
import { reduceSum } from "../../engine/ir/matrix.ts";
import type { AnyNode, Tensor } from "../../engine/ir/node.ts";
import { Session, type Value } from "../../engine/runtime/session.ts";
import type { Device } from "../../engine/runtime/session_options.ts";
import type { Case } from "../engine/autodiff/_case.ts";
import { cases } from "../engine/autodiff/_cases.ts";
import { feedsOf, inputsOf } from "../engine/_run.ts";
import { gpuTest, relativeError } from "./_adapter.ts";

/** Largest difference of a value or a gradient, relative to its largest entry. */
const TOLERANCE = 5e-5;
/** The same of operators that WebGPU leaves to the device, to an absolute precision only. */
const LOOSE: Readonly<Record<string, number>> = { Sin: 1e-3, Cos: 1e-3 };

/** What the provider computes wrongly, by operator: the check of the first batch is there for it. */
const KNOWN_WRONG: Readonly<Record<string, readonly string[]>> = {
  // Groups of one output channel and several input channels.
  Conv: ['[1,2,5,5] [4,1,3,3] {"groups":2,"stride":2}, gradient 0'],
  ConvTranspose: ["value", "gradient 0", "gradient 1"].map((what) =>
    `[1,4,2,3] [4,1,2,2] {"stride":2,"groups":2,"dilation":2} ["batch",4,2,3], ${what}`
  ),
};

/** Operators whose plain sums are taken: the runtime refuses products of some of these shapes. */
const PLAIN: ReadonlySet<string> = new Set(["MaxPool", "AveragePool"]);

interface Graph {
  readonly outputs: Record<string, Tensor>;
  readonly feeds: Record<string, Value>;
}

/** The value of an example, and the gradients of the sum of its cubes: some plain sums are constant. */
function graphOf(op: string, { of, at }: Case): Graph {
  const inputs = inputsOf(at);
  const value = of(...inputs);
  const wrt = inputs.filter((_, i) => (at[i].dtype ?? "float32") === "float32" && !at[i].frozen);
  const summed = PLAIN.has(op) ? value : mul(value, mul(value, value));
  const found = gradients(reduceSum(summed), wrt).map((gradient, i) =>
    [`gradient ${i}`, gradient] as const
  );
  return { outputs: { value, ...Object.fromEntries(found) }, feeds: feedsOf(at) };
}

function hasFloat16({ op, attributes }: AnyNode): boolean {
  return op === "Cast" && attributes.to.endsWith("float16");
}

const numbersOf = ({ data }: Value) => Array.from(data, Number);

async function runOn(device: Device, { outputs, feeds }: Graph): Promise<Record<string, Value>> {
  const session = await Session.create(outputs, { device, threads: 1 });
  const results = await session.run(feeds);
  await session.release();
  return results;
}

for (const [op, examples] of Object.entries(cases)) {
  if (examples === "no gradient") continue;
  gpuTest(`${op} and its gradient are right on WebGPU`, async () => {
    const wrong: string[] = [];
    for (const example of examples) {
      const graph = graphOf(op, example);
      // Few devices compute with float16.
      if (reachable(Object.values(graph.outputs)).some(hasFloat16)) continue;
      const expected = await runOn("cpu", graph);
      const found = await runOn("webgpu", graph);
      for (const name of Object.keys(expected)) {
        const error = relativeError(numbersOf(found[name]), numbersOf(expected[name]));
        if (!(error <= (LOOSE[op] ?? TOLERANCE))) wrong.push(`${example.name}, ${name}`);
      }
    }
    assertEquals(wrong, [...KNOWN_WRONG[op] ?? []]);
  });
}
