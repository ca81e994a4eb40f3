import * as v from "valibot";
import { applyOne } from "../../../engine/ir/create.ts";
import { add, mul, tanh } from "../../../engine/ir/elementwise.ts";
import { reshape, transpose, unsqueeze } from "../../../engine/ir/layout.ts";
import { reduceMean } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import type { ForwardContext } from "../../../engine/nn/scope.ts";
import type { Encoder, EncoderPlugin, SourceModule } from "../../../registry/plugin.ts";
import { assertFails, plain } from "./_broken.ts";

const SHAPES = "accepts samples of some shape";
const LAYOUT = "gives finite output of the announced layout";
const STEADY = "draws no random numbers in evaluation";
const COMPANY = "encodes a sample alone as in a batch";
const SLOPES = "has the gradients of finite differences";
const SAVED = "computes the same bits when saved and built again";
const READER = "reads samples as it announces";

const EMBED_DIM = 4;

/** An encoder of one layer whose output is changed. */
const oneLayer = (
  change: (embedded: Tensor, mode: ForwardContext) => Tensor,
  parts: Partial<Encoder> = {},
) =>
  plain("encoder_type", (_, { scope, sampleShape: [width] }) => {
    const layer = scope.linear("layer", width, EMBED_DIM);
    return {
      output: "features",
      embedDim: EMBED_DIM,
      forward: (samples, mode) => change(tanh(layer(samples, mode)), mode),
      ...parts,
    };
  });

const same = (x: Tensor) => x;

/** Four tokens of one number each. */
const tokens = (x: Tensor) => unsqueeze(x, [2]);

Deno.test("encoderChecks accept features, tokens and maps, also where they take time", async () => {
  await assertFails(oneLayer(same), {});
  const prefixed = { output: "tokens", embedDim: 1, numPrefixTokens: 1, hasClassToken: true };
  await assertFails(oneLayer(tokens, prefixed as Partial<Encoder>), {});
  const map = (x: Tensor) => reshape(x, ["batch", 2, 2, 1]);
  await assertFails(oneLayer(map, { output: "map", embedDim: 2 }), {});
  const slow = oneLayer(same);
  const later = plain("encoder_type", async (options, context) => {
    await Promise.resolve();
    return await slow.create(options, context);
  });
  await assertFails(later, {});
});

Deno.test("encoderChecks take the shape of samples from the plugin, or from its author", async () => {
  const images: EncoderPlugin = {
    ...plain("encoder_type", (_, { sampleShape }) => {
      if (String(sampleShape) !== "1,6,8") throw new RangeError(`no ${sampleShape}`);
      return {
        output: "features",
        embedDim: 48,
        forward: (samples) => reshape(samples, ["batch", 48]),
      };
    }),
    preprocessing: () => ({ channels: 1, imageSize: [6, 8] }),
  };
  await assertFails(images, {});
  const { preprocessing: _, ...silent } = images;
  const every = [SHAPES, LAYOUT, STEADY, COMPANY, SLOPES, SAVED, READER];
  const refused = /^it refuses samples of \[1\], .*, give context.sampleShape: no 3,224,224$/;
  await assertFails(silent, Object.fromEntries(every.map((name) => [name, refused])));
  await assertFails(silent, {}, { context: { sampleShape: [1, 6, 8] } });
  const wrong = Object.fromEntries(every.map((name) => [name, /^no 9$/]));
  await assertFails(silent, wrong, { context: { sampleShape: [9] } });
});

