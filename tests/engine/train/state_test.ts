import { assertEquals, assertNotEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { normal, ones } from "../../../engine/nn/initializers.ts";
import { frozen, Parameters } from "../../../engine/nn/scope.ts";
import type { Optimizer } from "../../../engine/train/interfaces.ts";
import { TrainState } from "../../../engine/train/state.ts";
import { descent } from "./_models.ts";

function parameters(...names: readonly string[]) {
  const all = new Parameters();
  for (const name of names) all.scope().parameter(name, [2, 3], normal(1));
  frozen(all.scope()).parameter("fixed", [2], ones);
  return all.list();
}

const optimizer: Optimizer = {
  ...descent,
  state: (shape) => ({
    average: { shape: "parameter" },
    count: { shape: "scalar", initial: 7 },
    ...(shape.length === 2 && { origin: { shape: "parameter", initial: "parameter" } }),
  }),
};

Deno.test("TrainState.create() draws each parameter from its own stream", async () => {
  const state = await TrainState.create(parameters("a", "b"), 3);
  const other = await TrainState.create(parameters("b", "c", "a"), 3);
  assertEquals(state.names(), ["a", "b", "fixed"]);
  assertEquals(state.parameter("a"), other.parameter("a"));
  assertEquals(state.parameter("b"), other.parameter("b"));
  assertNotEquals(state.parameter("a").data, state.parameter("b").data);
  assertEquals(state.parameter("a").shape, [2, 3]);
  assertEquals([...state.parameter("fixed").data], [1, 1]);
  assertEquals(state.step, 0);
});

Deno.test("TrainState.create() depends on the seed", async () => {
  const [a, b] = [1, 2].map(async (seed) => await TrainState.create(parameters("a"), seed));
  assertNotEquals((await a).parameter("a").data, (await b).parameter("a").data);
});

Deno.test("TrainState.addOptimizer() makes state at its initial values", async () => {
  const list = parameters("a");
  const state = await TrainState.create(list, 1);
  await state.addOptimizer(list, optimizer);
  const { average, count, origin } = state.optimizerState("a");
  assertEquals(average, { shape: [2, 3], data: new Float32Array(6) });
  assertEquals(count, { shape: [], data: Float32Array.of(7) });
  assertEquals(origin.data, state.parameter("a").data);
  origin.data[0] += 1; // A copy, not the parameter itself.
  assertNotEquals(origin.data, state.parameter("a").data);
  assertEquals(state.optimizerState("fixed"), {});
  assertStrictEquals(state.slot("a", "average").data, average.data);
});

Deno.test("TrainState.swap() exchanges the buffers of what trains", async () => {
  const state = await TrainState.create(parameters("a"), 1);
  const [front, back, fixed] = [state.front("a"), state.back("a"), state.front("fixed")];
  assertNotEquals(front.data, back.data);
  state.swap();
  assertStrictEquals(state.front("a"), back);
  assertStrictEquals(state.back("a"), front);
  assertStrictEquals(state.front("fixed"), fixed);
  assertStrictEquals(state.parameter("a").data, back.data as Float32Array<ArrayBuffer>);
  assertEquals(state.step, 1);
  state.swap();
  assertStrictEquals(state.front("a"), front);
});

Deno.test("TrainState.swap() exchanges the buffers of state that has two", async () => {
  const list = parameters("a");
  const state = await TrainState.create(list, 1);
  await state.addOptimizer(list, optimizer);
  assertEquals(state.slotKeys("a"), ["average", "count", "origin"]);
  assertEquals(state.slotKeys("fixed"), []);
  const [average, origin] = ["average", "origin"].map((key) => state.slot("a", key));
  assertStrictEquals(state.nextSlot("a", "average"), average);
  await state.addSecondBuffer("a", "origin");
  assertStrictEquals(state.slot("a", "origin"), origin); // Its values stay the current ones.
  const next = state.nextSlot("a", "origin");
  assertEquals([next.shape, next.data.length], [[2, 3], 6]);
  assertNotEquals(next.data, origin.data);
  state.swap();
  assertStrictEquals(state.slot("a", "average"), average);
  assertStrictEquals(state.slot("a", "origin"), next);
  assertStrictEquals(state.nextSlot("a", "origin"), origin);
  assertStrictEquals(
    state.optimizerState("a").origin.data,
    next.data as Float32Array<ArrayBuffer>,
  );
});

Deno.test("TrainState throws on names that it does not have", async () => {
  const state = await TrainState.create(parameters("a"), 1);
  assertThrows(() => state.parameter("b"), TypeError, 'Cannot find parameter "b"');
  assertThrows(() => state.front("b"), TypeError, 'Cannot find parameter "b"');
  const frozenMessage = 'Cannot update parameter "fixed": it does not change';
  assertThrows(() => state.back("fixed"), TypeError, frozenMessage);
  const slotMessage = 'Cannot find optimizer state "average" of parameter "a"';
  assertThrows(() => state.slot("a", "average"), TypeError, slotMessage);
});

Deno.test("TrainState.freeze() lets parameters keep their values", async () => {
  const state = await TrainState.create(parameters("a", "b"), 1);
  const before = state.parameter("a").data.slice();
  state.freeze(["a"]);
  (state.back("b").data as Float32Array).fill(5);
  state.swap();
  assertEquals(state.parameter("a").data, before);
  assertEquals(state.parameter("b").data[0], 5);
  const message = 'Cannot update parameter "a": it does not change';
  assertThrows(() => state.back("a"), TypeError, message);
});
