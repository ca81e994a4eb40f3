/**
 * Trains a classifier on the handwritten digits in `digits/`, with the library's public functions.
 *
 * Run with `npx -y deno@2.9.6 task quickstart`.
 * @module
 */
import { registry, resolveConfig, train, type TrainEvent } from "@glovita/glovita";

const FLAGS: readonly (readonly [string, string])[] = [
  ["data.dataset", "precomputed_features"],
  ["data.num_classes", "10"],
  ["data.train_features_file", "digits/digits_train.h5"],
  ["data.val_features_file", "digits/digits_val.h5"],
  ["data.test_features_file", "digits/digits_test.h5"],
  ["model.encoder.encoder_type", "precomputed"],
  ["model.encoder.feature_dim", "64"],
  ["model.head.head_type", "classification"],
  ["dataloading.batch_size", "32"],
  ["optimizer.lr", "0.01"],
  ["optimizer.warmup_epochs", "0"],
  ["training.epochs", "30"],
  ["training.seed", "0"],
];

const { config } = resolveConfig({
  flags: FLAGS.map(([path, value]) => ({ path: path.split("."), values: [value] })),
}, registry);

const [{ directory, bestEpoch, test }] = await train(config, { onEvent: show });

console.log(`
test accuracy ${test!.test_Accuracy.toFixed(4)}, with the weights of epoch ${bestEpoch + 1}

The run is in ${directory}
  checkpoints/best.pt      the best weights, a file that PyTorch opens
  checkpoints/last.pt      the last ones; epoch_0000.pt and so on, those of every epoch
  predictions_test.csv     what the best weights say of each sample; predictions_val.csv as well
  metrics_test.json        metrics with intervals, numbers by class; metrics_val.json as well
  metrics.json             loss and metrics of every epoch
  config.json              what was asked for
  resolved_config.json     what was run, with the seed: enough to repeat or continue it
  runtime_info.json        versions, machine, time

To see it: curves, confusion matrix, mistakes
  npx -y deno@${Deno.version.deno} task glovita_report ${directory}

The same from the command line, to change as you like:
  npx -y deno@${Deno.version.deno} task train \\
${FLAGS.map(([path, value]) => `    --${path} ${value}`).join(" \\\n")}`);

/** Prints every fifth epoch. */
function show(event: TrainEvent): void {
  if (event.type === "run") {
    const { train, val, test } = event.samples;
    console.log(`${train} scans to train on, ${val} to validate, ${test} to test`);
  } else if (event.type === "epoch" && (event.epoch + 1) % 5 === 0) {
    const { train, val } = event;
    console.log(
      `epoch ${event.epoch + 1} of ${event.epochs}: loss ${train.train_loss.toFixed(4)}, ` +
        `validation accuracy ${val.val_Accuracy.toFixed(4)}`,
    );
  }
}
