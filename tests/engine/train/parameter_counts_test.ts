import { assertEquals } from "@std/assert";
import { ones } from "../../../engine/nn/initializers.ts";
import { frozen, Parameters } from "../../../engine/nn/scope.ts";
import { countParameters } from "../../../engine/train/parameter_counts.ts";

Deno.test("countParameters() counts entries that train, without statistics", () => {
  const parameters = new Parameters();
  const scope = parameters.scope();
  frozen(scope).parameter("encoder.a", [3, 2], ones);
  scope.parameter("encoder.b", [2, 2], ones);
  frozen(scope).parameter("encoder.bn.running_mean", [7], ones);
  frozen(scope).parameter("encoder.bn.running_var", [7], ones);
  scope.parameter("head.fc", [5], ones);
  const masks = new Map([["encoder.b", Uint8Array.of(1, 0, 1, 1)]]);
  const groupOf = (name: string) => name.split(".")[0];
  assertEquals(countParameters(parameters.list(), groupOf, masks), [
    { group: "encoder", trainable: 3, total: 10 },
    { group: "head", trainable: 5, total: 5 },
  ]);
  assertEquals(countParameters(parameters.list(), groupOf)[0].trainable, 4);
});
