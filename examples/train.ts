/**
 * Trains a classifier on the handwritten digits in `digits/`, in about ten lines.
 *
 * Run with `npx -y deno@2.9.6 task example:train`.
 * @module
 */
import {
  classification,
  configure,
  cosineAnneal,
  precomputed,
  precomputedFeatures,
  train,
} from "@glovita/glovita";

const digits = configure(precomputedFeatures, {
  num_classes: 10,
  train_features_file: "digits/digits_train.h5",
  val_features_file: "digits/digits_val.h5",
  test_features_file: "digits/digits_test.h5",
});
const model = [configure(precomputed, { feature_dim: 64 }), configure(classification)];
const recipe = [
  configure(cosineAnneal, { warmup_epochs: 0 }),
  { optimizer: { lr: 0.01 }, training: { epochs: 10, seed: 0 } },
];

const [run] = await train([digits, ...model, ...recipe], {
  onEvent: (event) => event.type === "epoch" && console.log(event.epoch, event.val.val_Accuracy),
});

console.log(`best ${run.bestMetric} ${run.bestValue} of ${run.history.length} epochs`);
console.log(`test_Accuracy ${run.test?.test_Accuracy}, run ${run.directory}`);
