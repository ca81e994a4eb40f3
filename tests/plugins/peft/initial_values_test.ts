/** What the parameters of each method start from, by GloViTa's and peft's rules. */
import "../../../plugins/mod.ts";
import { assert, assertAlmostEquals, assertEquals, assertLessOrEqual } from "@std/assert";
import * as v from "valibot";
import { initialValues } from "../../../engine/nn/initial_values.ts";
import { ones, zeros } from "../../../engine/nn/initializers.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import { namedLayer } from "../../../engine/nn/wrap_scope.ts";
import { registry } from "../../../registry/registry.ts";

const WIDTH = 64;
const HIDDEN = 256;

/** Uniform within a bound, normal with a deviation, or one number everywhere. */
type Start = { readonly uniform: number } | { readonly normal: number } | number;

/** `kaiming_uniform_` with a = √5, and torch's default of a bias. */
const fan = (inputs: number): Start => ({ uniform: 1 / Math.sqrt(inputs) });

/** Starts by the end of the parameter's name, of a method with some options. */
type Case = readonly [string, Readonly<Record<string, unknown>>, Readonly<Record<string, Start>>];

const ADAPTER: Readonly<Record<string, Start>> = {
  "adapter_layer_norm_before.weight": 1,
  "adapter_layer_norm_before.bias": 0,
  "down_proj.weight": fan(WIDTH),
  "down_proj.bias": 0,
  "up_proj.weight": 0,
  "up_proj.bias": 0,
};

const CASES: readonly Case[] = [
  ["lora", {}, { "proj.lora_A.default.weight": fan(WIDTH), "lora_B.default.weight": 0 }],
  ["lora", { init_lora_weights: false }, {
    "proj.lora_A.default.weight": fan(WIDTH),
    "lora_B.default.weight": fan(8),
  }],
  ["adalora", {}, {
    "lora_A.default": { normal: 0.02 },
    "lora_E.default": 0,
    "lora_B.default": { normal: 0.02 },
    "ranknum.default": 12,
  }],
  ["adalora", { init_lora_weights: false, adalora_init_rank: 200 }, {
    "lora_A.default": { normal: 1 },
    "lora_E.default": { normal: 1 },
    "lora_B.default": { normal: 1 },
    "ranknum.default": 200,
  }],
  ["loha", { loha_rank: 9 }, {
    "hada_w1_a.default": fan(9),
    "proj.hada_w1_b.default": fan(WIDTH),
    "hada_w2_a.default": fan(9),
    "hada_w2_b.default": 0,
  }],
  // 64 x 64 as (8 x 8) and (8 x 8); factors of other layers are 16 long.
  ["lokr", { lokr_rank: 12 }, { "lokr_w1.default": 0, "proj.lokr_w2.default": fan(8) }],
  ["lokr", { lokr_rank: 3 }, {
    "lokr_w1.default": 0,
    "proj.lokr_w2_a.default": fan(3),
    "proj.lokr_w2_b.default": fan(8),
  }],
  ["oft", {}, { "oft_R.default.weight": 0 }],
  ["boft", {}, { "boft_R.default": 0, "boft_s.default": 1 }],
  ["vera", {}, { "vera_lambda_d.default": Math.fround(0.1), "vera_lambda_b.default": 0 }],
  ["ia3", {}, { "ia3_l.default": 1 }],
  ["fourierft", {}, { "fourierft_spectrum.default": { normal: 1 } }],
  ["ssf", {}, { "scale": 1, "shift": 0 }],
  ["difffit", {}, { "scale": 1 }],
  ["adapt_former", {}, ADAPTER],
  ["convpass", {}, {
    "down.weight": fan(WIDTH),
    "down.bias": fan(WIDTH),
    "conv.weight": fan(WIDTH * 9),
    "conv.bias": fan(WIDTH * 9),
    "up.weight": 0,
    "up.bias": 0,
  }],
  ["rep_adapter", {}, {
    "repa_qkv.down.weight": fan(WIDTH),
    "repa_qkv.down.bias": fan(WIDTH),
    "gn.weight": 1,
    "gn.bias": 0,
    "up.weight": 0,
    "up.bias": 0,
    "scale": Math.fround(0.001),
  }],
  ["fact", { fact_r: 16 }, {
    "fact_container.up_fc1.weight": fan(WIDTH),
    "fact_container.down_fc1.weight": fan(16),
    "scales_qkv": 0,
    "scales_fc1": 0,
  }],
];

