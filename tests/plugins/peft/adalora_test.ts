import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import type { Tensor } from "../../../engine/ir/node.ts";
import { zeros } from "../../../engine/nn/initializers.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import { RankAllocator, type RankSchedule } from "../../../plugins/peft/_rank_allocator.ts";
import { adalora } from "../../../plugins/peft/adalora.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(adalora);

/** Ranks that are left after each update, of two layers with four ranks; the first ones matter most. */
function ranksLeft(schedule: Partial<RankSchedule>): number[] {
  const parameters = new Parameters();
  const updates = ["a", "b"].map((name) => {
    const scope = parameters.scope().child(name);
    const right = scope.parameter("A", [4, 2], zeros);
    const singular = scope.parameter("E", [4, 1], zeros);
    return { name, right, singular, left: scope.parameter("B", [3, 4], zeros) };
  });
  const hook = new RankAllocator(updates, {
    ...{ updates: 8, first: 0, last: 0, interval: 1, rank: 1, decays: [0.5, 0.5] },
    ...schedule,
  });
  const values = new Map(
    parameters.list().map(({ name, tensor, shape }) => {
      const size = shape[0] * shape[1];
      const scale = name.startsWith("a") ? 2 : 1;
      return [tensor, Float32Array.from({ length: size }, (_, i) => scale * (size - i))];
    }),
  );
  const value = (tensor: Tensor) => values.get(tensor)!;
  const gradient = (tensor: Tensor) => value(tensor).map(() => 1);
  return Array.from({ length: 8 }, (_, i) => {
    for (const { singular } of updates) value(singular).set([4, 3, 2, 1]); // As the optimizer does.
    hook.afterUpdate({ update: i + 1, value, gradient });
    return updates.flatMap(({ singular }) => [...value(singular)]).filter((e) => e !== 0).length;
  });
}

Deno.test("adalora gives up ranks by the cube of the updates that are left", () => {
  const cubes = [1, 2, 3, 4, 5, 6, 7, 8].map((step) => Math.trunc(2 + 6 * (1 - step / 8) ** 3));
  assertEquals(ranksLeft({}), cubes);
  assertEquals(cubes, [6, 4, 3, 2, 2, 2, 2, 2]);
});

Deno.test("adalora keeps all ranks at the beginning, and those that are left at the end", () => {
  assertEquals(ranksLeft({ first: 2, last: 3 }), [8, 8, 3, 2, 2, 2, 2, 2]);
});

Deno.test("adalora gives up ranks at intervals, and may get them back in between", () => {
  assertEquals(ranksLeft({ interval: 3 }), [8, 8, 3, 8, 8, 2, 8, 2]);
});

Deno.test("adalora gives up nothing where every rank is to stay", () => {
  assertEquals(ranksLeft({ rank: 4 }), [8, 8, 8, 8, 8, 8, 8, 8]);
});

Deno.test("adalora refuses more ranks than there are in the beginning", () => {
  const config = v.parse(adalora.config, { adalora_rank: 5, adalora_init_rank: 4 });
  const message = "expected adalora_rank up to 4, the first; received 5";
  assertThrows(() => adalora.create(config, {}), RangeError, message);
});
