import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type Draw, pointsOf, type Settings } from "../../../jobs/study/points.ts";

const NONE = { grid: null, list: null, random: null, folds: null };

function draw(count: number, fields: Readonly<Record<string, Draw>>, seed = 7): Settings[] {
  return pointsOf({ ...NONE, random: { count, seed, fields } }).map(({ settings }) => settings);
}

Deno.test("pointsOf() combines a grid with folds, and takes a list as it is", () => {
  const grid = { "optimizer.lr": [1, 2], "data.dataset": ["a"], "training.epochs": [3, 4, 5] };
  const points = pointsOf({ ...NONE, grid, folds: [0, 4] });
  assertEquals(points.length, 12);
  assertEquals(points[11], {
    name: points[10].name,
    settings: { "optimizer.lr": 2, "data.dataset": "a", "training.epochs": 5 },
    fold: 4,
  });
  const list = [{ a: 1 }, {}, { b: [1, 2] }];
  assertEquals(pointsOf({ ...NONE, list }).map(({ settings }) => settings), list);
  assertEquals(pointsOf({ ...NONE, folds: [2] }), [{ name: "base", settings: {}, fold: 2 }]);
});

Deno.test("pointsOf() draws the same points again, within their bounds", () => {
  const fields: Readonly<Record<string, Draw>> = {
    rate: { log_uniform: [1e-5, 1e-1] },
    dropout: { uniform: [0.25, 0.5] },
    depth: { integer: [2, 4] },
    head: { choice: ["clam", null, [1]] },
  };
  const drawn = draw(300, fields);
  assertEquals(drawn.slice(0, 20), draw(20, fields));
  assertNotEquals(draw(20, fields, 8), draw(20, fields));
  const of = (name: string) => drawn.map((settings) => settings[name]);
  const numbers = (name: string) => of(name) as number[];
  assert(numbers("rate").every((rate) => rate >= 1e-5 && rate <= 1e-1));
  const below = numbers("rate").filter((rate) => rate < 1e-3).length;
  assert(Math.abs(below - 150) < 40, `${below} of 300 are below the middle`);
  assert(numbers("dropout").every((rate) => rate >= 0.25 && rate <= 0.5));
  assertEquals(new Set(of("depth")), new Set([2, 3, 4]));
  assertEquals(new Set(of("head").map((head) => JSON.stringify(head))).size, 3);
});

Deno.test("pointsOf() names points by what they set, short enough for a folder", () => {
  const nameOf = (settings: Settings) => pointsOf({ ...NONE, list: [settings] })[0].name;
  const name = nameOf({ "optimizer.lr": 0.01, "data.train_features_file": "../a b/c.h5" });
  assert(/^lr-0\.01_train_features_file-..-a-b-c\.h5_[0-9a-f]{8}$/.test(name), name);
  assertEquals(nameOf({ a: 1, b: 2 }).slice(-8), nameOf({ b: 2, a: 1 }).slice(-8));
  assertNotEquals(nameOf({ a: 0.1 }), nameOf({ a: 0.1 + 1e-12 }));
  assert(nameOf({ a: "x".repeat(500) }).length < 80);
});
