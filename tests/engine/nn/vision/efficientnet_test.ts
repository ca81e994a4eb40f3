import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { input, scalar } from "../../../../engine/ir/create.ts";
import { RandomStream } from "../../../../engine/nn/random.ts";
import { Parameters } from "../../../../engine/nn/scope.ts";
import { efficientnet } from "../../../../engine/nn/vision/efficientnet.ts";
import { Random } from "../../../../engine/random.ts";
import { testVariants } from "./_variants.ts";

const SMALL = {
  arch_def: [["ds_r1_k3_s1_c16"], ["ir_r2_k5_s2_e6_c24_se0.25"], ["er_r1_k3_s2_e4_c32"]],
  num_features: 64,
};

testVariants("efficientnets.json", efficientnet);

function declare(kwargs: Readonly<Record<string, unknown>>, sampleShape = [3, 32, 32]) {
  const parameters = new Parameters();
  efficientnet({ ...SMALL, ...kwargs }, { scope: parameters.scope(), sampleShape });
  return parameters.list();
}

Deno.test("efficientnet() starts as timm's does", () => {
  const start = (name: string) => {
    const { shape, initializer } = declare({}).find((each) => each.name === name)!;
    return [...initializer(shape, new Random(1))];
  };
  const spread = (name: string) => {
    const weight = start(name);
    return Math.sqrt(weight.reduce((sum, value) => sum + value ** 2, 0) / weight.length);
  };
  assertAlmostEquals(spread("blocks.2.0.conv_exp.weight"), Math.sqrt(2 / (9 * 96)), 2e-3);
  assertAlmostEquals(spread("blocks.1.1.conv_dw.weight"), Math.sqrt(2 / 25), 2e-2);
  assertAlmostEquals(spread("blocks.1.1.se.conv_expand.weight"), Math.sqrt(2 / 144), 2e-2);
  assertEquals(new Set(start("blocks.1.1.se.conv_expand.bias")), new Set([0]));
});

Deno.test("efficientnet() scales depths and widths", () => {
  const countOf = (kwargs: Readonly<Record<string, unknown>>) => {
    const names = declare(kwargs).map(({ name }) => /^blocks\.\d+\.\d+/.exec(name)?.[0]);
    return new Set(names.filter((name) => name !== undefined)).size;
  };
  assertEquals(countOf({}), 4);
  assertEquals(countOf({ depth_multiplier: 1.4 }), 2 + 3 + 2);
  assertEquals(countOf({ depth_multiplier: 1.4, fix_first_last: true }), 1 + 3 + 1);
  assertEquals(countOf({ depth_multiplier: 1.4, depth_trunc: "round" }), 1 + 3 + 1);
  assertEquals(countOf({ depth_multiplier: [1, 2, 3] }), 1 + 4 + 3);
  const stem = (kwargs: Readonly<Record<string, unknown>>) => declare(kwargs)[0].shape[0];
  assertEquals(stem({ channel_multiplier: 1.1 }), 32);
  assertEquals(stem({ channel_multiplier: 1.2 }), 40);
  assertEquals(stem({ channel_multiplier: 2, fix_stem: true }), 32);
});

Deno.test("efficientnet() takes widths of pruned blocks, and keeps their shortcuts", () => {
  // As defined, the last stage widens 24 channels to 32: what pruning left of both is equal.
  const kwargs = {
    arch_def: [["ds_r1_k3_s1_c16"], ["ir_r2_k3_s2_e6_c24_se0.25"], ["er_r1_k3_s1_e4_c32"]],
    pruned: [[32, 1, 10], [50, 3, 20], [40, 2, 20], [60, 1, 20]],
  };
  const shapes = Object.fromEntries(declare(kwargs).map(({ name, shape }) => [name, shape]));
  assertEquals(shapes["blocks.1.0.conv_pw.weight"], [50, 10, 1, 1]);
  assertEquals(shapes["blocks.1.1.se.conv_reduce.weight"], [2, 40, 1, 1]);
  assertEquals(shapes["blocks.2.0.conv_pwl.weight"], [20, 60, 1, 1]);
  assertEquals(shapes["conv_head.weight"], [64, 20, 1, 1]);
  const drawn = ratesOf({ ...kwargs, drop_path_rate: 0.4 });
  assertEquals(drawn, [0.4 * 2 / 4]); // only the second block of the second stage has a shortcut
});

