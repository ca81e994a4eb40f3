import { assertEquals, assertThrows } from "@std/assert";
import { checkTemplate, outputPath } from "../../../jobs/extract/names.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { extractConfig } from "../../_extraction.ts";

const image = { split: "val", sampleShape: [3, 224, 224] } as const;

Deno.test("outputPath() names files as GloViTa does", () => {
  const config = extractConfig("out", { "model.encoder.type": "resnet50.a1_in1k" });
  assertEquals(
    outputPath(config, image),
    "out/agg_joint_resnet50_a1_in1k_made_up_val_size224_float16.h5",
  );
  const features = { split: "train", sampleShape: [64] } as const;
  assertEquals(
    outputPath(extractConfig("out", { precision: "32", method: "avg" }), features),
    "out/agg_avg_tiny_v1_0_made_up_train_sizena_float32.h5",
  );
});

Deno.test("outputPath() fills every placeholder of a template", () => {
  const config = extractConfig("out", {
    output_filename: "{checkpoint}-{model}-{dataset}-{split}-{imgsize}-{precision}-{method}.x.h5",
    checkpoint_path: "run/checkpoints/last.pt",
  });
  assertEquals(outputPath(config, image), "out/last-tiny_v1_0-made_up-val-224-16-joint.x.h5");
  const shard = { index: 2, count: 4 };
  assertEquals(
    outputPath(extractConfig("out", { output_filename: "{checkpoint}.h5" }), { ...image, shard }),
    "out/none.shard-2-of-4.h5",
  );
});

Deno.test("checkTemplate() wants one name for each file", () => {
  checkTemplate(extractConfig("out"));
  checkTemplate(extractConfig("out", { split: "val", output_filename: "a.h5" }));
  const cases: [string, string][] = [
    ["a.h5", 'expected {split} in the name of several splits\' files, or --split; received "a.h5"'],
    ["{split}}.h5", 'expected closed braces, received "{split}}.h5"'],
    [
      "{split}{modle}.h5",
      "expected placeholders of {method} {model} {dataset} {split} {imgsize} {precision} " +
      '{checkpoint}, received "{modle}", did you mean "model"?',
    ],
  ];
  for (const [output_filename, message] of cases) {
    const config = extractConfig("out", { output_filename });
    const error = assertThrows(() => checkTemplate(config), ConfigError);
    assertEquals(error.message, `output_filename: ${message}`);
  }
});
