import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { PartError } from "../../../engine/errors.ts";
import { initialValues } from "../../../engine/nn/initial_values.ts";
import { type Initializer, normal, ones } from "../../../engine/nn/initializers.ts";
import { Parameters } from "../../../engine/nn/scope.ts";

function parameter(initializer: Initializer, part?: string) {
  const parameters = new Parameters();
  parameters.scope(part).child("head").parameter("w", [2, 3], initializer);
  return parameters.list()[0];
}

Deno.test("initialValues() draws from a stream of the parameter's own", () => {
  assertEquals([...initialValues(parameter(ones), 1)], [1, 1, 1, 1, 1, 1]);
  const values = initialValues(parameter(normal(1)), 1);
  assertEquals(initialValues(parameter(normal(1)), 1), values);
  assertNotEquals(initialValues(parameter(normal(1)), 2), values);
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
