/**
 * Trains on the handwritten digits and writes the page of the model to `docs/demo`.
 *
 * Run with `npx -y deno@2.9.6 task demo`.
 */
import "../plugins/mod.ts";
import { exportModel } from "../jobs/export/export.ts";
import { train } from "../jobs/train/train.ts";
import { precomputedFeatures } from "../plugins/dataset/precomputed_features.ts";
import { precomputed } from "../plugins/encoder_type/precomputed.ts";
import { configure } from "../registry/configure.ts";

/** Where the run lies meanwhile. Its config is hashed into the model: places of one machine do not belong. */
const FOLDER = "experiments/demo_of_pages";

if (import.meta.main) {
  Deno.chdir(new URL("../", import.meta.url));
  try {
    const [{ directory }] = await train([
      configure(precomputedFeatures, {
        num_classes: 10,
        train_features_file: "digits/digits_train.h5",
        val_features_file: "digits/digits_val.h5",
      }),
      configure(precomputed, { feature_dim: 64 }),
      {
        optimizer: { lr: 0.01 },
        training: { epochs: 20, seed: 0 },
        logger: { group: "digits" },
        exp_dir: FOLDER,
      },
    ]);
    await exportModel({ exp_dir: directory, browser: "docs/demo" });
  } finally {
    await Deno.remove(FOLDER, { recursive: true });
  }
}
