/** Weights that Hugging Face's transformers has saved, against what its models give. */
import { assertEquals, assertLess } from "@std/assert";
import * as v from "valibot";
import { input } from "../../../engine/ir/create.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import { Session, type Value } from "../../../engine/runtime/session.ts";
import { timm } from "../../../plugins/encoder_type/timm.ts";
import { readJson, relativeError } from "../../_golden.ts";
import { EVALUATION, ruleImages } from "../../_timm.ts";

interface Case {
  readonly name: string;
  readonly timm_kwargs: Readonly<Record<string, unknown>>;
  readonly shape: readonly number[];
  readonly features: readonly number[];
}

const FOLDER = new URL("../../testdata/transformers/", import.meta.url);
const SHAPE = [3, 8, 8];

for (const expected of readJson<Case[]>("transformers/features.json")) {
  Deno.test(`timm gives the features of transformers with its weights: ${expected.name}`, async () => {
    const parameters = new Parameters();
    const config = v.parse(timm.config, {
      type: "vit_tiny_patch16_224",
      model_kwargs: expected.timm_kwargs,
      weights_file: new URL(`${expected.name}.safetensors`, FOLDER).pathname,
    });
    const context = { scope: parameters.scope(), sampleShape: SHAPE, source: "images" };
    const encoder = await timm.create(config, context);
    const { values, notices } = await encoder.pretrained!({});
    assertEquals(values.size, parameters.list().length);
    // A token that only pretraining uses has no place; a pooling layer is no news.
    assertEquals(notices.length, expected.name === "vit" ? 0 : 1);

    const images = input("input", "float32", ["batch", ...SHAPE]);
    const session = await Session.create({ tokens: encoder.forward(images, EVALUATION) });
    const feeds: Record<string, Value> = { input: ruleImages(SHAPE) };
    for (const { name, shape } of parameters.list()) {
      feeds[name] = { dtype: "float32", shape, data: values.get(name)! };
    }
    const { tokens } = await session.run(feeds);
    await session.release();
    assertEquals([...tokens.shape], [...expected.shape]);
    assertLess(relativeError(tokens.data as Float32Array, expected.features), 1e-5);
  });
}
