import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { input, scalar } from "../../../../engine/ir/create.ts";
import { RandomStream } from "../../../../engine/nn/random.ts";
import { Parameters } from "../../../../engine/nn/scope.ts";
import {
  swinTransformer,
  swinTransformerV2,
} from "../../../../engine/nn/vision/swin_transformer.ts";
import type { VisionArchitecture } from "../../../../engine/nn/vision/vision_model.ts";
import { wrapScope } from "../../../../engine/nn/wrap_scope.ts";
import { Random } from "../../../../engine/random.ts";
import { testVariants } from "./_variants.ts";

const SMALL = { img_size: 64, embed_dim: 16, depths: [1, 2, 1, 1], num_heads: [1, 2, 4, 4] };
const SHAPE = [3, 64, 64];

testVariants("swins.json", swinTransformer);
testVariants("swins_v2.json", swinTransformerV2);

function declare(
  architecture: VisionArchitecture,
  kwargs: Readonly<Record<string, unknown>>,
  sampleShape = SHAPE,
) {
  const parameters = new Parameters();
  architecture({ ...SMALL, ...kwargs }, { scope: parameters.scope(), sampleShape });
  return parameters.list();
}

Deno.test("Swin Transformers start as timm's do", () => {
  const start = (architecture: VisionArchitecture, name: string) => {
    const { shape, initializer } = declare(architecture, {}).find((each) => each.name === name)!;
    return [...initializer(shape, new Random(1))];
  };
  for (const name of ["attn.qkv.weight", "mlp.fc1.weight", "attn.relative_position_bias_table"]) {
    const values = start(swinTransformer, `layers.0.blocks.0.${name}`);
    const spread = Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
    assertAlmostEquals(spread, 0.02, 4e-3);
  }
  const constant = (name: string) => new Set(start(swinTransformerV2, `layers.1.blocks.0.${name}`));
  assertEquals(constant("norm1.weight"), new Set([0]));
  assertEquals(constant("attn.q_bias"), new Set([0]));
  assertEquals(constant("attn.logit_scale"), new Set([Math.fround(Math.log(10))]));
  assertEquals(new Set(start(swinTransformerV2, "layers.1.downsample.norm.weight")), new Set([1]));
});

Deno.test("Swin Transformers say what their tables of positions are laid out for", () => {
  const scope = new Parameters().scope();
  const kwargs = { ...SMALL, window_size: [4, 4, 2, 4] };
  const { windows } = swinTransformer(kwargs, { scope, sampleShape: SHAPE });
  assertEquals(Object.fromEntries(windows!), {
    "layers.0.blocks.0.attn": [4, 4],
    "layers.1.blocks.0.attn": [4, 4],
    "layers.1.blocks.1.attn": [4, 4],
    "layers.2.blocks.0.attn": [2, 2],
    "layers.3.blocks.0.attn": [2, 2],
  });
});

Deno.test("Swin Transformers ask their scope for linear maps and the networks of blocks", () => {
  const asked: string[] = [];
  const scope = wrapScope(new Parameters().scope(), {
    linear({ name, base }) {
      asked.push(name);
      return base;
    },
    layer({ name, base }) {
      asked.push(name);
      return base;
    },
  });
  swinTransformer({ ...SMALL, depths: [1, 1, 1, 1] }, { scope, sampleShape: SHAPE });
  const ofBlock = ["attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2", "mlp_branch"];
  assertEquals(
    asked,
    [0, 1, 2, 3].flatMap((stage) => [
      ...stage === 0 ? [] : [`layers.${stage}.downsample.reduction`],
      ...ofBlock.map((name) => `layers.${stage}.blocks.0.${name}`),
    ]),
  );
});

Deno.test("Swin Transformers drop branches in training, the last one in ten, as timm's do", () => {
  for (const architecture of [swinTransformer, swinTransformerV2]) {
    const drawn: number[] = [];
    const random = new RandomStream(scalar(0, "uint32"));
    random.dropout = (x, rate) => {
      drawn.push(rate);
      return x;
    };
    const scope = new Parameters().scope();
    const model = architecture(SMALL, { scope, sampleShape: SHAPE });
    const images = input("images", "float32", ["batch", ...SHAPE]);
    model.forward(images, { training: false, random });
    assertEquals(drawn, []);
    model.forward(images, { training: true, random });
    const rates = drawn.filter((rate) => rate > 0); // others are those of dropout
    const expected = [1, 2, 3, 4].flatMap((index) => [0.1 * index / 4, 0.1 * index / 4]);
    assertEquals(rates, expected);
  }
});

const refusals: [kwargs: Record<string, unknown>, message: string][] = [
  [{ img_size: 32 }, '"img_size" of swin_transformer to be [64,64], the size of the images'],
  [{ in_chans: 4 }, '"in_chans" of swin_transformer to be 3, the channels of the images'],
  [{ depths: [1, 1] }, '"depths" of swin_transformer to be 4 integers of at least 1'],
  [{ num_heads: [3, 2, 4, 4] }, '"num_heads" of swin_transformer to be divisors of embed_dim, 16'],
  [{ window_size: [7, 7, 7] }, '"window_size" of swin_transformer to be an integer, two of them'],
  [{ window_size: 0 }, '"window_size" of swin_transformer'],
  [{ mlp_ratio: [4, 4] }, '"mlp_ratio" of swin_transformer to be a number greater than 0 or 4'],
  [{ head_dim: 8 }, '"head_dim" of swin_transformer to be null, received 8'],
  [{ strict_img_size: false }, '"strict_img_size" of swin_transformer to be true'],
  [{ norm_layer: "rmsnorm" }, 'received "norm_layer": "rmsnorm"'],
];

for (const [kwargs, message] of refusals) {
  Deno.test(`swinTransformer() refuses ${JSON.stringify(kwargs)}`, () => {
    assertThrows(() => declare(swinTransformer, kwargs), RangeError, message);
  });
}

Deno.test("swinTransformerV2() refuses windows of one entry, whose offsets have no scale", () => {
  const message =
    '"window_size" of swin_transformer_v2 to be an integer of at least 2, two of them';
  assertThrows(() => declare(swinTransformerV2, { window_size: [4, 1] }), RangeError, message);
  const pretrained = { pretrained_window_sizes: [4, 4, 2, 1] };
  assertThrows(() => declare(swinTransformerV2, pretrained), RangeError, "received [4,4,2,1]");
  assertEquals(
    declare(swinTransformerV2, { pretrained_window_sizes: [4, 4, 2, 0] }).length > 0,
    true,
  );
});

Deno.test("Swin Transformers refuse images of which nothing is left to compare", () => {
  const small = (architecture: VisionArchitecture, side: number) =>
    declare(architecture, { img_size: side }, [3, side, side]);
  assertEquals(small(swinTransformer, 32).length > 0, true);
  const message = "expected images of at least 32 by 32 for swin_transformer, received 31 by 31";
  assertThrows(() => small(swinTransformer, 31), RangeError, message);
  assertEquals(small(swinTransformerV2, 64).length > 0, true);
  assertThrows(() => small(swinTransformerV2, 63), RangeError, "64 by 64 for swin_transformer_v2");
});
