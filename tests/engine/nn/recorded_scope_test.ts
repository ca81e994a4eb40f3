import { assertEquals, assertStrictEquals } from "@std/assert";
import { scalar } from "../../../engine/ir/create.ts";
import { mul } from "../../../engine/ir/elementwise.ts";
import { ones } from "../../../engine/nn/initializers.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { emptyRecord, recordScope } from "../../../engine/nn/recorded_scope.ts";
import { frozen, type Layer, Parameters, type Scope } from "../../../engine/nn/scope.ts";
import { namedLayer, wrapScope } from "../../../engine/nn/wrap_scope.ts";

const context = { training: false, random: new RandomStream(scalar(0, "uint32")) };
const base: Layer = (x) => mul(x, 2);

/** Asks a scope for one of everything. */
function ask(scope: Scope) {
  const record = emptyRecord();
  const place = recordScope(scope, record).child("block");
  const tensor = frozen(place).parameter("norm", [2], ones);
  const layer = place.linear("fc", 2, 3);
  const part = namedLayer(place, "mlp", 2, base);
  return { record, place, tensor, layer, part };
}

Deno.test("recordScope() gives what a scope gives, and notes it", () => {
  const parameters = new Parameters();
  const { record, tensor, layer, place } = ask(parameters.scope());
  assertEquals([place.path, place.trainable], ["block", true]);
  assertEquals(parameters.list().map(({ name, trainable }) => [name, trainable]), [
    ["block.norm", false],
    ["block.fc.weight", true],
    ["block.fc.bias", true],
  ]);
  assertEquals(record.parameters.map(({ name }) => name), ["block.norm"]);
  assertStrictEquals(record.parameters[0].tensor, tensor);
  assertEquals(record.linears, [{ name: "block.fc", inputs: 2, outputs: 3, layer }]);
  const parts = record.parts.map((part) => [part.name, part.isReplaced(context)]);
  assertEquals(parts, [["block.mlp", false]]);
});

Deno.test("recordScope() notes what stands in the place of something else", () => {
  const scope = wrapScope(new Parameters().scope(), {
    parameter: ({ tensor }) => mul(tensor, 2),
    layer: ({ base }) => (x, context) => mul(base(x, context), 3),
  });
  const { record } = ask(scope);
  assertEquals(record.parameters[0].tensor.node.op, "Mul");
  assertEquals(record.parts[0].isReplaced(context), true);
  const same = wrapScope(new Parameters().scope(), {
    layer: ({ base }) => (x, context) => base(x, context),
  });
  assertEquals(ask(same).record.parts[0].isReplaced(context), false);
});

Deno.test("recordScope() keeps what else a scope can do", () => {
  const scope = new Parameters().scope();
  const more = Object.assign(Object.create(scope), {
    path: "",
    child: (name: string) => scope.child(name),
    extra() {
      return `extra of "${this.path}"`;
    },
  });
  const recorded = recordScope(more, emptyRecord()) as Scope & { extra(): string };
  assertEquals(recorded.extra(), 'extra of ""');
});
