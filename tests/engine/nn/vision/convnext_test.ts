import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../../../engine/random.ts";
import { Parameters } from "../../../../engine/nn/scope.ts";
import { convnext } from "../../../../engine/nn/vision/convnext.ts";
import { testGolden, testVariants } from "./_variants.ts";

const SMALL = { depths: [1, 1, 2, 1], dims: [8, 16, 16, 24] };

testVariants("convnexts.json", convnext);

testGolden("test_convnext", convnext, {
  depths: [1, 2, 4, 2],
  dims: [24, 32, 48, 64],
  norm_eps: 1e-5,
  act_layer: "gelu_tanh",
});
testGolden("convnext_atto", convnext, {
  depths: [2, 2, 6, 2],
  dims: [40, 80, 160, 320],
  conv_mlp: true,
});

function declare(kwargs: Readonly<Record<string, unknown>>, sampleShape = [3, 64, 64]) {
  const parameters = new Parameters();
  convnext({ ...SMALL, ...kwargs }, { scope: parameters.scope(), sampleShape });
  return parameters.list();
}

Deno.test("convnext() starts as timm's does", () => {
  const start = (kwargs: Readonly<Record<string, unknown>>, name: string) => {
    const { shape, initializer } = declare(kwargs).find((each) => each.name === name)!;
    return [...initializer(shape, new Random(1))];
  };
  for (const name of ["stages.3.blocks.0.conv_dw.weight", "stages.3.blocks.0.mlp.fc1.weight"]) {
    const weight = start({}, name);
    const spread = Math.sqrt(weight.reduce((sum, value) => sum + value ** 2, 0) / weight.length);
    assertAlmostEquals(spread, 0.02, 1e-3);
    assertEquals(new Set(start({}, name.replace("weight", "bias"))), new Set([0]));
  }
  assertEquals(new Set(start({ ls_init_value: 0.5 }, "stages.0.blocks.0.gamma")), new Set([0.5]));
  assertEquals(new Set(start({ use_grn: true }, "stages.0.blocks.0.mlp.grn.weight")), new Set([0]));
});

Deno.test("convnext() has no factors where ls_init_value is null", () => {
  const gammas = (kwargs: Readonly<Record<string, unknown>>) =>
    declare(kwargs).filter(({ name }) => name.endsWith(".gamma")).length;
  assertEquals([gammas({}), gammas({ ls_init_value: null })], [5, 0]);
});

const refusals: [kwargs: Record<string, unknown>, message: string][] = [
  [{ depths: [1] }, '"depths" of convnext to be 4 integers of at least 1, received [1]'],
  [{ kernel_sizes: 6 }, '"kernel_sizes" of convnext to be an odd integer or 4 of them, received 6'],
  [{ kernel_sizes: [7, 7] }, '"kernel_sizes" of convnext'],
  [{ patch_size: 8 }, '"patch_size" of convnext to be an integer of at most 7, received 8'],
  [{ output_stride: 16 }, '"output_stride" of convnext to be 32, received 16'],
  [{ stem_type: "conv" }, '"stem_type" of convnext to be "patch", "overlap", "overlap_tiered" or'],
  [{ norm_layer: "batchnorm2d" }, '"norm_layer" of convnext to be "layernorm"'],
  [{ in_chans: 4 }, '"in_chans" of convnext to be 3, the channels of the images, received 4'],
  [{ dim: 8 }, 'received "dim": 8'],
];

for (const [kwargs, message] of refusals) {
  Deno.test(`convnext() refuses ${JSON.stringify(kwargs)}`, () => {
    assertThrows(() => declare(kwargs), RangeError, message);
  });
}

Deno.test("convnext() refuses images of which nothing is left", () => {
  const message = "expected images of at least 32 by 32 for convnext, received 32 by 31";
  assertThrows(() => declare({}, [3, 32, 31]), RangeError, message);
  assertThrows(() => declare({ stem_type: "overlap" }, [3, 28, 64]), RangeError, "29 by 29");
  assertEquals(declare({ stem_type: "overlap" }, [3, 29, 64]).length > 0, true);
});
