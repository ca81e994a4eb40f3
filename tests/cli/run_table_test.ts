import { assert, assertEquals } from "@std/assert";
import { RUN_COLUMNS, runTable, sortRuns } from "../../cli/run_table.ts";
import type { RunSummary } from "../../jobs/runs/list_runs.ts";

function run(given: Partial<RunSummary> = {}): RunSummary {
  return {
    path: "experiments/data/g",
    dataset: "precomputed_features",
    group: "20260102_030405_precomputed_classification_full_finetuning_0123abcd",
    encoder: "vit_base_patch16_224",
    head: "classification",
    state: "finished",
    folds: { found: 1, planned: 1 },
    epochs: { done: 20, planned: 20 },
    best: { metric: "val_Accuracy", value: 0.75 },
    runs: [],
    ...given,
  };
}

const INTERVAL = { metric: "test_Accuracy", value: 0.9531, low: 0.929, high: 0.9741 };

Deno.test("runTable() shows what the runs have, numbers to the right", () => {
  const runs = [
    run({ group: "a", test: INTERVAL, seconds: 4.25 }),
    run({ group: "bcd", seconds: 3725, test: { metric: "test_Accuracy", value: 1 } }),
  ];
  assertEquals(runTable(runs, Infinity).lines, [
    "group  dataset               encoder               head            val_Accuracy         test_Accuracy  epochs    time",
    "a      precomputed_features  vit_base_patch16_224  classification        0.7500  0.953 [0.929, 0.974]   20/20    4.3s",
    "bcd    precomputed_features  vit_base_patch16_224  classification        0.7500                1.0000   20/20   1h02m",
  ]);
});

Deno.test("runTable() names states, folds and metrics where runs differ in them", () => {
  const folds = { found: 2, planned: 3 };
  const best = { metric: "val_MAE", value: 12.5, sd: 0.25, folds: 2 };
  const epochs = { done: 0 };
  const { lines } = runTable([run(), run({ state: "damaged", folds, best, epochs })], Infinity);
  assert(/ state +folds +best +epochs/.test(lines[0]), lines[0]);
  assert(/ finished +1 +val_Accuracy 0\.7500 +20\/20$/.test(lines[1]), lines[1]);
  assert(
    / damaged +2\/3 +val_MAE 12\.5000 ± 0\.2500 \(2 of the folds\) +0\/\?$/.test(lines[2]),
    lines[2],
  );
});

Deno.test("runTable() shortens texts, then gives up columns, and never cuts a number", () => {
  const runs = [run({ test: INTERVAL, state: "unfinished" }), run({ test: INTERVAL })];
  for (let width = 40; width < 200; width++) {
    const { lines, left } = runTable(runs, width);
    if (!left.includes("test")) {
      assert(lines[1].includes("0.953 [0.929, 0.974]"), lines[1]);
    }
    assert(lines[1].includes("0.7500"));
    for (const line of lines) assert([...line].length <= width, `${width}: ${line}`);
  }
  const narrow = runTable(runs, 50);
  assertEquals(narrow.left, ["dataset", "epochs", "encoder", "head", "test"]);
  assert(narrow.lines[1].startsWith("20260102_03"), narrow.lines[1]);
  assert(/…\w*23abcd +unfinished +0\.7500$/.test(narrow.lines[1]), narrow.lines[1]);
});

Deno.test("sortRuns() sorts by every column, and puts runs without a value last", () => {
  const best = (value: number) => ({ metric: "val_Accuracy", value });
  const runs = [
    run({ group: "g10", best: best(0.5) }),
    run({ group: "g2", best: undefined }),
    run({ group: "g1", best: best(0.9) }),
  ];
  const groups = (order: string) => sortRuns(runs, order).map(({ group }) => group);
  assertEquals(groups("best"), ["g10", "g1", "g2"]);
  assertEquals(groups("-best"), ["g1", "g10", "g2"]);
  assertEquals(groups("group"), ["g1", "g2", "g10"]);
  assertEquals(groups("-group"), ["g10", "g2", "g1"]);
  for (const name of RUN_COLUMNS) assertEquals(sortRuns(runs, name).length, 3);
});
