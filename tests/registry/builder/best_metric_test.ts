import { assertEquals, assertThrows } from "@std/assert";
import { bestMetric } from "../../../registry/builder/best_metric.ts";
import { ConfigError } from "../../../registry/errors.ts";
import type { TaskInfo } from "../../../registry/plugin.ts";
import { acc } from "../../../plugins/metric/acc.ts";
import { f1PerClass } from "../../../plugins/metric/f1_per_class.ts";
import { mae } from "../../../plugins/metric/mae.ts";

const classes: TaskInfo = { task: "Classification", subtask: "multiclass", numClasses: 2 };
const values: TaskInfo = { task: "Regression", subtask: "regression", numClasses: 1 };

Deno.test("bestMetric() is the first value logged, in its own direction", () => {
  const metrics = [acc.create({}, classes), f1PerClass.create({}, classes)];
  assertEquals(bestMetric(null, classes, metrics), {
    name: "val_Accuracy",
    higherIsBetter: true,
  });
  assertEquals(bestMetric(null, values, [mae.create({}, values)]), {
    name: "val_MAE",
    higherIsBetter: false,
  });
  assertEquals(bestMetric(null, classes, []), { name: "val_loss", higherIsBetter: false });
});

Deno.test("bestMetric() finds any value by its name, with or without val_", () => {
  const metrics = [acc.create({}, classes), f1PerClass.create({}, classes)];
  for (const name of ["val_F1_class_1", "F1_class_1"]) {
    assertEquals(bestMetric(name, classes, metrics).name, "val_F1_class_1");
  }
  assertEquals(bestMetric("loss", classes, metrics).higherIsBetter, false);
});

Deno.test("bestMetric() lists what there is where a name is not logged", () => {
  const metrics = [acc.create({}, classes)];
  const error = assertThrows(() => bestMetric("train_Accuracy", classes, metrics), ConfigError);
  assertEquals(error.issues, [{
    path: "training.best_checkpoint_metric",
    message: 'expected one of "val_Accuracy", "val_loss", received "train_Accuracy", ' +
      'did you mean "val_Accuracy"?',
  }]);
});
