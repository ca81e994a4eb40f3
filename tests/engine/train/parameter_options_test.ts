import { assertEquals } from "@std/assert";
import { Parameters } from "../../../engine/nn/scope.ts";
import {
  type DecayRules,
  hasBlocks,
  parameterOptions,
} from "../../../engine/train/parameter_options.ts";

const NAMES = [
  "encoder.model.patch_embed.proj.weight",
  "encoder.model.pos_embed",
  "encoder.model.blocks.0.norm1.weight",
  "encoder.model.blocks.0.attn.qkv.bias",
  "encoder.model.blocks.10.mlp.fc1.weight",
  "encoder.model.norm.weight",
  "head.fc.fc.weight",
  "head.fc.fc.bias",
];

function optionsOf(rules: Partial<DecayRules>, names: readonly string[] = NAMES) {
  const parameters = new Parameters();
  for (const name of names) parameters.scope().parameter(name, [1], () => new Float32Array(1));
  return parameterOptions(parameters.list(), {
    weight_decay: 0.05,
    undecay_norm: false,
    layer_wise_lr_decay: null,
    ...rules,
  });
}

Deno.test("parameterOptions() treats all parameters alike by default", () => {
  for (const options of optionsOf({}).values()) {
    assertEquals(options, { lrScale: 1, weightDecay: 0.05 });
  }
});

Deno.test("parameterOptions() leaves norms and biases undecayed where that is asked for", () => {
  const options = optionsOf({ undecay_norm: true }, [
    ...NAMES,
    "encoder.model.layer1.0.bn1.weight",
  ]);
  const undecayed = [...options].filter(([, { weightDecay }]) => weightDecay === 0);
  assertEquals(undecayed.map(([name]) => name), [
    "encoder.model.blocks.0.norm1.weight",
    "encoder.model.blocks.0.attn.qkv.bias",
    "encoder.model.norm.weight",
    "head.fc.fc.bias",
    "encoder.model.layer1.0.bn1.weight",
  ]);
});

Deno.test("parameterOptions() slows layers down from the head to the input", () => {
  const scales = [...optionsOf({ layer_wise_lr_decay: 0.5 }).values()].map((each) => each.lrScale);
  assertEquals(scales, [1 / 16, 1 / 16, 1 / 8, 1 / 8, 1 / 4, 1 / 2, 1, 1]);
  const head = optionsOf({ layer_wise_lr_decay: 0.5 }, ["head.fc.fc.weight", "head.fc.fc.bias"]);
  assertEquals([...head.values()].map(({ lrScale }) => lrScale), [1, 1]);
});

Deno.test("hasBlocks() finds blocks of the encoder, not those of ConvNeXt's stages", () => {
  const cases: [string, boolean][] = [
    ["encoder.model.blocks.0.norm1.weight", true],
    ["encoder.trunk.blocks.3.attn.qkv.lora_A.default.weight", true],
    ["encoder.model.stages.0.blocks.1.conv_dw.weight", false],
    ["encoder.model.layer1.0.conv1.weight", false],
    ["head.blocks.0.weight", false],
  ];
  for (const [name, expected] of cases) assertEquals(hasBlocks([{ name }]), expected, name);
});

Deno.test("parameterOptions() slows the blocks of stages down in their order", () => {
  const scalesOf = (names: readonly string[]) => {
    const full = [...names.map((name) => `encoder.model.${name}`), "head.fc.fc.weight"];
    return [...optionsOf({ layer_wise_lr_decay: 0.5 }, full).values()].map((each) => each.lrScale);
  };
  const swin = [
    "patch_embed.proj.weight",
    "layers.0.blocks.0.attn.qkv.weight",
    "layers.0.blocks.1.attn.qkv.weight",
    "layers.1.downsample.reduction.weight",
    "layers.1.blocks.0.attn.qkv.weight",
    "norm.weight",
  ];
  assertEquals(scalesOf(swin), [1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 4, 1 / 2, 1]);
  const efficientnet = [
    "conv_stem.weight",
    "bn1.weight",
    "blocks.0.0.bn1.weight",
    "blocks.1.0.conv_pw.weight",
    "blocks.1.1.conv_pw.weight",
    "conv_head.weight",
  ];
  assertEquals(scalesOf(efficientnet), [1 / 32, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]);
});
