import { assertEquals } from "@std/assert";
import { decide } from "../../../jobs/plan/decision.ts";

const decision = (path: string, value: unknown) => ({ path, value, reason: "because" });

Deno.test("decide() leaves what somebody set, null too", () => {
  const tree = { data: { max_instances: null }, training: { epochs: 3 } };
  const decisions = [
    decision("data.max_instances", 100),
    decision("training.epochs", 50),
    decision("training.early_stopping.patience", 20),
  ];
  assertEquals(decide(tree, decisions), [decisions[2]]);
  assertEquals(
    tree,
    {
      data: { max_instances: null },
      training: { epochs: 3, early_stopping: { patience: 20 } },
    } as typeof tree,
  );
});

Deno.test("decide() writes nothing into a field that somebody switched off", () => {
  const tree = { training: { early_stopping: false } };
  assertEquals(decide(tree, [decision("training.early_stopping.patience", 20)]), []);
  assertEquals(tree, { training: { early_stopping: false } });
});
