import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { configOf, readStudy } from "../../../jobs/study/study.ts";
import { ConfigError } from "../../../registry/errors.ts";

function write(content: unknown, name = "rates.json"): string {
  const file = join(Deno.makeTempDirSync(), name);
  Deno.writeTextFileSync(file, JSON.stringify(content));
  return file;
}

Deno.test("readStudy() takes the config from a file beside its own", () => {
  const grid = { "optimizer.lr": [1, 2] };
  const file = write({ name: "mine", config: "base.json", grid, folds: [3] });
  const base = { optimizer: { lr: 5, name: "SGD" }, exp_dir: "runs" };
  Deno.writeTextFileSync(join(file, "../base.json"), JSON.stringify(base));
  const study = readStudy(file);
  assertEquals([study.name, study.folder, study.points.length], ["mine", "runs/mine", 2]);
  const [first, second] = study.points.map((point) => configOf(study, point));
  assertEquals(second.tree, {
    optimizer: { lr: 2, name: "SGD" },
    data: { fold: 3 },
    exp_dir: "runs/mine",
    logger: { group: study.points[1].name },
  });
  assertEquals(first.hash === second.hash, false);
  const elsewhere = { ...study, folder: "moved", config: { ...study.config, exp_dir: "moved" } };
  assertEquals(configOf(elsewhere, study.points[0]).hash, first.hash);
});

Deno.test("readStudy() says all that is wrong", () => {
  const grid = { "optimizer.lr": [1] };
  const cases: [unknown, string][] = [
    [{ grid }, "config: "],
    [{ config: {} }, "grid: expected grid, list, random or folds, received nothing"],
    [{ config: {}, grid, list: [{ a: 1 }] }, "received grid and list"],
    [{ config: {}, grid: { optimizer: [1] } }, "optimizer: expected a field, received a section"],
    [{ config: {}, grid: { exp_dir: ["a"] } }, "exp_dir: expected a field that the study does not"],
    [{ config: {}, grid: { "data.fold": [1] }, folds: [0] }, "data.fold: expected a field that"],
    [{ config: {}, list: [{ a: 1 }, { b: 1 }, { a: 1 }] }, "point 3: is the same as point 1"],
    [{ config: {}, grids: grid }, "grids: "],
    [{ config: {}, folds: [-1] }, "folds"],
    [{ config: {}, name: "../a", folds: [0] }, "name: "],
    [
      { config: {}, random: { count: 2, fields: { a: { log_uniform: [0, 1] } } } },
      "random.fields.a",
    ],
  ];
  for (const [content, state] of cases) {
    const { message } = assertThrows(() => readStudy(write(content)), ConfigError);
    assertEquals([message, message.includes(state)], [message, true]);
  }
});
