/** What methods share that scale the outputs of the layers of a transformer's blocks. */
import { add, mul } from "../../engine/ir/elementwise.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { ones, zeros } from "../../engine/nn/initializers.ts";
import type { Scope } from "../../engine/nn/scope.ts";
import { wrapScope } from "../../engine/nn/wrap_scope.ts";
import type { Peft } from "../../registry/plugin.ts";

/**
 * How outputs are scaled.
 * @category Parts of PEFT methods
 */
export interface OutputScaling {
  /** What the names of the scales begin with, followed by `_` and the layer. */
  readonly prefix: string;
  /** Whether there is a shift, too. */
  readonly shift: boolean;
  /** Whether the encoder's biases train. */
  readonly biases: boolean;
}

/** A layer of a block whose output is scaled: block, layer, and which parameter of a norm. */
const PLACE =
  /^(blocks\.\d+)\.(?:(?:attn|mlp)\.)?(qkv|[qkv]_proj|proj|fc1|fc1_[gx]|fc2|norm[12])(?:\.(weight|bias))?$/;

/** A name cut in its parts; queries, keys and values from layers of their own are `q`, `k` and `v`. */
function placeOf(name: string): readonly [block?: string, layer?: string, part?: string] {
  const [, block, layer, part] = PLACE.exec(name) ?? [];
  return [block, layer?.replace(/^([qkv])_proj$/, "$1"), part];
}

/**
 * A method that freezes the encoder and scales, in each block, the outputs of both norms, of the
 * linear layers of attention and of those of the network, `γ ⊙ y + β`. The head trains.
 * @param scaling How.
 *
 * @example The scale of a layer
 * ```ts
 * import { Parameters } from "@glovita/glovita/nn";
 * import { scaleOutputs } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const peft = scaleOutputs({ prefix: "s", shift: false, biases: false });
 * peft.encoder(parameters.scope()).child("blocks.0.mlp").linear("fc1", 2, 4, { bias: false });
 * assertEquals(parameters.list().map(({ name }) => name), [
 *   "blocks.0.mlp.fc1.weight",
 *   "blocks.0.s_fc1.scale",
 * ]);
 * ```
 *
 * @category Parts of PEFT methods
 */
export function scaleOutputs({ prefix, shift, biases }: OutputScaling): Peft {
  const affines = new Map<string, Affine>();
  /** Norms whose weight was asked for and whose bias was not yet. */
  const open = new Set<string>();
  const encoder = (scope: Scope) => {
    affines.clear();
    open.clear();
    const affineOf = (block: string, layer: string, width: number): Affine => {
      const place = scope.child(`${block}.${prefix}_${layer}`);
      const known = affines.get(place.path);
      if (known !== undefined) return known;
      const scale = place.parameter("scale", [width], ones);
      const affine = { scale, shift: shift ? place.parameter("shift", [width], zeros) : undefined };
      affines.set(place.path, affine);
      return affine;
    };
    return wrapScope(scope, {
      trains: (name) => biases && name.includes("bias"),
      parameter({ name, tensor }) {
        const [block, layer, part] = placeOf(name);
        if (part === undefined || !layer?.startsWith("norm")) return tensor;
        // γ ⊙ (w ⊙ x + b) + β is a norm with the weight γ ⊙ w and the bias γ ⊙ b + β.
        const affine = affineOf(block!, layer, Number(tensor.shape[0]));
        if (part === "bias") open.delete(`${block}.${layer}`);
        else open.add(`${block}.${layer}`);
        return part === "bias" ? applied(tensor, affine) : mul(tensor, affine.scale);
      },
      linear({ name, outputs, base }) {
        const [block, layer] = placeOf(name);
        if (layer === undefined) return base;
        const affine = affineOf(block!, layer, outputs);
        return (x, context) => applied(base(x, context), affine);
      },
    });
  };
  return {
    encoder,
    head: (scope) => scope,
    finish() {
      if (affines.size === 0) {
        throw new RangeError('expected an encoder with blocks of attention, called "blocks"');
      }
      const [norm] = open;
      if (norm === undefined || !shift) return;
      throw new RangeError(`expected an encoder whose norms have biases, "${norm}" has none`);
    },
  };
}

interface Affine {
  readonly scale: Tensor;
  readonly shift?: Tensor;
}

function applied(y: Tensor, { scale, shift }: Affine): Tensor {
  return shift ? add(mul(y, scale), shift) : mul(y, scale);
}

/**
 * A linear layer of a transformer's block.
 * @category Parts of PEFT methods
 */
export interface BlockLinear {
  /** Name of the block. */
  readonly block: string;
  /** What it is: `qkv`, or `q`, `k` and `v`; `proj`; `fc1`, or `fc1_g` and `fc1_x`; `fc2`. */
  readonly layer: string;
}

/**
 * Says which linear layer of which block a name means: those of attention and of the network.
 * @param name Name of a layer within the encoder.
 * @returns `undefined` if it is none of them.
 *
 * @example The projection after attention
 * ```ts
 * import { blockLinear } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(blockLinear("blocks.3.attn.proj"), { block: "blocks.3", layer: "proj" });
 * assertEquals(blockLinear("patch_embed.proj"), undefined);
 * ```
 *
 * @category Parts of PEFT methods
 */
export function blockLinear(name: string): BlockLinear | undefined {
  const [block, layer, part] = placeOf(name);
  const isLinear = block !== undefined && layer !== undefined && !layer.startsWith("norm");
  return isLinear && part === undefined ? { block, layer } : undefined;
}
