import { assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { exportVersions, modelMetadata } from "../../../jobs/export/model_metadata.ts";
import { VERSION } from "../../../engine/version.ts";
import { loadModel } from "../../../jobs/predict/load_model.ts";
import { registry } from "../../../registry/registry.ts";
import { inFolder } from "../../_training.ts";
import { trainFeatures } from "./_models.ts";

Deno.test("exportVersions() says what wrote and checked a file, and its format", async () => {
  const imports = JSON.parse(
    await Deno.readTextFile(new URL("../../../deno.json", import.meta.url)),
  ).imports;
  const { "onnxruntime-node": checked, ...rest } = await exportVersions();
  assertEquals(`npm:onnxruntime-node@${checked}`, imports["onnxruntime-node"]);
  assertEquals(rest, { glovita: VERSION, opset: 21, ir: 10, deno: Deno.version.deno });
});

Deno.test("modelMetadata() says what the file is, and nothing of the machine", async () => {
  await inFolder(async (folder) => {
    const { directory } = await trainFeatures(folder, { "logger.group": "g" });
    const model = await loadModel(join(directory, "checkpoints", "last.pt"), registry);
    const versions = await exportVersions();
    const facts = { models: [model], precision: 16, withPreprocessing: false, versions } as const;
    const { producer, config_sha256, versions: written, ...rest } = modelMetadata(facts);
    assertMatch(producer, /^glovita \d/);
    assertEquals(JSON.parse(written), versions);
    assertMatch(config_sha256, /^[0-9a-f]{64}$/);
    assertEquals(rest, {
      task: "Classification",
      subtask: "multiclass",
      num_classes: "3",
      input: "features",
      sample_shape: "[6]",
      encoder: '{"encoder_type":"precomputed","feature_dim":6}',
      head: '{"head_type":"classification","dropout":0,"init_std":null}',
      feature_aggregation_method: "cls_token",
      precision: "16",
      run: "precomputed_features/g/0",
      checkpoints: '["precomputed_features/g/0/checkpoints/last.pt"]',
    });
    const folds = modelMetadata({ ...facts, models: [model, model] });
    assertEquals([folds.run, JSON.parse(folds.checkpoints).length], ["precomputed_features/g", 2]);
    const transform = { channels: 3, operations: [] };
    const images = modelMetadata({ ...facts, transform, withPreprocessing: true });
    assertEquals([images.input, JSON.parse(images.transform)], ["image", transform]);
  });
});
