import "../../../plugins/mod.ts";
import { assertEquals } from "@std/assert";
import { DATASETS, ENCODER, HEADS, METRICS, OPTIMIZERS } from "../../../jobs/plan/keys.ts";
import { registry } from "../../../registry/registry.ts";

Deno.test("plans name plugins that there are", () => {
  const optimizers = Object.values(OPTIMIZERS);
  const named = {
    dataset: Object.values(DATASETS),
    encoder_type: [ENCODER],
    metric: Object.values(METRICS).flat(),
    optimizer: optimizers.map(({ name }) => name),
    scheduler: optimizers.map(({ scheduler }) => scheduler),
  } as const;
  for (const [slot, keys] of Object.entries(named)) {
    const missing = keys.filter((key) => !registry.has(slot as keyof typeof named, key));
    assertEquals(missing, [], slot);
  }
});

Deno.test("each kind of samples has a head for classes", () => {
  for (const [kind, heads] of Object.entries(HEADS)) {
    for (const subtask of ["multiclass", "multilabel"] as const) {
      const known = heads[subtask].filter(({ key }) => registry.has("head_type", key));
      assertEquals(known.length > 0, true, `${kind} ${subtask}`);
    }
  }
});

Deno.test("plans name metrics that are defined for the targets", () => {
  for (const [subtask, keys] of Object.entries(METRICS)) {
    for (const key of keys) {
      const { subtasks } = registry.get("metric", key) as { subtasks?: readonly string[] };
      assertEquals(subtasks?.includes(subtask), true, `${key} ${subtask}`);
    }
  }
});
