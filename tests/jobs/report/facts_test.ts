import { assertEquals } from "@std/assert";
import { evaluatePredictions } from "../../../jobs/evaluate/evaluate.ts";
import { evaluateFolds } from "../../../jobs/evaluate/folds.ts";
import { headlineNumbers } from "../../../jobs/report/facts.ts";
import { madeClasses } from "./_made_runs.ts";
import "../../../plugins/mod.ts";

const metrics = { metrics: ["acc", "auroc"], resamples: 20 };

Deno.test("headlineNumbers() puts the metric that chose the checkpoint first", () => {
  const evaluation = evaluatePredictions(madeClasses(60, 3), metrics);
  const numbers = headlineNumbers({ evaluation, headline: "AUROC" });
  assertEquals(numbers.map(({ name }) => name), ["AUROC", "Accuracy"]);
  const { value, low, high } = evaluation.metrics.AUROC;
  assertEquals(numbers[0], { name: "AUROC", value, low, high });
});

Deno.test("headlineNumbers() of folds are mean and standard deviation", () => {
  const folds = evaluateFolds([madeClasses(60, 3), madeClasses(63, 3)], metrics);
  const [first] = headlineNumbers({ evaluation: folds.pooled, folds, headline: "Accuracy" });
  const { mean, sd } = folds.metrics.Accuracy;
  assertEquals(first, {
    name: "Accuracy",
    value: mean,
    low: mean! - sd!,
    high: mean! + sd!,
    sd,
  });
});
