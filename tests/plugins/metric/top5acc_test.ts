import { assertEquals, assertThrows } from "@std/assert";
import { top5acc } from "../../../plugins/metric/top5acc.ts";
import { batch, compute, generator } from "./_cases.ts";
import { testMetric } from "./_contract.ts";

testMetric(top5acc, /^Accuracy_top5$/);

Deno.test("top5acc throws when there are fewer than five classes", () => {
  const message = 'Cannot compute metric "top5acc": num_classes is 4, expected 5 or more';
  assertThrows(() => top5acc.create({}, batch("multiclass", 4, [], [])), RangeError, message);
});

Deno.test("top5acc is 1 with five classes", () => {
  const input = batch("multiclass", 5, [0.6, 0.1, 0.1, 0.1, 0.1], [4]);
  assertEquals(compute(top5acc, input), { Accuracy_top5: 1 });
});

Deno.test("top5acc ranks equal scores by class index", () => {
  const rows = Array(14).fill(1 / 7);
  assertEquals(compute(top5acc, batch("multiclass", 7, rows, [4, 5])), { Accuracy_top5: 0.5 });
});

Deno.test("top5acc takes a NaN score for a miss", () => {
  assertEquals(compute(top5acc, batch("multiclass", 5, Array(5).fill(NaN), [0])).Accuracy_top5, 0);
});

Deno.test("top5acc agrees with sorting", () => {
  const draw = generator(11);
  for (let round = 0; round < 50; round++) {
    const num_classes = 5 + draw() % 20;
    const label = draw() % num_classes;
    const row = Array.from({ length: num_classes }, () => draw() % 8 / 8);
    const order = [...row.keys()].sort((a, b) => row[b] - row[a]); // stable
    const expected = order.indexOf(label) < 5 ? 1 : 0;
    const { Accuracy_top5 } = compute(top5acc, batch("multiclass", num_classes, row, [label]));
    assertEquals(Accuracy_top5, expected);
  }
});
