/** Sections `peft` as GloViTa saves them. */
import "../../../plugins/mod.ts";
import { assertEquals } from "@std/assert";
import { resolveConfig } from "../../../registry/config/resolve.ts";

const ATTENTION = ["attn.q_proj", "attn.k_proj", "attn.v_proj", "attn.proj"];
const OUTPUT = [...ATTENTION, "mlp.fc1_g", "mlp.fc1_x", "mlp.fc2"];
const NETWORK = [...ATTENTION, "mlp.fc1", "mlp.fc2"];

/** Fields with GloViTa's defaults. */
const SECTIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  lora: {
    lora_rank: 8,
    lora_alpha: 16,
    lora_dropout: 0.01,
    lora_target_modules: OUTPUT,
    use_dora: false,
    use_rslora: false,
    init_lora_weights: true,
    lora_bias: "none",
  },
  adalora: {
    adalora_rank: 4,
    adalora_init_rank: 12,
    adalora_alpha: 32,
    adalora_dropout: 0,
    adalora_target_modules: NETWORK,
    use_rslora: false,
    init_lora_weights: true,
    lora_bias: "none",
    adalora_orth_reg_weight: 0.5,
    adalora_beta1: 0.85,
    adalora_beta2: 0.85,
    adalora_tinit: 0,
    adalora_deltaT: 1,
  },
  oft: {
    oft_r: 8,
    oft_dropout: 0,
    oft_target_modules: NETWORK,
    oft_coft: false,
    oft_eps: 6e-5,
    oft_bias: "none",
    oft_use_cayley_neumann: true,
  },
  boft: {
    boft_block_size: 8,
    boft_n_butterfly_factor: 1,
    boft_dropout: 0,
    boft_target_modules: NETWORK,
    boft_bias: "none",
  },
  fourierft: {
    fourierft_n_frequency: 1000,
    fourierft_scaling: 150,
    fourierft_target_modules: NETWORK,
  },
};

for (const [method, fields] of Object.entries(SECTIONS)) {
  Deno.test(`a config of ${method} loads, and its defaults are GloViTa's`, () => {
    const resolve = (peft: Readonly<Record<string, unknown>>) => {
      const file = { data: { dataset: "cifar10" }, peft: { method, ...peft } };
      const { config, notices } = resolveConfig({ file });
      return { peft: { ...config.peft }, notices };
    };
    const loaded = resolve(fields);
    assertEquals(loaded, resolve({}));
    const found = Object.entries(loaded.peft).filter(([name]) => Object.hasOwn(fields, name));
    assertEquals(Object.fromEntries(found), fields);
  });
}
