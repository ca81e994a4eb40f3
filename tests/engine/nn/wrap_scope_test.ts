import { assertEquals, assertStrictEquals } from "@std/assert";
import { mul } from "../../../engine/ir/elementwise.ts";
import { ones, zeros } from "../../../engine/nn/initializers.ts";
import { frozen, type Layer, Parameters } from "../../../engine/nn/scope.ts";
import { namedLayer, wrapScope } from "../../../engine/nn/wrap_scope.ts";

const trained = (parameters: Parameters) =>
  parameters.list().map(({ name, trainable }) => [name, trainable]);

Deno.test("wrapScope() asks by the name within the wrapped scope what trains", () => {
  const parameters = new Parameters();
  const asked: string[] = [];
  const scope = wrapScope(parameters.scope().child("encoder.model"), {
    trains(name) {
      asked.push(name);
      return name.endsWith("bias");
    },
  });
  const place = scope.child("blocks.0");
  place.linear("fc", 2, 3);
  place.parameter("gamma", [2], zeros);
  assertEquals(place.path, "encoder.model.blocks.0");
  assertEquals(trained(parameters), [
    ["encoder.model.blocks.0.fc.weight", false],
    ["encoder.model.blocks.0.fc.bias", true],
    ["encoder.model.blocks.0.gamma", false],
  ]);
  assertEquals(asked.includes("blocks.0.fc.weight") && asked.includes("blocks.0.gamma"), true);
});

Deno.test("a place of wrapScope() trains where a weight or a bias of it would", () => {
  const scope = wrapScope(new Parameters().scope(), { trains: (name) => name === "a.bias" });
  assertEquals([scope.child("a").trainable, scope.child("b").trainable], [true, false]);
});

Deno.test("wrapScope() puts tensors of its own in the place of parameters, not of linear maps", () => {
  const parameters = new Parameters();
  const scope = wrapScope(parameters.scope(), {
    trains: () => false,
    parameter: ({ name, tensor, scope }) => mul(tensor, scope.parameter(`${name}_s`, [2], ones)),
  });
  assertEquals(scope.parameter("gamma", [2], zeros).node.op, "Mul");
  scope.linear("fc", 2, 2);
  assertEquals(trained(parameters), [
    ["gamma", false],
    ["gamma_s", true],
    ["fc.weight", false],
    ["fc.bias", false],
  ]);
});

Deno.test("wrapScope() says of a linear map what it is", () => {
  const parameters = new Parameters();
  const scope = wrapScope(parameters.scope(), {
    linear({ name, inputs, outputs, weight, bias, weightInitializer, base, scope }) {
      assertEquals([name, inputs, outputs, scope.path], ["a.fc", 2, 3, "a.fc"]);
      assertStrictEquals(weight, parameters.list()[0].tensor);
      assertEquals([bias, weightInitializer], [undefined, zeros]);
      return base;
    },
  });
  scope.child("a").linear("fc", 2, 3, { bias: false, weightInitializer: zeros });
  assertEquals(trained(parameters), [["a.fc.weight", true]]);
});

Deno.test("frozen() freezes a wrapped scope with what its hooks declare", () => {
  const parameters = new Parameters();
  const scope = frozen(wrapScope(parameters.scope(), {
    linear({ base, scope }) {
      scope.parameter("scale", [2], ones);
      return base;
    },
  }));
  assertEquals(scope.trainable, false);
  scope.linear("fc", 2, 2);
  assertEquals(trained(parameters), [["fc.weight", false], ["fc.bias", false], [
    "fc.scale",
    false,
  ]]);
});

Deno.test("wrapScope() replaces a part of several layers that namedLayer() tells of", () => {
  const [layer, other]: Layer[] = [(x) => x, (x) => mul(x, 2)];
  const scope = wrapScope(new Parameters().scope().child("encoder"), {
    layer({ name, width, base }) {
      assertEquals([name, width, base], ["blocks.0.mlp_branch", 8, layer]);
      return other;
    },
  });
  assertStrictEquals(namedLayer(scope.child("blocks.0"), "mlp_branch", 8, layer), other);
  const plain = wrapScope(new Parameters().scope(), {});
  assertStrictEquals(namedLayer(plain, "mlp_branch", 8, layer), layer);
});
