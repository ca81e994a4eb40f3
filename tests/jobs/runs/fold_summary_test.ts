import { assert, assertEquals } from "@std/assert";
import { summarizeFold } from "../../../jobs/runs/fold_summary.ts";
import { Registry, registry } from "../../../registry/registry.ts";
import { inFolder } from "../../_training.ts";
import { type RunFacts, writeRun } from "./_runs.ts";

async function summary(facts: RunFacts = {}) {
  return await inFolder(async (folder) => {
    const directory = await writeRun(folder, "data/group/2", facts);
    return { ...summarizeFold(directory, registry), path: "" };
  });
}

Deno.test("summarizeFold() tells what a run is, and what came of it", async () => {
  assertEquals(await summary({ test: 0.7, info: { seconds: 12.5 } }), {
    path: "",
    fold: 2,
    encoder: "precomputed",
    head: "classification",
    folds: 1,
    planned: 3,
    seconds: 12.5,
    started: "2026-01-02T03:04:05.000Z",
    state: "finished",
    problem: undefined,
    epochs: 3,
    best: { metric: "val_Accuracy", value: 0.75, epoch: 1 },
    test: { metric: "test_Accuracy", value: 0.7 },
  });
});

Deno.test("summarizeFold() takes the value that chose the checkpoint, the smallest of a loss", async () => {
  const { best } = await summary({ config: { training: { best_checkpoint_metric: "val_loss" } } });
  assertEquals(best, { metric: "val_loss", value: 0.25, epoch: 1 });
  const early = await summary({
    config: { training: { early_stopping: { metric: "loss", patience: 5 } } },
    accuracy: [0.5, NaN, 0.75],
  });
  assertEquals(early.best, { metric: "val_loss", value: 0.25, epoch: 2 });
});

Deno.test("summarizeFold() names the encoder that made the features, and the variant of a head", async () => {
  const features = { encoder: JSON.stringify({ encoder_type: "timm", type: "resnet18" }) };
  const found = await summary({
    info: { features },
    config: { head: { head_type: "clam", variant: "mb" } },
  });
  assertEquals([found.encoder, found.head], ["resnet18", "clam mb"]);
  assertEquals((await summary({ info: { features: { encoder: "{" } } })).encoder, "precomputed");
});

Deno.test("summarizeFold() tells unfinished runs from those that stopped early", async () => {
  assertEquals((await summary({ accuracy: [0.5, 0.6] })).state, "unfinished");
  assertEquals((await summary({ accuracy: [] })).state, "unfinished");
  const config = { training: { epochs: 9, early_stopping: { patience: 2 } } };
  assertEquals((await summary({ config, accuracy: [0.5, 0.6, 0.4] })).state, "unfinished");
  assertEquals((await summary({ config, accuracy: [0.5, 0.6, 0.4, 0.4] })).state, "finished");
  assertEquals((await summary({ config, accuracy: [0.5, 0.6], test: 0.6 })).state, "finished");
});

Deno.test("summarizeFold() sees that a process trains", async () => {
  await inFolder(async (folder) => {
    const directory = await writeRun(folder, "data/group/0", { accuracy: [0.5] });
    using lock = directory.take();
    assertEquals(summarizeFold(directory, registry).state, "training");
    lock.release();
    assertEquals(summarizeFold(directory, registry).state, "unfinished");
  });
});

Deno.test("summarizeFold() takes the interval of the test value, by either name", async () => {
  for (const name of ["Accuracy", "test_Accuracy"]) {
    await inFolder(async (folder) => {
      const directory = await writeRun(folder, "data/group/0", { test: 0.7 });
      const metrics = { [name]: { value: 0.71, low: 0.6, high: 0.8 } };
      await directory.write("testMetrics", { metrics });
      const { test } = summarizeFold(directory, registry);
      assertEquals(test, { metric: "test_Accuracy", value: 0.71, low: 0.6, high: 0.8 });
    });
  }
});

Deno.test("summarizeFold() says of damaged runs what is wrong", async () => {
  await inFolder(async (folder) => {
    const directory = await writeRun(folder, "data/group/0");
    Deno.writeTextFileSync(directory.file("metrics"), "[]");
    const broken = summarizeFold(directory, registry);
    assertEquals([broken.state, broken.head], ["damaged", "classification"]);
    assertEquals(broken.problem, `Cannot read "${directory.file("metrics")}": it holds no metrics`);
    Deno.removeSync(directory.file("resolvedConfig"));
    const { state, problem } = summarizeFold(directory, registry);
    assertEquals(state, "damaged");
    assert(problem?.endsWith("does not exist"), problem);
  });
});

Deno.test("summarizeFold() says where it does not know the metric of a plugin", async () => {
  await inFolder(async (folder) => {
    const directory = await writeRun(folder, "data/group/0", { info: { plugins: ["./a.ts"] } });
    const { state, best, problem } = summarizeFold(directory, new Registry());
    assertEquals([state, best], ["finished", undefined]);
    assert(problem?.startsWith(`Cannot tell which epoch of "${directory.path}" is the best: `));
    assert(problem?.endsWith("; the run was made with --plugin ./a.ts"), problem);
  });
});
