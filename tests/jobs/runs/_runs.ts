/** Run directories for tests that look at what came of runs. */
import "../../../plugins/mod.ts";
import { join } from "node:path";
import { RunDirectory } from "../../../engine/train/run_directory.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { registry } from "../../../registry/registry.ts";

/** What a run says of itself. */
export interface RunFacts {
  /** Fields of its config, over those of a run on precomputed features. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** A validation value per epoch. */
  readonly accuracy?: readonly number[];
  /** The value on the test split. */
  readonly test?: number;
  /** What `runtime_info.json` holds. */
  readonly info?: Readonly<Record<string, unknown>>;
}

const DATA = {
  dataset: "precomputed_features",
  num_classes: 3,
  train_features_file: "train.h5",
  val_features_file: "val.h5",
};

/** Writes a run of so many epochs; it asks for 3. */
export async function writeRun(
  expDir: string,
  place: string,
  { config = {}, accuracy = [0.5, 0.75, 0.625], test, info = {} }: RunFacts = {},
): Promise<RunDirectory> {
  const directory = new RunDirectory(join(expDir, place));
  directory.take().release();
  const file = {
    data: { ...DATA, ...config.data },
    model: {
      encoder: { encoder_type: "precomputed", feature_dim: 6, ...config.encoder },
      head: { head_type: "classification", ...config.head },
    },
    training: { epochs: 3, seed: 1, ...config.training },
    task: { ...config.task },
  };
  const { config: resolved } = resolveConfig({ file }, registry);
  await directory.write("resolvedConfig", resolved);
  await directory.write("runtimeInfo", { started: "2026-01-02T03:04:05.000Z", ...info });
  await directory.writeMetrics({
    train: accuracy.map((_, epoch) => ({ epoch, train_loss: 1 })),
    val: accuracy.map((value, epoch) => ({ epoch, val_loss: 1 - value, val_Accuracy: value })),
    ...test !== undefined && { test: { test_loss: 1, test_Accuracy: test } },
  });
  return directory;
}
