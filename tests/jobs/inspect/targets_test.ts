import { assertEquals } from "@std/assert";
import { countsOf, targetFacts } from "../../../jobs/inspect/targets.ts";

Deno.test("countsOf() counts samples and patients in each split", () => {
  const samples = [
    { targets: [0], patient: "a", side: "train" },
    { targets: [1], patient: "a", side: "train" },
    { targets: [1], patient: "b", side: "test" },
    { targets: [1], patient: "c" },
  ] as const;
  assertEquals(countsOf(samples), {
    all: { samples: 4, patients: 3 },
    train: { samples: 2, patients: 1 },
    test: { samples: 1, patients: 1 },
  });
});

Deno.test("targetFacts() counts the positive samples of each label", () => {
  const samples = [{ targets: [1, 0] }, { targets: [1, 1] }];
  const { classes } = targetFacts(samples, { subtask: "multilabel", names: ["a", "b"] });
  assertEquals(classes.map(({ name, all }) => [name, all.samples]), [["a", 2], ["b", 1]]);
});

Deno.test("targetFacts() counts classes without samples, too", () => {
  const { classes } = targetFacts([{ targets: [1] }], { subtask: "multiclass", names: ["a", "b"] });
  assertEquals(classes.map(({ all }) => all.samples), [0, 1]);
});

Deno.test("targetFacts() says what numbers to be predicted are like", () => {
  const samples = [{ targets: [1, -2] }, { targets: [3, 5] }];
  const facts = targetFacts(samples, { subtask: "regression", names: ["age", "score"] });
  assertEquals(facts.classes, []);
  assertEquals(facts.values.score, { min: -2, median: 1.5, max: 5, total: 3 });
});