/** Names and values of what a method adds to a block. */
function added(method: string, options: Readonly<Record<string, unknown>>) {
  const plugin = registry.get("peft", method);
  const parameters = new Parameters();
  const peft = plugin.create(v.parse(plugin.config, options), {});
  const block = peft.encoder(parameters.scope()).child("blocks.0");
  const own: string[] = [];
  for (const norm of ["norm1", "norm2"]) {
    block.child(norm).parameter("weight", [WIDTH], ones);
    block.child(norm).parameter("bias", [WIDTH], zeros);
    own.push(`${norm}.weight`, `${norm}.bias`);
  }
  const layers = [
    ["attn.qkv", WIDTH, 3 * WIDTH],
    ["attn.proj", WIDTH, WIDTH],
    ["mlp.fc1", WIDTH, HIDDEN],
    ["mlp.fc2", HIDDEN, WIDTH],
  ] as const;
  for (const [name, inputs, outputs] of layers) {
    block.linear(name, inputs, outputs);
    own.push(`${name}.weight`, `${name}.bias`);
  }
  namedLayer(block, "mlp_branch", WIDTH, (x) => x);
  peft.finish?.();
  const plain = new Set(own.map((name) => `blocks.0.${name}`));
  return [...initialValues(parameters.list(), 1)].filter(([name]) => !plain.has(name));
}

function assertStart(values: Float32Array, start: Start, name: string): void {
  if (typeof start === "number") return assertEquals([...new Set(values)], [start], name);
  const deviation = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
  const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  // Errors of a mean and of a deviation are about 1/√n of the deviation; four of them are allowed.
  const allowed = 4 / Math.sqrt(values.length);
  const expected = "uniform" in start ? start.uniform / Math.sqrt(3) : start.normal;
  assertAlmostEquals(mean / expected, 0, allowed, name);
  assertAlmostEquals(deviation / expected, 1, allowed, name);
  if ("uniform" in start) assertLessOrEqual(largest, start.uniform, name);
  else assert(largest > 2 * start.normal, `${name}: ${largest}`);
}

for (const [method, options, starts] of CASES) {
  Deno.test(`${method} ${JSON.stringify(options)} starts from the values of its rules`, () => {
    const values = added(method, options);
    for (const [end, start] of Object.entries(starts)) {
      const found = values.filter(([name]) => `.${name}`.endsWith(`.${end}`));
      assert(found.length > 0, `no parameter is called …${end}`);
      for (const [name, each] of found) assertStart(each, start, name);
    }
    // Other layers have the same parameters.
    const kind = (name: string) => `.${name.replaceAll(/qkv|proj|fc[12]|norm[12]/g, "*")}`;
    const known = Object.keys(starts).map(kind);
    const others = values.filter(([name]) => !known.some((end) => kind(name).endsWith(end)));
    assertEquals(others.map(([name]) => name), []);
  });
}

Deno.test("methods that only select what trains add no parameters", () => {
  const selecting = [
    "bitfit",
    "full_finetuning",
    "linear_probing",
    "ln_tuning",
    "partial_finetuning",
  ];
  for (const method of selecting) assertEquals(added(method, {}), [], method);
  const elsewhere = ["gps", "visual_prompt_tuning"];
  const tested = [...selecting, ...elsewhere, ...CASES.map(([method]) => method)];
  assertEquals(registry.list("peft").filter((key) => !tested.includes(key)), []);
});
