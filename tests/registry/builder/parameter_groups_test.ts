import { assertEquals, assertStrictEquals } from "@std/assert";
import { ones } from "../../../engine/nn/initializers.ts";
import { frozen, type Layer, Parameters } from "../../../engine/nn/scope.ts";
import { namedLayer, wrapScope } from "../../../engine/nn/wrap_scope.ts";
import { groupOf, notedScope } from "../../../registry/builder/parameter_groups.ts";

Deno.test("notedScope() notes what is asked for, not what a method adds", () => {
  const parameters = new Parameters();
  const names = new Set<string>();
  const inner = parameters.scope().child("encoder.model");
  const scope = notedScope(
    wrapScope(inner, {
      trains: () => false,
      linear({ base, scope }) {
        scope.parameter("scale", [1], ones);
        return base;
      },
    }),
    names,
  );
  scope.child("blocks.0").linear("fc", 2, 2, { bias: false });
  frozen(scope).parameter("cls_token", [1], ones);
  inner.parameter("prompts", [1], ones);
  const own = { encoder: names, head: new Set<string>() };
  assertEquals(parameters.list().map(({ name }) => [name, groupOf(name, own)]), [
    ["encoder.model.blocks.0.fc.weight", "encoder"],
    ["encoder.model.blocks.0.fc.scale", "peft"],
    ["encoder.model.cls_token", "encoder"],
    ["encoder.model.prompts", "peft"],
  ]);
  assertEquals(groupOf("head.fc", { encoder: names, head: new Set(["head.fc"]) }), "head");
});

Deno.test("notedScope() has the members that its scope has", () => {
  const plain = notedScope(new Parameters().scope(), new Set());
  assertEquals(["layer" in plain, "frozen" in plain, plain.trainable], [false, true, true]);
  const [base, other]: Layer[] = [(x) => x, (x) => x];
  const wrapped = wrapScope(new Parameters().scope(), { layer: () => other });
  assertStrictEquals(namedLayer(notedScope(wrapped, new Set()), "blocks.0", 2, base), other);
});