Deno.test("encoderChecks find output of another layout", async () => {
  await assertFails(oneLayer(same, { embedDim: 5 }), {
    [LAYOUT]: /^embeddings are 4 wide, embedDim is 5$/,
  });
  await assertFails(oneLayer(same, { output: "tokens" }), {
    [LAYOUT]: /^its output is float32 \[batch, 4\], announced: tokens$/,
  });
  await assertFails(oneLayer(same, { output: "vector" as "features" }), {
    [LAYOUT]: /^its output is "vector"$/,
  });
  const crowded = { output: "tokens", embedDim: 1, numPrefixTokens: 4 } as const;
  await assertFails(oneLayer(tokens, crowded), {
    [LAYOUT]: /^its output is float32 \[batch, 4, 1\], of which 4 tokens precede the patches$/,
  });
  const headless = { output: "tokens", embedDim: 1, hasClassToken: true } as const;
  await assertFails(oneLayer(tokens, headless), {
    [LAYOUT]: /^it has a class token and no prefix tokens$/,
  });
  const endless = oneLayer((x) => mul(x, Infinity));
  await assertFails(endless, { [LAYOUT]: /^embeddings hold/, [COMPANY]: /./, [SLOPES]: /./ });
});

Deno.test("encoderChecks find noise in evaluation, and samples that mix", async () => {
  const noisy = oneLayer((x, { random }) => random.dropout(x, 0.5));
  await assertFails(noisy, { [STEADY]: /^its evaluation depends on the seed$/, [COMPANY]: /./ });
  const mixed = oneLayer((x) => add(x, reduceMean(x, { axes: [0], keepdims: true })));
  await assertFails(mixed, { [COMPANY]: /^the embedding of sample 0 changes with its neighbours/ });
});

Deno.test("encoderChecks find gradients that are wrong, and numbers not in the weights", async () => {
  const halved = oneLayer((x) => add(x, applyOne("Identity", [x], { detached: true })));
  await assertFails(halved, { [SLOPES]: /^the gradient of "encoder.model.layer.weight" / });
  let calls = 0;
  const hidden = oneLayer((x) => mul(x, 1 + calls++ / 100));
  await assertFails(hidden, { [SAVED]: /^embeddings were / });
});

/** A module that gives sums of neighbouring values, two for four. */
function summing(source: SourceModule, parts = "", memory = "undefined"): SourceModule {
  const code = `export async function openSource({ module, options }) {
    const source = await (await import(module)).openSource(options);
    let calls = 0;
    const memory = (${memory});
    return {
      async read(indices) {
        const into = indices.length === 1 ? memory : undefined;
        const { features } = await source.read(indices, { into });
        return { features: features.filter((_, i) => i % 2 === 0).map((x, i) => ${parts || "x"}) };
      },
      close() { source.close(); },
    };
  }`;
  return { module: `data:text/javascript,${encodeURIComponent(code)}`, options: source };
}

const reading = (parts = "", inputShape: readonly number[] = [4], memory?: string) =>
  plain("encoder_type", () => ({
    output: "features",
    embedDim: 4,
    reader: { inputShape, wrap: (source) => summing(source, parts, memory) },
    forward: (samples) => transpose(transpose(samples)),
  }));

Deno.test("encoderChecks accept a stage before the graph, and find one that breaks its word", async () => {
  const context = { sampleShape: [8] };
  await assertFails(reading(), {}, { context });
  await assertFails(reading("", [5]), {
    [READER]: /^its reader gives 8 values for 2 samples of \[5\]$/,
    [LAYOUT]: /./,
  }, { context });
  await assertFails(reading("x / (i % 4)"), {
    [READER]: /^its reader gives values that are not finite$/,
  }, { context });
  await assertFails(reading("x + calls++"), {
    [READER]: /^what its reader makes of a sample changes with its neighbours/,
  }, { context });
  await assertFails(reading("", [4], "new Float32Array(8)"), {
    [READER]: /^what its reader makes of a sample changes with others on the way/,
  }, { context });
});

Deno.test("encoderChecks check encoders with options", async () => {
  const wide: EncoderPlugin<{ readonly width: number }> = {
    slot: "encoder_type",
    key: "wide",
    description: "a wide one",
    config: v.strictObject({
      width: v.pipe(v.number(), v.integer(), v.minValue(1), v.description("width")),
    }),
    create({ width }, { scope, sampleShape: [inputs] }) {
      const layer = scope.linear("layer", inputs, width);
      return { output: "features", embedDim: width, forward: layer };
    },
  };
  await assertFails(wide, {});
  await assertFails(wide, {}, { config: { width: 7 } });
});
