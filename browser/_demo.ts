/**
 * Trains on the handwritten digits and writes the page of the model to `docs/demo`.
 *
 * Run with `npx -y deno@2.9.6 task demo`.
 */
import "../plugins/mod.ts";
import { fileURLToPath } from "node:url";
import { exportModel } from "../jobs/export/export.ts";
import { train } from "../jobs/train/train.ts";
import { precomputedFeatures } from "../plugins/dataset/precomputed_features.ts";
import { precomputed } from "../plugins/encoder_type/precomputed.ts";
import { configure } from "../registry/configure.ts";

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

if (import.meta.main) {
  const folder = await Deno.makeTempDir();
  try {
    const [{ directory }] = await train([
      configure(precomputedFeatures, {
        num_classes: 10,
        train_features_file: at("digits/digits_train.h5"),
        val_features_file: at("digits/digits_val.h5"),
      }),
      configure(precomputed, { feature_dim: 64 }),
      {
        optimizer: { lr: 0.01 },
        training: { epochs: 20, seed: 0 },
        logger: { group: "digits" },
        exp_dir: folder,
      },
    ]);
    await exportModel({ exp_dir: directory, browser: at("docs/demo") });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
