import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ContractError } from "../../../engine/fault.ts";
import { input } from "../../../engine/ir/create.ts";
import type { DType, Shape } from "../../../engine/ir/types.ts";
import { modelGraph, predictionGraph } from "../../../engine/train/model.ts";
import {
  type ModelOutput,
  requireFloat,
  requireOutput,
} from "../../../engine/train/model_output.ts";
import { linearModel } from "./_linear.ts";

const tensor = (shape: Shape, dtype: DType = "float32") => input("x", dtype, shape);
const logits = tensor(["batch", 3]);

Deno.test("requireOutput() accepts what models announce", () => {
  const outputs: [ModelOutput, boolean][] = [
    [{ logits }, false],
    [{ logits: tensor(["bags", 3]) }, true],
    [{ logits, losses: { size: tensor([]) } }, false],
    [{ logits, attention: tensor([2, "instances"]) }, true],
    [{ logits, attention: tensor(["branches", "rows"]) }, true],
    [{ logits, attention: tensor([1, "batch"]) }, false],
  ];
  for (const [output, bags] of outputs) {
    assertStrictEquals(requireOutput(output, { numClasses: 3, bags }), output);
  }
});

Deno.test("requireOutput() says what it expected and what it received", () => {
  const outputs: [unknown, string][] = [
    [undefined, "an object with logits, received nothing"],
    [logits, "an object with logits, received a tensor"],
    [{}, "logits [batch, 3], received nothing"],
    [{ logits: [1, 2, 3] }, "logits [batch, 3], received an Array"],
    [{ logits: tensor(["batch", 4, 256]) }, "logits [batch, 3], received [batch, 4, 256]"],
    [{ logits: tensor(["batch", 2]) }, "logits [batch, 3], received [batch, 2]"],
    [{ logits: tensor(["batch", "n"]) }, "logits [batch, 3], received [batch, n]"],
    [{ logits: tensor([1, 3]) }, "logits [batch, 3], received [1, 3]"],
    [{ logits: tensor(["instances", 3]) }, "logits [batch, 3], received [instances, 3]"],
    [
      { logits: tensor(["batch", 3], "int64") },
      "logits float32 [batch, 3], received int64 [batch, 3]",
    ],
    [
      { logits, losses: { size: tensor(["batch"]) } },
      'loss "size" to be a scalar, received [batch]',
    ],
    [{ logits, losses: { size: tensor([1]) } }, 'loss "size" to be a scalar, received [1]'],
    [
      { logits, losses: { size: tensor([], "int64") } },
      'loss "size" to be a float32 scalar, received int64 []',
    ],
    [{ logits, losses: { size: 3 } }, 'loss "size" to be a scalar, received 3'],
    [
      { logits, losses: { task: tensor([]) } },
      'other names of losses, received "task", which is the name of the task\'s',
    ],
    [
      { logits, attention: tensor(["instances", 1]) },
      "attention [branches, instances], received [instances, 1]",
    ],
    [
      { logits, attention: tensor([1, "batch"]) },
      "attention [branches, instances], received [1, batch]",
    ],
    [
      { logits, attention: tensor([2, "instances"]), attentionPerClass: true },
      "attention [3, instances], received [2, instances]",
    ],
    [
      { logits, instanceScores: tensor(["instances", 2]) },
      "instance scores [instances, 3], received [instances, 2]",
    ],
  ];
  for (const [output, state] of outputs) {
    const require = () => requireOutput(output as ModelOutput, { numClasses: 3, bags: true });
    assertEquals(assertThrows(require, ContractError).message, `expected ${state}`);
  }
});

Deno.test("requireFloat() lets symbols stand for any size", () => {
  requireFloat(tensor(["batch", 7, 4]), { name: "tokens", shape: ["batch", "tokens", 4] });
  requireFloat(tensor(["batch", "n", 4]), { name: "tokens", shape: ["batch", "tokens", 4] });
  const wrong = () =>
    requireFloat(tensor(["batch", 4]), { name: "tokens", shape: ["batch", "tokens", 4] });
  assertThrows(wrong, ContractError, "expected tokens [batch, tokens, 4], received [batch, 4]");
});

Deno.test("modelGraph() and predictionGraph() refuse logits of another shape", () => {
  const model = { ...linearModel(), forward: () => ({ logits: tensor(["batch", 4, 256]) }) };
  const message = "expected logits [batch, 2], received [batch, 4, 256]";
  assertThrows(() => modelGraph(model, { training: true }), TypeError, message);
  assertThrows(() => modelGraph(model, { training: false }), TypeError, message);
  assertThrows(() => predictionGraph(model), TypeError, message);
});
