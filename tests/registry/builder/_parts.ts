/** Configs in parts, for tests that train. */
import { classification } from "../../../plugins/head_type/classification.ts";
import { precomputed } from "../../../plugins/encoder_type/precomputed.ts";
import { precomputedFeatures } from "../../../plugins/dataset/precomputed_features.ts";
import { cosineAnneal } from "../../../plugins/scheduler/CosineAnneal.ts";
import { type ConfigPart, configure } from "../../../registry/configure.ts";
import { CLASSES, DIM, type Files } from "../../_training.ts";

/** What `runFlags` says, as a program says it. */
export function runParts(files: Files, ...parts: readonly ConfigPart[]): readonly ConfigPart[] {
  return [
    configure(precomputedFeatures, {
      num_classes: CLASSES,
      train_features_file: files.train,
      val_features_file: files.val,
      test_features_file: files.test,
    }),
    configure(precomputed, { feature_dim: DIM }),
    configure(classification),
    configure(cosineAnneal, { warmup_epochs: 1 }),
    {
      dataloading: { batch_size: 16, num_workers: 0 },
      optimizer: { lr: 0.01 },
      training: { epochs: 2, seed: 0 },
      exp_dir: `${files.folder}/experiments`,
    },
    ...parts,
  ];
}
