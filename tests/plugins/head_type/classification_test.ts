import { assert, assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { Random } from "../../../engine/random.ts";
import { Parameters, type Scope } from "../../../engine/nn/scope.ts";
import { classification } from "../../../plugins/head_type/classification.ts";
import { runHead } from "./_heads.ts";

const task = { task: "Classification", subtask: "multiclass", numClasses: 3 } as const;
const head = (dropout: number) => (scope: Scope) =>
  classification.create({ dropout, init_std: null }, { ...task, scope, embedDim: 2 });

Deno.test("classification is one linear layer under GloViTa's names", async () => {
  const { parameters, output } = await runHead(head(0), [1, 2, 3, 4]);
  assertEquals(parameters.map(({ name, shape }) => [name, shape]), [
    ["head.fc.fc.weight", [3, 2]],
    ["head.fc.fc.bias", [3]],
  ]);
  assertEquals(output, [3, 3, 3, 7, 7, 7]);
});

Deno.test("classification drops features in training only", async () => {
  const ones = new Array<number>(400).fill(1);
  const { output: still } = await runHead(head(0.5), ones);
  assertEquals(new Set(still), new Set([2]));
  const { output: noisy } = await runHead(head(0.5), ones, true);
  // Kept features are doubled: a sum of two is 0, 2 or 4.
  assertEquals([...new Set(noisy)].sort(), [0, 2, 4]);
  const mean = noisy.reduce((a, b) => a + b) / noisy.length;
  assert(Math.abs(mean - 2) < 0.3, `${mean}`);
});

Deno.test("classification has a dropout rate from 0 to 1, and classes to predict", () => {
  assertEquals(v.parse(classification.config, {}), { dropout: 0, init_std: null });
  assertEquals(v.is(classification.config, { dropout: 1.1 }), false);
  const context = { scope: new Parameters().scope(), embedDim: 2, numClasses: 1 };
  assertThrows(
    () =>
      classification.create({ dropout: 0, init_std: null }, {
        ...context,
        task: "Regression",
        subtask: "regression",
      }),
    RangeError,
    "expected a head for Regression",
  );
});

Deno.test("classification starts from normal weights and zeros where init_std says so", () => {
  const parameters = new Parameters();
  const context = { ...task, scope: parameters.scope(), embedDim: 1000 };
  classification.create({ dropout: 0, init_std: 0.02 }, context);
  const [weight, bias] = [...parameters.list()].map(({ initializer, shape }) =>
    initializer(shape, new Random(0))
  );
  const deviation = Math.sqrt(weight.reduce((sum, value) => sum + value ** 2, 0) / weight.length);
  assert(Math.abs(deviation - 0.02) < 1e-3, `${deviation}`);
  assertEquals(new Set(bias), new Set([0]));
  assertEquals(v.is(classification.config, { init_std: -1 }), false);
});
