import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { Parameters, type Scope } from "../../../engine/nn/scope.ts";
import { regression } from "../../../plugins/head_type/regression.ts";
import { runHead } from "./_heads.ts";

const task = { task: "Regression", subtask: "regression", numClasses: 2 } as const;
const head = (dropout: number) => (scope: Scope) =>
  regression.create({ dropout, out_dim: 2 }, { ...task, scope, embedDim: 2 });

Deno.test("regression is one linear layer under GloViTa's names", async () => {
  const { parameters, output } = await runHead(head(0), [1, 2, 3, 4]);
  assertEquals(parameters.map(({ name, shape }) => [name, shape]), [
    ["head.net.1.weight", [2, 2]],
    ["head.net.1.bias", [2]],
  ]);
  assertEquals(output, [3, 3, 7, 7]);
});

Deno.test("regression drops features in training only", async () => {
  const ones = new Array<number>(100).fill(1);
  assertEquals(new Set((await runHead(head(0.5), ones)).output), new Set([2]));
  assertEquals([...new Set((await runHead(head(0.5), ones, true)).output)].sort(), [0, 2, 4]);
});

Deno.test("regression wants as many outputs as there are targets, and real targets", () => {
  assertEquals(v.parse(regression.config, {}), { dropout: 0, out_dim: 1 });
  const context = { scope: new Parameters().scope(), embedDim: 2, numClasses: 2 };
  assertThrows(
    () => regression.create({ dropout: 0, out_dim: 1 }, { ...task, ...context }),
    RangeError,
    "expected out_dim 2 as data.num_classes, received 1",
  );
  const classes = { task: "Classification", subtask: "multiclass" } as const;
  assertThrows(
    () => regression.create({ dropout: 0, out_dim: 2 }, { ...classes, ...context }),
    RangeError,
    "expected a head for Classification",
  );
});