/** Rates at which a training step drops branches. */
function ratesOf(kwargs: Readonly<Record<string, unknown>>, training = true): readonly number[] {
  const drawn: number[] = [];
  const random = new RandomStream(scalar(0, "uint32"));
  random.dropout = (x, rate) => {
    drawn.push(rate);
    return x;
  };
  const context = { scope: new Parameters().scope(), sampleShape: [3, 32, 32] };
  const images = input("images", "float32", ["batch", 3, 32, 32]);
  efficientnet({ ...SMALL, ...kwargs }, context).forward(images, { training, random });
  return drawn;
}

Deno.test("efficientnet() drops branches at rates that grow from block to block, in training", () => {
  const kwargs = { drop_path_rate: 0.2, depth_multiplier: 2 };
  assertEquals(ratesOf(kwargs, false), []);
  // Of the eight blocks, 1, 3, 4, 5 and 7 have a shortcut.
  assertEquals(ratesOf(kwargs), [1, 3, 4, 5, 7].map((index) => 0.2 * index / 8));
});

const refusals: [kwargs: Record<string, unknown>, message: string][] = [
  [{ arch_def: [] }, '"arch_def" of efficientnet to be lists of blocks, received []'],
  [{ arch_def: [["uir_r1_k3_s1_c16"]] }, 'as "ir_r2_k3_s2_e6_c24", received "uir_r1_k3_s1_c16"'],
  [{ arch_def: [["ir_r1_k3_s3_c16"]] }, 'received "ir_r1_k3_s3_c16"'],
  [{ arch_def: [["ir_k3_s1_c16"]] }, 'received "ir_k3_s1_c16"'],
  [{ arch_def: [["ir_r1_k4_s1_c16"]] }, 'received "ir_r1_k4_s1_c16"'],
  [{ arch_def: [["ir_r1_k3_s1_c16_d1"]] }, 'received "ir_r1_k3_s1_c16_d1"'],
  [{ arch_def: [["ir_r1_k3.5_s1_c16_cc4"]] }, 'received "ir_r1_k3.5_s1_c16_cc4"'],
  [
    { arch_def: [["ir_r1_k3_s1_c16_cc4"]], aa_layer: "blur" },
    '"aa_layer" of efficientnet to be null with kernels mixed for each sample',
  ],
  [
    { depth_multiplier: [1, 2] },
    '"depth_multiplier" of efficientnet to be a number greater than 0',
  ],
  [{ group_size: 7 }, '"group_size" of efficientnet to divide channels, received 7 for 32'],
  [
    { group_size: 0.5 },
    '"group_size" of efficientnet to be an integer of at least 0, received 0.5',
  ],
  [{ pad_type: "valid" }, '"pad_type" of efficientnet to be "" or "same", received "valid"'],
  [{ se_layer: "eca" }, '"se_layer" of efficientnet to be "SqueezeExcite" or "gc"'],
  [{ norm_layer: "evonorm2ds0" }, '"norm_layer" of efficientnet to be "batchnorm2d", "groupnorm"'],
  [{ output_stride: 16 }, '"output_stride" of efficientnet to be 32, received 16'],
  [{ pruned: true }, '"pruned" of efficientnet to be false, or three widths for each of 4 blocks'],
  [{ pruned: [[16, 4]] }, "for each of 4 blocks, received [[16,4]]"],
  [{ in_chans: 4 }, '"in_chans" of efficientnet to be 3, the channels of the images, received 4'],
  [{ stem: 8 }, 'received "stem": 8'],
];

for (const [kwargs, message] of refusals) {
  Deno.test(`efficientnet() refuses ${JSON.stringify(kwargs)}`, () => {
    assertThrows(() => declare(kwargs), RangeError, message);
  });
}
