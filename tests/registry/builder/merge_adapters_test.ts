import { assertEquals, assertRejects } from "@std/assert";
import { add, mul, sub } from "../../../engine/ir/elementwise.ts";
import { reduceMean } from "../../../engine/ir/matrix.ts";
import { initialValues } from "../../../engine/nn/initial_values.ts";
import { constantInitializer, ones } from "../../../engine/nn/initializers.ts";
import { emptyRecord, recordScope } from "../../../engine/nn/recorded_scope.ts";
import { Parameters, type Scope } from "../../../engine/nn/scope.ts";
import { namedLayer, type ScopeHooks, wrapScope } from "../../../engine/nn/wrap_scope.ts";
import { mergeAdapters } from "../../../registry/builder/merge_adapters.ts";
import { ConfigError } from "../../../registry/errors.ts";

/** A linear map of two numbers to one, without bias where not wanted, a norm and a part. */
async function merge(hooks: ScopeHooks, bias = true) {
  const declare = (scope: Scope) => {
    scope.child("norm").parameter("weight", [1], constantInitializer(5));
    scope.linear("fc", 2, 1, { bias, weightInitializer: ones, biasInitializer: ones });
    namedLayer(scope, "part", 2, (x) => mul(x, 2));
  };
  const [plain, parameters] = [new Parameters(), new Parameters()];
  declare(plain.scope());
  const record = emptyRecord();
  declare(recordScope(wrapScope(parameters.scope(), hooks), record));
  const merged = await mergeAdapters({
    method: "mine",
    record,
    parameters: parameters.list(),
    values: initialValues(parameters.list(), 0),
    plain: plain.list(),
  });
  const numbers = [...merged.values].map(([name, found]) => [name, [...found]]);
  return { layers: merged.layers, values: Object.fromEntries(numbers) };
}

const PLAIN = { "norm.weight": [5], "fc.weight": [1, 1], "fc.bias": [1] };

Deno.test("mergeAdapters() leaves weights alone that nobody has changed", async () => {
  assertEquals(await merge({}), { layers: 0, values: PLAIN });
  assertEquals(await merge({ linear: ({ base }) => base }), { layers: 0, values: PLAIN });
});

Deno.test("mergeAdapters() computes the weight and the bias of what stands in a map's place", async () => {
  const twice = await merge({ linear: ({ base }) => (x, context) => mul(base(x, context), 2) });
  assertEquals(twice, { layers: 1, values: { ...PLAIN, "fc.weight": [2, 2], "fc.bias": [2] } });
  const adapter: ScopeHooks["linear"] = ({ base, scope }) => {
    const scale = scope.parameter("scale", [2], constantInitializer(3));
    return (x, context) => add(base(mul(x, scale), context), 0.5);
  };
  assertEquals(await merge({ linear: adapter }), {
    layers: 1,
    values: { ...PLAIN, "fc.weight": [3, 3], "fc.bias": [1.5] },
  });
});

Deno.test("mergeAdapters() computes parameters that layers get otherwise", async () => {
  const { layers, values } = await merge({ parameter: ({ tensor }) => sub(tensor, 1) });
  assertEquals([layers, values["norm.weight"]], [1, [4]]);
});

Deno.test("mergeAdapters() refuses what is not part of a weight", async () => {
  const refused: readonly [ScopeHooks, string][] = [
    [
      { linear: ({ base }) => (x, context) => mul(base(x, context), base(x, context)) },
      '"fc" is not a linear map',
    ],
    [
      {
        linear: ({ base }) => (x, context) =>
          base(sub(x, reduceMean(x, { axes: [1], keepdims: true })), context),
      },
      '"fc" does not map rows one by one',
    ],
    [
      { layer: ({ base }) => (x, context) => mul(base(x, context), 2) },
      '"part" is made of several layers',
    ],
    [
      {
        linear: ({ base, scope }) => {
          scope.parameter("prompt", [1], ones);
          return base;
        },
      },
      '"fc.prompt" acts elsewhere',
    ],
  ];
  for (const [hooks, state] of refused) {
    const { message } = await assertRejects(() => merge(hooks), ConfigError);
    const expected = `peft.method: cannot merge the adapters of "mine" into weights: ${state}`;
    assertEquals(message, expected);
  }
  const shifted: ScopeHooks = { linear: ({ base }) => (x, context) => add(base(x, context), 1) };
  await assertRejects(() => merge(shifted, false), ConfigError, '"fc" has no bias');
});
