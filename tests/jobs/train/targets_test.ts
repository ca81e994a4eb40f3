/** Runs with other targets than one class per sample. */
import { assert, assertEquals } from "@std/assert";
import { Random } from "../../../engine/random.ts";
import { type Dataset, inFolder, ofType, runTrain, writeSplits } from "../../_training.ts";

function multilabelSamples(count: number, seed: number): Record<string, Dataset> {
  const random = new Random(seed);
  const features = Float32Array.from({ length: count * 6 }, () => random.normal());
  const labels = Float32Array.from(
    { length: count * 3 },
    (_, index) => features[Math.floor(index / 3) * 6 + index % 3] > 0 ? 1 : 0,
  );
  return {
    features: { data: features, shape: [count, 6] },
    labels: { data: labels, shape: [count, 3] },
  };
}

Deno.test("train() learns several labels at once", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder, multilabelSamples);
    const { done, events } = await runTrain(files, {
      "data.subtask": "multilabel",
      "task.metrics": '["acc", "f1", "ap", "top5acc"]',
      "training.epochs": "40",
      "optimizer.lr": "0.1",
      "optimizer.warmup_epochs": "0",
    });
    assertEquals(ofType(events, "notice").map(({ message }) => message), [
      'metric "top5acc" is not defined for multilabel targets and is left out',
    ]);
    assertEquals(Object.keys(done.test!), ["test_loss", "test_Accuracy", "test_F1", "test_AP"]);
    assert(done.test!.test_Accuracy > 0.9, JSON.stringify(done.test));
  });
});

Deno.test("train() takes targets between 0 and 1, and says from where on metrics count them", async () => {
  const softened = (count: number, seed: number) => {
    const { features, labels } = multilabelSamples(count, seed);
    const data = Float32Array.from(
      labels.data as Float32Array,
      (label, index) => index % 2 === 0 ? label : 0.3 + 0.35 * label,
    );
    return { features, labels: { ...labels, data } };
  };
  const outcomeOf = (make: typeof multilabelSamples) =>
    inFolder(async (folder) => {
      const { done, events } = await runTrain(await writeSplits(folder, make), {
        "data.subtask": "multilabel",
        "task.metrics": '["acc", "balanced_acc", "f1", "f1_per_class", "pr", "auroc", "ap"]',
        "training.epochs": "1",
        "optimizer.lr": "1e-12",
        "optimizer.warmup_epochs": "0",
      });
      const notices = ofType(events, "notice").map(({ message }) => message.replace(folder, ""));
      return { test: done.test!, notices };
    });
  const [soft, hard] = [await outcomeOf(softened), await outcomeOf(multilabelSamples)];
  assertEquals(hard.notices, []);
  assertEquals(
    soft.notices,
    [["train", 90], ["val", 36], ["test", 27]].map(([name, count]) =>
      `${count} of ${2 * Number(count)} targets of "/${name}.h5" are between 0 and 1: ` +
      "the loss takes them as they are, metrics count those above 0.5 as 1"
    ),
  );
  const { test_loss: softLoss, ...softMetrics } = soft.test;
  const { test_loss: hardLoss, ...hardMetrics } = hard.test;
  assertEquals(softMetrics, hardMetrics);
  assertEquals(Object.keys(softMetrics).length, 10);
  assert(Math.abs(softLoss - hardLoss) > 1e-3, `${softLoss}`);
});

/** Targets are linear in the features. */
function regressionSamples(columns?: number) {
  return (count: number, seed: number): Record<string, Dataset> => {
    const { features } = multilabelSamples(count, seed);
    const labels = Float64Array.from({ length: count * (columns ?? 1) }, (_, index) => {
      const row = Math.floor(index / (columns ?? 1));
      return 2 * Number(features.data[row * 6]) - index % (columns ?? 1);
    });
    const shape = columns === undefined ? [count] : [count, columns];
    return { features, labels: { data: labels, shape } };
  };
}

Deno.test("train() predicts real values, with the metrics for them where none were named", async () => {
  for (const columns of [undefined, 2]) {
    await inFolder(async (folder) => {
      const files = await writeSplits(folder, regressionSamples(columns));
      const { done, events } = await runTrain(files, {
        "data.task": "Regression",
        "data.num_classes": String(columns ?? 1),
        "model.head.head_type": "regression",
        "model.head.out_dim": String(columns ?? 1),
        "training.epochs": "60",
        "optimizer.lr": "0.1",
        "optimizer.weight_decay": "0",
        "optimizer.warmup_epochs": "0",
      });
      assertEquals(ofType(events, "notice").map(({ message }) => message), [
        'metric "acc" is not defined for regression targets and is left out',
        'metric "f1" is not defined for regression targets and is left out',
      ]);
      assertEquals(Object.keys(done.test!), [
        "test_loss",
        "test_MAE",
        "test_MSE",
        "test_Pearson",
        "test_R2",
      ]);
      assertEquals(done.bestMetric, "val_MAE");
      assert(done.test!.test_MSE < 0.01, JSON.stringify(done.test));
    });
  }
});
