/** A listener in place of the console, and a training that only says that it ran. @module */
import type { Io } from "../../cli/io.ts";
import type { StopSignal } from "../../cli/signals.ts";
import { trainCommand, type TrainCommandOptions } from "../../cli/train.ts";
import type { TrainOptions } from "../../jobs/train/train.ts";
import type { ResolvedConfig } from "../../registry/config/tree.ts";
import { fakeRegistry } from "../registry/_fakes.ts";

/** Lines that a command wrote. */
export interface Heard extends Io {
  readonly outLines: string[];
  readonly errLines: string[];
}

/** Makes a listener. */
export function listener(): Heard {
  const outLines: string[] = [];
  const errLines: string[] = [];
  return {
    outLines,
    errLines,
    out: (text) => void outLines.push(...text.split("\n")),
    err: (text) => void errLines.push(...text.split("\n")),
    terminal: false,
  };
}

/** What a command did. */
export interface Outcome {
  readonly code: number;
  readonly out: string[];
  readonly err: string[];
  readonly config: ResolvedConfig | undefined;
  readonly plugins: readonly string[] | undefined;
}

/** Stands in for training. */
export type FakeTrain = (
  options: Required<TrainOptions>,
  press: (signal: StopSignal) => void,
) => unknown;

/** Runs `glovita_train` on fakes. */
export async function runTrain(
  args: readonly string[],
  train: FakeTrain = () => {},
  options: TrainCommandOptions = {},
): Promise<Outcome> {
  const io = listener();
  let config: ResolvedConfig | undefined;
  let plugins: readonly string[] | undefined;
  let press: (signal: StopSignal) => void = () => {};
  const code = await trainCommand(args, {
    io,
    registry: fakeRegistry(),
    loadBuiltIns: () => Promise.resolve(),
    listen: (onSignal) => {
      press = onSignal;
      return () => {};
    },
    loadTrain: () =>
      Promise.resolve(async (resolved, given) => {
        [config, plugins] = [resolved, given.plugins];
        await train(given, press);
      }),
    ...options,
  });
  return { code, out: io.outLines, err: io.errLines, config, plugins };
}

/** A command line that resolves with the fakes. */
export const MINIMAL: readonly string[] =
  ("--data.dataset precomputed_features --data.num_classes 2 --data.train_features_file a.h5 " +
    "--data.val_features_file b.h5 --model.encoder.encoder_type precomputed " +
    "--model.encoder.feature_dim 64 --model.head.head_type classification").split(" ");
