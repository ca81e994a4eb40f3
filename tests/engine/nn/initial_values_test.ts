import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { PartError } from "../../../engine/errors.ts";
import { initialValues } from "../../../engine/nn/initial_values.ts";
import { type Initializer, normal, ones, startFrom } from "../../../engine/nn/initializers.ts";
import { mul } from "../../../engine/ir/elementwise.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { Random } from "../../../engine/random.ts";
import { Parameters } from "../../../engine/nn/scope.ts";

function parameter(initializer: Initializer, part?: string) {
  const parameters = new Parameters();
  parameters.scope(part).child("head").parameter("w", [2, 3], initializer);
  return parameters.list();
}

const valuesOf = (parameters: ReturnType<typeof parameter>, seed: number) =>
  initialValues(parameters, seed).get("head.w")!;

Deno.test("initialValues() draws from a stream of the parameter's own", () => {
  assertEquals([...valuesOf(parameter(ones), 1)], [1, 1, 1, 1, 1, 1]);
  const values = valuesOf(parameter(normal(1)), 1);
  assertEquals(valuesOf(parameter(normal(1)), 1), values);
  assertNotEquals(valuesOf(parameter(normal(1)), 2), values);
});

Deno.test("initialValues() refuses anything but one number for each entry", () => {
  const wrong: [unknown, string][] = [
    [new Float32Array(5), "5 numbers"],
    [[1, 2, 3, 4, 5, 6], "an Array"],
    [undefined, "nothing"],
  ];
  for (const [value, found] of wrong) {
    const made = parameter(() => value as Float32Array<ArrayBuffer>, 'head_type "mine"');
    const error = assertThrows(() => initialValues(made, 1), PartError);
    assertEquals(
      error.message,
      'Cannot use head_type "mine": it is broken: Cannot start parameter "head.w": its ' +
        `initializer gives ${found}, expected a Float32Array for [2, 3]`,
    );
  }
  const nobodys = parameter(() => new Float32Array(5));
  assertThrows(() => initialValues(nobodys, 1), TypeError, 'Cannot start parameter "head.w"');
});

/** A weight, and its double, which is declared before it. */
function weightAndDouble(factor = 2) {
  const scope = new Parameters();
  const [head, encoder] = ["head", "encoder"].map((name) => scope.scope().child(name));
  const weight = encoder.parameter("w", [2], ones);
  const double = startFrom([weight], ([values]) => values.map((value) => factor * value));
  head.parameter("w", [2], double);
  return scope.list().toReversed();
}

Deno.test("initialValues() computes values from those of others, drawn or given", () => {
  const drawn = initialValues(weightAndDouble(), 1);
  assertEquals([...drawn].map(([name, values]) => [name, [...values]]), [
    ["head.w", [2, 2]],
    ["encoder.w", [1, 1]],
  ]);
  const given = Float32Array.of(3, 4);
  const loaded = initialValues(weightAndDouble(), 1, new Map([["encoder.w", given]]));
  assertEquals([...loaded.get("head.w")!], [6, 8]);
  loaded.get("encoder.w")!.fill(0);
  assertEquals([...given], [3, 4]);
});

Deno.test("initialValues() refuses circles, results of operators, and what does not fit", () => {
  const scope = new Parameters();
  const w: Tensor = scope.scope().parameter("w", [2], (...args) => startFrom([w], same)(...args));
  const same = ([values]: readonly Float32Array<ArrayBuffer>[]) => values;
  const itself = 'Cannot start parameter "w": its initial values depend on itself';
  assertThrows(() => initialValues(scope.list(), 1), TypeError, itself);
  const other = parameter(startFrom([mul(w, 2)], same));
  const result = "Cannot start from the result of Mul: it is not a parameter of the model";
  assertThrows(() => initialValues(other, 1), TypeError, result);
  const foreign = 'Cannot start from "w": it is not a parameter of the model';
  assertThrows(() => initialValues(parameter(startFrom([w], same)), 1), TypeError, foreign);
  const given = (name: string, size: number) => new Map([[name, new Float32Array(size)]]);
  const unknown = 'Cannot find parameter "x"';
  assertThrows(() => initialValues(parameter(ones), 1, given("x", 6)), TypeError, unknown);
  const short = 'Cannot start parameter "head.w" from 5 numbers: its shape is [2, 3]';
  assertThrows(() => initialValues(parameter(ones), 1, given("head.w", 5)), TypeError, short);
  const alone = "Cannot start from other parameters: their values are not known here";
  assertThrows(() => startFrom([w], same)([2], new Random(1)), TypeError, alone);
});
