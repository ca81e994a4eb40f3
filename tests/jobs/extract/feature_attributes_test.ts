import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  featureAttributes,
  type FeatureOrigin,
  fingerprintOf,
  shortFingerprint,
} from "../../../jobs/extract/feature_attributes.ts";
import type { Dataset, ImageTransform } from "../../../registry/plugin.ts";
import { extractConfig } from "../../_extraction.ts";

const dataset: Dataset = {
  task: "Classification",
  subtask: "multiclass",
  numClasses: 2,
  classNames: ["cat", "dog"],
  open: () => Promise.resolve(undefined),
};
const transform: ImageTransform = {
  channels: 3,
  size: [224, 224],
  operations: [
    { op: "resize_shorter", size: 256, interpolation: "bicubic" },
    { op: "center_crop", size: [224, 224] },
    { op: "normalize", mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  ],
};
const weights = { values: new Map(), origin: "/hub/model.safetensors", sha256: "ab", notices: [] };
const origin: FeatureOrigin = {
  config: extractConfig("out", { checkpoint_path: "run/checkpoints/best.pt" }),
  ...{ dataset, name: "val", transform, weights, matmulPrecision: "high", embedDim: 8 },
  device: "cpu",
  float16: false,
};
const attributes = featureAttributes(origin);

Deno.test("featureAttributes() says what the features are made of", () => {
  const { transform: operations, augmentation, glovita_version, ...rest } = attributes;
  assertEquals(JSON.parse(String(operations)), transform);
  assertEquals(JSON.parse(String(augmentation)).test_policy, "plain");
  assert(/^\d+\.\d+\.\d+/.test(String(glovita_version)));
  assertEquals(rest, {
    dataset: "made_up",
    split: "val",
    task: "Classification",
    subtask: "multiclass",
    num_classes: 2,
    class_names: '["cat","dog"]',
    encoder: '{"encoder_type":"tiny","type":"tiny/v1.0","scale":1}',
    encoder_type: "tiny",
    encoder_name: "tiny/v1.0",
    weights: "model.safetensors",
    weights_sha256: "ab",
    checkpoint: "best.pt",
    peft: '{"method":"full_finetuning"}',
    feature_aggregation_method: "joint",
    embed_dim: 8,
    precision: 16,
    float32_matmul_precision: "high",
    image_size: "224x224",
    interpolation: "bicubic",
    mean: "[0.5,0.5,0.5]",
    std: "[0.25,0.25,0.25]",
  });
});

Deno.test("featureAttributes() names the device where it is not the CPU, and float16", () => {
  const onDevice = featureAttributes({ ...origin, device: "webgpu" });
  assertEquals(onDevice, { ...attributes, device: "webgpu" });
  const inHalf = featureAttributes({ ...origin, device: "webgpu", float16: true });
  assertEquals(inHalf, { ...onDevice, precision_compute: 16 });
});

Deno.test("fingerprintOf() differs where the work differs", () => {
  const split = {
    length: 2,
    ids: ["a", "b"],
    labels: { values: Int32Array.of(0, 1), width: 1 },
  };
  const first = fingerprintOf(attributes, split);
  assertEquals(fingerprintOf(attributes, { ...split, ids: ["a", "b"] }), first);
  const others = [
    fingerprintOf({ ...attributes, weights_sha256: "cd" }, split),
    fingerprintOf(attributes, { ...split, ids: ["a", "c"] }),
    fingerprintOf(attributes, { ...split, labels: { values: Int32Array.of(1, 1), width: 1 } }),
    fingerprintOf(attributes, { ...split, length: 3 }),
  ];
  for (const other of others) {
    assertNotEquals(other, first);
    assertNotEquals(shortFingerprint(other), shortFingerprint(first));
  }
});
