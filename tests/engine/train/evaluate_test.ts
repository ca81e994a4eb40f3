import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Value } from "../../../engine/runtime/session.ts";
import { EpochMeter, Evaluator, metricNames } from "../../../engine/train/evaluate.ts";
import type { Metric, MetricInput } from "../../../engine/train/interfaces.ts";
import { Loader } from "../../../engine/data/loader.ts";
import { TrainState } from "../../../engine/train/state.ts";
import { acc } from "../../../plugins/metric/acc.ts";
import { f1PerClass } from "../../../plugins/metric/f1_per_class.ts";
import { mse } from "../../../plugins/metric/mse.ts";
import { batchOf, CLASSES, linearModel } from "./_linear.ts";

/** Counts the samples that it has seen, squared: not additive over batches. */
const squaredCount: Metric = {
  higherIsBetter: true,
  accumulator() {
    let count = 0;
    return {
      update: (batch: MetricInput) => void (count += batch.count),
      compute: () => ({ Squared: count * count }),
    };
  },
};

function result(losses: Record<string, number>, scores: number[]): Record<string, Value> {
  const values = Object.entries(losses).map(([name, loss]) =>
    [name, { dtype: "float32", shape: [], data: Float32Array.of(loss) }] as const
  );
  const data = Float32Array.from(scores);
  const shape = [scores.length / 2, 2];
  return { ...Object.fromEntries(values), scores: { dtype: "float32", shape, data } };
}

const one = batchOf([0, 0], Int32Array.of(1));
const three = batchOf([0, 0, 0, 0, 0, 0], Int32Array.of(1, 0, 1));

Deno.test("EpochMeter weighs losses by samples, and sees an epoch as a whole", () => {
  const metrics = [squaredCount, acc.create({}, CLASSES)];
  const meter = new EpochMeter(CLASSES, metrics, "epochwise");
  meter.update(one, result({ loss: 5, loss_task: 1 }, [0.2, 0.8]));
  meter.update(three, result({ loss: 1, loss_task: 2 }, [0.2, 0.8, 0.2, 0.8, 0.9, 0.1]));
  const expected = { val_loss: 2, val_loss_task: 1.75, val_Squared: 16, val_Accuracy: 0.5 };
  assertEquals(meter.values("val_"), expected);
});

Deno.test("EpochMeter averages the batches' metrics over samples in stepwise mode", () => {
  const meter = new EpochMeter(CLASSES, [squaredCount], "stepwise");
  meter.update(one, result({ loss: 5 }, [0.2, 0.8]));
  meter.update(three, result({ loss: 1 }, [0.2, 0.8, 0.2, 0.8, 0.9, 0.1]));
  assertEquals(meter.values(""), { loss: 2, Squared: (1 * 1 + 9 * 3) / 4 });
});

Deno.test("metricNames() knows names before there are predictions", () => {
  const metrics = [acc.create({}, CLASSES), f1PerClass.create({}, CLASSES)];
  assertEquals([...metricNames(CLASSES, metrics)], [
    ["Accuracy", true],
    ["F1_class_0", true],
    ["F1_class_1", true],
  ]);
  const labels = { ...CLASSES, subtask: "multilabel", numClasses: 3 } as const;
  assertEquals([...metricNames(labels, [acc.create({}, labels)])], [["Accuracy", true]]);
  const values = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
  assertEquals([...metricNames(values, [mse.create({}, values)])], [["MSE", false]]);
});

/** Five samples whose features are their index. */
function loader(): Loader {
  const code = `export const openSource = () => ({
    read: (indices) => ({ features: new Float32Array([...indices].flatMap((i) => [i, i])) }),
    close() {},
  })`;
  return new Loader({
    name: "five",
    length: 5,
    labels: { values: Int32Array.of(0, 1, 0, 1, 0), width: 1 },
    sampleShape: [2],
    source: { module: `data:text/javascript,${encodeURIComponent(code)}`, options: {} },
  }, { batchSize: 2, workers: 0 });
}

Deno.test("Evaluator measures a split without dropout, or its first batches", async () => {
  const model = linearModel();
  const state = await TrainState.create(model.parameters, 0);
  state.parameter("head.fc.weight").data.set([1, 0, 0, 0]);
  state.parameter("head.fc.bias").data.fill(0);
  const evaluator = await Evaluator.create(model, state);
  await using split = loader();
  const lossOf = async (batches?: number) => {
    const meter = new EpochMeter(model, [], "epochwise");
    await evaluator.measure(split, meter, { batches });
    return meter.values("").loss;
  };
  // Logits (i, 0): class 0 has log(1 + exp(-i)), class 1 log(1 + exp(i)).
  const losses = [0, 1, -2, 3, -4].map((x) => Math.log1p(Math.exp(x)));
  const mean = (count: number) => losses.slice(0, count).reduce((a, b) => a + b) / count;
  assertAlmostEquals(await lossOf(), mean(5), 1e-6);
  assertAlmostEquals(await lossOf(2), mean(4), 1e-6);
  assertAlmostEquals(await lossOf(9), mean(5), 1e-6);
  assertEquals(await lossOf(0), undefined);

  state.parameter("head.fc.weight").data.fill(0);
  assertAlmostEquals(await lossOf(), Math.log(2), 1e-6);
  await evaluator.release();
});
