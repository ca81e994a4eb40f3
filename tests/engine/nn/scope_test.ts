import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { scalar } from "../../../engine/ir/create.ts";
import { zeros } from "../../../engine/nn/initializers.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { frozen, linear, Parameters, type Scope } from "../../../engine/nn/scope.ts";
import { Random } from "../../../engine/random.ts";
import { relativeError } from "../../_golden.ts";
import { evaluateOn, inputsOf, sample } from "../_run.ts";

const context = { training: true, random: new RandomStream(scalar(0, "uint32")) };

Deno.test("Scope names parameters by their place", () => {
  const parameters = new Parameters();
  const root = parameters.scope();
  assertEquals(root.path, "");
  const block = root.child("model.blocks.0");
  assertEquals(block.child("attn").path, "model.blocks.0.attn");
  block.child("attn").parameter("scale", [2], zeros);
  block.linear("fc1", 3, 4);
  root.linear("head", 4, 2, { bias: false });
  assertEquals(parameters.list().map(({ name, shape }) => [name, shape]), [
    ["model.blocks.0.attn.scale", [2]],
    ["model.blocks.0.fc1.weight", [4, 3]],
    ["model.blocks.0.fc1.bias", [4]],
    ["head.weight", [2, 4]],
  ]);
});

Deno.test("Scope.parameter() gives the graph input of that name", () => {
  const parameters = new Parameters();
  const tensor = parameters.scope().child("a").parameter("b", [2, 3], zeros);
  assertStrictEquals(parameters.list()[0].tensor, tensor);
  assertEquals(tensor.node.attributes, { name: "a.b", dtype: "float32", shape: [2, 3] });
});

Deno.test("Scope.parameter() throws if the shape is not one of sizes", () => {
  const { width } = {} as { width: number };
  assertThrows(
    () => new Parameters().scope().child("head").linear("fc", width, 2),
    TypeError,
    'Cannot declare parameter "head.fc.weight": its shape is [2, undefined], expected whole numbers',
  );
});

Deno.test("Parameters.scope() tells which part declares parameters in it", () => {
  const parameters = new Parameters();
  frozen(parameters.scope("head").child("a")).linear("fc", 1, 1);
  parameters.scope().parameter("b", [1], zeros);
  assertEquals(parameters.list().map(({ tensor }) => tensor.node.part), [
    "head",
    "head",
    undefined,
  ]);
});

Deno.test("Scope.parameter() throws if the name is taken", () => {
  const scope = new Parameters().scope();
  scope.child("a").parameter("b", [1], zeros);
  const message = 'Cannot declare parameter "a.b": the name is taken';
  assertThrows(() => scope.parameter("a.b", [1], zeros), TypeError, message);
});

Deno.test("frozen() applies to everything below, and to nothing else", () => {
  const parameters = new Parameters();
  const root = parameters.scope();
  const body = frozen(root.child("body"));
  body.child("deep").linear("fc", 2, 2);
  root.child("body").parameter("trains", [1], zeros);
  assertEquals(parameters.list().map(({ name, trainable }) => [name, trainable]), [
    ["body.deep.fc.weight", false],
    ["body.deep.fc.bias", false],
    ["body.trains", true],
  ]);
});

Deno.test("frozen() throws on a scope that cannot be frozen", () => {
  const other: Scope = { ...new Parameters().scope(), path: "x" } as Scope;
  const message = 'Cannot freeze scope "x": it has no method frozen()';
  assertThrows(() => frozen(other), TypeError, message);
});

Deno.test("Scope.linear() draws weight and bias as torch.nn.Linear", () => {
  const parameters = new Parameters();
  parameters.scope().linear("fc", 25, 400);
  for (const { shape, initializer } of parameters.list()) {
    const values = initializer(shape, new Random(1));
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    assert(largest <= 0.2 && largest > 0.195, `${largest}`); // 1/√25
  }
});

/** `x Wᵀ + b` in float64. */
function reference(
  x: readonly number[],
  weight: readonly number[],
  bias: readonly number[],
): number[] {
  const inputs = weight.length / bias.length;
  const rows = x.length / inputs;
  return Array.from({ length: rows }, (_, row) =>
    bias.map((start, output) => {
      let sum = start;
      for (let i = 0; i < inputs; i++) {
        sum += x[row * inputs + i] * weight[output * inputs + i];
      }
      return sum;
    })).flat();
}

Deno.test("linear() maps the last axis at every rank", async (test) => {
  const [weight, bias] = [sample([2, 3], { seed: 2 }), sample([2], { seed: 3 })];
  const points = [
    sample([3]),
    sample([4, 3]),
    sample([2, 4, 3]),
    sample([2, 1, 4, 3]),
    sample([4, 3], { declared: ["batch", 3] }),
    sample([2, 4, 3], { declared: ["batch", 4, 3] }),
    sample([2, 4, 3], { declared: ["batch", "tokens", 3] }),
    sample([1, 2, 4, 3], { declared: ["batch", "heads", "tokens", 3] }),
  ];
  for (const point of points) {
    await test.step(`[${point.declared ?? point.shape}]`, async () => {
      const { shape, values } = await evaluateOn(linear, point, weight, bias);
      assertEquals(shape, [...point.shape.slice(0, -1), 2]);
      const expected = reference(point.values, weight.values, bias.values);
      assert(relativeError(values, expected) <= 1e-6);
      const declared = linear(...inputsOf([point, weight, bias]) as Parameters3).shape;
      assertEquals(declared, [...(point.declared ?? point.shape).slice(0, -1), 2]);
    });
  }
});

type Parameters3 = [ReturnType<typeof scalar>, ReturnType<typeof scalar>];

Deno.test("Scope.linear() is linear() of its parameters", async () => {
  const parameters = new Parameters();
  const layer = parameters.scope().linear("fc", 3, 2, { bias: false });
  const [x, weight] = [sample([4, 3]), sample([2, 3], { seed: 2 })];
  const { values } = await evaluateOn((x, w) => linear(x, w), x, weight);
  assert(relativeError(values, reference(x.values, weight.values, [0, 0])) <= 1e-6);
  const [input] = inputsOf([x]);
  const y = layer(input, context);
  assertEquals([y.node.op, y.node.inputs.length, y.shape], ["Gemm", 2, [4, 2]]);
});
