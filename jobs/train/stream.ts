/**
 * Training as a stream of events, for programs that follow it in a loop.
 * @module
 */
import type { TrainEvent } from "../../engine/train/events.ts";
import { eventsOf } from "../event_stream.ts";
import type { ConfigInput } from "../../registry/builder/config_input.ts";
import { train, type TrainedFold, type TrainOptions } from "./train.ts";

/**
 * Trains, and gives every event as it happens. Who leaves the loop early stops the run after the
 * batch that is under way.
 * @param config A resolved config, or parts of one.
 * @param options Registry, and the signal that stops the run.
 * @returns The events; when they end, what each fold has come to.
 * @throws {ConfigError} if the config is wrong, or its parts do not fit each other.
 * @throws {DataError} if data cannot be used or files cannot be written.
 * @throws {TrainingError} if the loss stays NaN or infinite.
 * @throws {PluginError} if a plugin is broken.
 * @throws {PartError} if that shows later, in a graph or on a thread that reads.
 *
 * @example Leaving after the first epoch
 * ```ts
 * import { configure, precomputed, precomputedFeatures, trainEvents } from "@glovita/glovita";
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const file = `${folder}/features.h5`;
 * const writer = await FeatureWriter.create(file, { embedDim: 2 });
 * writer.append(Float32Array.of(1, 0, 0, 1), [0, 1]); // two samples, of class 0 and 1
 * writer.close();
 *
 * const config = [
 *   configure(precomputedFeatures, {
 *     num_classes: 2,
 *     train_features_file: file,
 *     val_features_file: file,
 *   }),
 *   configure(precomputed, { feature_dim: 2 }),
 *   { training: { epochs: 100 }, exp_dir: folder },
 * ];
 * const epochs: number[] = [];
 * for await (const event of trainEvents(config)) {
 *   if (event.type === "epoch") epochs.push(event.epoch);
 *   if (epochs.length > 0) break;
 * }
 * assertEquals(epochs, [0]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @category Training
 */
export async function* trainEvents(
  config: ConfigInput,
  options: Omit<TrainOptions, "onEvent"> = {},
): AsyncGenerator<TrainEvent, readonly TrainedFold[], void> {
  return yield* eventsOf<TrainEvent, TrainedFold[]>(
    (hooks) => train(config, { ...options, ...hooks }),
    options.signal,
  );
}
