/**
 * Updates of linear layers by a few frequencies.
 * Importing this module adds `fourierft` to the `peft` slot.
 * @module
 */
import { constant } from "../../engine/ir/create.ts";
import { mul } from "../../engine/ir/elementwise.ts";
import { reshape } from "../../engine/ir/layout.ts";
import { matMul } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { normal } from "../../engine/nn/initializers.ts";
import type { Layer } from "../../engine/nn/scope.ts";
import type { WrappedLinear } from "../../engine/nn/wrap_scope.ts";
import { count, list, number, options, text } from "../../registry/options/mod.ts";
import type { Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { adaptLinears, ATTENTION_AND_NETWORK } from "./_adapters.ts";
import { addToWeight } from "./_delta_weight.ts";
import { MersenneTwister } from "./_mersenne_twister.ts";

/** Seed of the frequencies' places in `peft`. */
const SEED = 777;

/**
 * Config of the `fourierft` method.
 * @category Fine-tuning
 */
export interface FourierftConfig {
  /** Frequencies of the update of a layer. @default {1000} */
  readonly fourierft_n_frequency: number;
  /** Updates are multiplied by this. @default {150} */
  readonly fourierft_scaling: number;
  /**
   * Layers that are updated, by the ends of their names.
   * @default {["attn.q_proj","attn.k_proj","attn.v_proj","attn.proj","mlp.fc1","mlp.fc2"]}
   */
  readonly fourierft_target_modules: readonly string[];
}

const config = options<FourierftConfig>({
  fourierft_n_frequency: count(1000, "frequencies of the update of a layer"),
  fourierft_scaling: number(150, "updates are multiplied by this"),
  fourierft_target_modules: list(
    ATTENTION_AND_NETWORK,
    "layers that are updated, by the ends of their names",
    text,
    { min: 1 },
  ),
});

/**
 * FourierFT (Gao et al. 2024): the encoder is frozen; linear layers learn updates that are the
 * inverse Fourier transform of a few entries, at places that are drawn as `peft` draws them; the
 * head trains. Updates begin at random, not at zero. Names and initial values are those of `peft`.
 *
 * @example One number for each frequency
 * ```ts
 * import { buildModel, cifar10, configure, fourierft, timm } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const model = await buildModel([
 *   configure(cifar10, { augmentation: { train_policy: "default" } }),
 *   configure(timm, { type: "test_vit", pretrained: false, model_kwargs: { img_size: 32, depth: 1 } }),
 *   configure(fourierft, { fourierft_target_modules: ["attn.proj"] }),
 * ], { sampleShape: [3, 32, 32] });
 * const [{ shape }] = model.parameters.filter(({ trainable }) => trainable);
 * assertEquals(shape, [1000]);
 * ```
 *
 * @category Fine-tuning
 */
export const fourierft: Plugin<"peft", FourierftConfig> = {
  slot: "peft",
  key: "fourierft",
  description: "updates of linear layers by a few frequencies, and the head",
  config,
  create(config) {
    const waves = new Map<string, Waves>();
    return adaptLinears({
      targets: config.fourierft_target_modules,
      adapt: (layer) => updated(layer, config, waves),
    });
  },
};

/** The waves of all frequencies along both axes: cosines, then sines. */
interface Waves {
  /** `[outputs, 2 frequencies]`. */
  readonly rows: Tensor;
  /** `[2, frequencies, inputs]`, the sines negative. */
  readonly columns: Tensor;
}

function updated(layer: WrappedLinear, config: FourierftConfig, known: Map<string, Waves>): Layer {
  const { name, inputs, outputs, scope } = layer;
  const frequencies = config.fourierft_n_frequency;
  if (frequencies > inputs * outputs) {
    const found = `"${name}" has ${inputs * outputs} weights`;
    throw new RangeError(`expected layers with at least ${frequencies} weights, ${found}`);
  }
  const spectrum = scope.child("fourierft_spectrum").parameter("default", [frequencies], normal(1));
  // Layers of one size have one set of waves, which only a graph needs.
  const wavesFor = () => {
    const key = `${outputs}x${inputs}`;
    const waves = known.get(key) ?? wavesOf([outputs, inputs], frequencies);
    known.set(key, waves);
    return waves;
  };
  // Re ifft2(S) = Σ s cos(2π (j p / outputs + l q / inputs)) / (outputs inputs) for row j, column l.
  const scale = config.fourierft_scaling / (outputs * inputs);
  return (x, context) => {
    const { rows, columns } = wavesFor();
    const weighted = mul(columns, mul(reshape(spectrum, [1, frequencies, 1]), scale));
    const delta = matMul(rows, reshape(weighted, [2 * frequencies, inputs]));
    return addToWeight(layer, delta, { module: 0, rank: 0, rescale: false })(x, context);
  };
}

function wavesOf([outputs, inputs]: readonly [number, number], frequencies: number): Waves {
  const places = firstOfPermutation(outputs * inputs, frequencies);
  const rows = new Float32Array(outputs * 2 * frequencies);
  const columns = new Float32Array(2 * frequencies * inputs);
  for (const [i, place] of places.entries()) {
    const [p, q] = [Math.floor(place / inputs), place % inputs];
    for (let row = 0; row < outputs; row++) {
      const angle = 2 * Math.PI * (row * p % outputs) / outputs;
      rows[row * 2 * frequencies + i] = Math.cos(angle);
      rows[(row * 2 + 1) * frequencies + i] = Math.sin(angle);
    }
    for (let column = 0; column < inputs; column++) {
      const angle = 2 * Math.PI * (column * q % inputs) / inputs;
      columns[i * inputs + column] = Math.cos(angle);
      columns[(frequencies + i) * inputs + column] = -Math.sin(angle);
    }
  }
  return {
    rows: constant(rows, [outputs, 2 * frequencies]),
    columns: constant(columns, [2, frequencies, inputs]),
  };
}

/** The first numbers of `torch.randperm(size)` with the seed of `peft`. */
function firstOfPermutation(size: number, count: number): number[] {
  const random = new MersenneTwister(SEED);
  const moved = new Map<number, number>();
  const at = (index: number) => moved.get(index) ?? index;
  return Array.from({ length: count }, (_, i) => {
    const other = i + random.next() % (size - i);
    const chosen = at(other);
    moved.set(other, at(i));
    return chosen;
  });
}

registry.add(fourierft);
