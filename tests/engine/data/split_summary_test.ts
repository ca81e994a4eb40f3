import { assertEquals } from "@std/assert";
import { splitSummary } from "../../../engine/data/split_summary.ts";

Deno.test("a split is counted by classes, patients and instances, as far as it has them", () => {
  const split = {
    length: 4,
    labels: { values: Int32Array.of(0, 2, 2, 0), width: 1 },
    patients: ["p", "p", "q", "r"],
    bagLengths: Int32Array.of(9, 1, 4, 2),
  };
  const targets = { subtask: "multiclass", numClasses: 3 } as const;
  assertEquals(splitSummary(split, targets), {
    samples: 4,
    patients: 3,
    class_counts: [2, 0, 2],
    instances: { min: 1, median: 2, max: 9 },
  });
  assertEquals(splitSummary(split, targets, Int32Array.of(1, 2)), {
    samples: 2,
    patients: 2,
    class_counts: [0, 0, 2],
    instances: { min: 1, median: 1, max: 4 },
  });
});

Deno.test("several labels per sample are counted one by one, numbers not at all", () => {
  const labels = { values: Float32Array.of(1, 0, 1, 1), width: 2 };
  const multilabel = { subtask: "multilabel", numClasses: 2 } as const;
  assertEquals(splitSummary({ length: 2, labels }, multilabel), {
    samples: 2,
    class_counts: [2, 1],
  });
  const regression = { subtask: "regression", numClasses: 2 } as const;
  assertEquals(splitSummary({ length: 2, labels }, regression), { samples: 2 });
});
