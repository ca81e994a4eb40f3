import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../../../engine/random.ts";
import { frozen, Parameters } from "../../../../engine/nn/scope.ts";
import { resnet } from "../../../../engine/nn/vision/resnet.ts";
import { testGolden, testVariants } from "./_variants.ts";

const SMALL = { block: "Bottleneck", layers: [1, 1, 1, 1], channels: [8, 8, 16, 16] };

testVariants("resnets.json", resnet);
testVariants("resnets_split.json", resnet);

testGolden("test_resnet", resnet, {
  block: ["BasicBlock", "BasicBlock", "Bottleneck", "BasicBlock"],
  layers: [1, 1, 1, 1],
  stem_width: 16,
  stem_type: "deep",
  avg_down: true,
  channels: [32, 48, 48, 96],
});
testGolden("resnet18", resnet, { block: "BasicBlock", layers: [2, 2, 2, 2] });

function declare(kwargs: Readonly<Record<string, unknown>>, sampleShape = [3, 64, 64]) {
  const parameters = new Parameters();
  resnet({ ...SMALL, ...kwargs }, { scope: parameters.scope(), sampleShape });
  return parameters.list();
}

Deno.test("resnet() starts as timm's does", () => {
  const start = (kwargs: Readonly<Record<string, unknown>>, name: string) => {
    const { shape, initializer } = declare(kwargs).find((each) => each.name === name)!;
    return [...initializer(shape, new Random(1))];
  };
  const kernel = start({}, "conv1.weight");
  const spread = Math.sqrt(kernel.reduce((sum, value) => sum + value ** 2, 0) / kernel.length);
  assertAlmostEquals(spread, Math.sqrt(2 / (64 * 49)), 1e-3);
  assertEquals(new Set(start({}, "layer1.0.bn3.weight")), new Set([0]));
  assertEquals(new Set(start({}, "layer1.0.bn2.weight")), new Set([1]));
  assertEquals(new Set(start({ zero_init_last: false }, "layer1.0.bn3.weight")), new Set([1]));
});

Deno.test("resnet() trains all but the statistics of its normalisations", () => {
  const fixed = declare({}).filter(({ trainable }) => !trainable);
  assert(fixed.every(({ name }) => /\.running_(mean|var)$/.test(name)));
  assertEquals(fixed.length, 2 * 17);
  const parameters = new Parameters();
  const scope = frozen(parameters.scope());
  resnet(SMALL, { scope, sampleShape: [3, 64, 64] });
  assert(parameters.list().every(({ trainable }) => !trainable));
});

const refusals: [kwargs: Record<string, unknown>, message: string][] = [
  [{ block: "Block" }, '"SelectiveKernelBottleneck", or 4 of them, received "Block"'],
  [{ block: "Bottle2neck", aa_layer: "BlurPool2d" }, '"aa_layer" of resnet to be null'],
  [{ block: "Bottle2neck", block_args: { scale: 1 } }, '"scale" of resnet\'s block_args'],
  [{ block: "Bottle2neck", block_args: { radix: 2 } }, 'received "radix": 2'],
  [
    { block: "SelectiveKernelBasic", block_args: { sk_kwargs: { keep_3x3: false } } },
    'received "keep_3x3": false',
  ],
  [
    { block: "ResNestBottleneck", block_args: { attn_layer: "se" } },
    '"attn_layer" of resnet\'s block_args to be null',
  ],
  [{ block: ["BasicBlock"] }, '"block" of resnet'],
  [{ layers: [1, 1] }, '"layers" of resnet to be 4 integers of at least 1, received [1,1]'],
  [{ layers: undefined }, '"layers" of resnet to be 4 integers'],
  [{ block: "BasicBlock", cardinality: 2 }, '"cardinality" of resnet to be 1, received 2'],
  [{ output_stride: 16 }, '"output_stride" of resnet to be 32, received 16'],
  [{ pruned: true }, '"pruned" of resnet to be false, or three widths for each of 4 blocks'],
  [
    { pruned: [[1, 2], [1, 2], [1, 2], [1, 2]] },
    "three widths for each of 4 blocks, received [[1,2]",
  ],
  [
    { block: "Bottleneck", pruned: Array(4).fill([4, 4, 8]) },
    '"pruned" of resnet to be false, but for bottlenecks with ECA, received true',
  ],
  [{ aa_layer: "avg" }, '"aa_layer" of resnet to be "AvgPool2d" or "BlurPool2d", received "avg"'],
  [{ norm_layer: "frozenbatchnorm2d" }, '"norm_layer" of resnet to be "batchnorm"'],
  [{ norm_layer: "groupnorm" }, "expected channels in 32 groups, received 8"],
  [{ drop_block_rate: 0.1 }, '"drop_block_rate" of resnet to be 0 or null, received 0.1'],
  [{ block_args: { attn_layer: "cbam" } }, '"attn_layer" of resnet\'s block_args to be "eca"'],
  [{ block_args: { reduce: 1 } }, 'received "reduce": 1'],
  [{ in_chans: 1 }, '"in_chans" of resnet to be 3, the channels of the images, received 1'],
  [{ stem_typ: "deep" }, 'received "stem_typ": "deep"'],
];

for (const [kwargs, message] of refusals) {
  Deno.test(`resnet() refuses ${JSON.stringify(kwargs)}`, () => {
    assertThrows(() => declare(kwargs), RangeError, message);
  });
}

Deno.test("resnet() refuses images of which means leave something over", () => {
  const message = '"aa_layer" of resnet to be another for images of 64 by 72, received';
  assertThrows(() => declare({ aa_layer: "AvgPool2d" }, [3, 64, 72]), RangeError, message);
  assertEquals(declare({ aa_layer: "AvgPool2d" }, [3, 95, 64]).length, declare({}).length);
});
