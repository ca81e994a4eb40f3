/**
 * A few connections of each neuron, chosen by their gradients.
 * Importing this module adds `gps` to the `peft` slot.
 * @module
 */
import { sizeOf } from "../../engine/ir/dims.ts";
import { wrapScope } from "../../engine/nn/wrap_scope.ts";
import { count, options } from "../../registry/options/mod.ts";
import type { CalibratedParameter, Plugin } from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";

/**
 * Config of the `gps` method.
 * @category Fine-tuning
 */
export interface GpsConfig {
  /** How many connections of each neuron train. @default {1} */
  readonly gps_topk_per_row: number;
}

const config = options<GpsConfig>({
  gps_topk_per_row: count(1, "how many connections of each neuron train"),
});

/** Parameters that stay as they are, whatever their gradients. */
const FIXED = /norm|pos_embed|cls_token/;
/** Parameters that train as a whole. */
const WHOLE = /head|classifier|bias|gamma/;

/**
 * GPS (Zhang et al. 2024): before training, one batch of training samples tells the connections of
 * each neuron whose gradients are largest; only these, biases and the head train. Every other number
 * of the encoder keeps its bits.
 *
 * @example The entry of each row with the largest gradient
 * ```ts
 * import { gps } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const { calibration } = gps.create({ gps_topk_per_row: 1 }, {});
 * const gradient = Float32Array.of(0.1, -3, 2, 0.5, 0, 0.4);
 * const mask = calibration?.mask({ name: "blocks.0.mlp.fc1.weight", shape: [2, 3], gradient });
 * assertEquals([...mask ?? []], [0, 1, 0, 1, 0, 0]);
 * ```
 *
 * @category Fine-tuning
 */
export const gps: Plugin<"peft", GpsConfig> = {
  slot: "peft",
  key: "gps",
  description: "connections with the largest gradients, biases, and the head",
  config,
  create({ gps_topk_per_row }) {
    let declared = 0;
    return {
      encoder: (scope) =>
        wrapScope(scope, {
          trains: (name) => !FIXED.test(name),
          parameter({ tensor }) {
            declared++;
            return tensor;
          },
          linear({ base }) {
            declared++;
            return base;
          },
        }),
      head: (scope) => scope,
      finish() {
        if (declared > 0) return;
        throw new RangeError("expected an encoder with weights");
      },
      calibration: { batches: 1, mask: (parameter) => maskOf(parameter, gps_topk_per_row) },
    };
  },
};

function maskOf(
  { name, shape, gradient }: CalibratedParameter,
  kept: number,
): Uint8Array<ArrayBuffer> {
  const mask = new Uint8Array(gradient.length);
  if (WHOLE.test(name)) return mask.fill(1);
  if (shape.length < 2 || !gradient.some((value) => value !== 0)) return mask;
  const width = sizeOf(shape.slice(1));
  for (let start = 0; start < mask.length; start += width) {
    for (const at of largest(gradient.subarray(start, start + width), kept)) mask[start + at] = 1;
  }
  return mask;
}

/** Where the numbers of largest size are; of equal ones the first. */
function largest(values: Float32Array, kept: number): number[] {
  const found: number[] = [];
  const size = (at: number) => Math.abs(values[at]);
  for (let at = 0; at < values.length; at++) {
    if (found.length === kept && size(at) <= size(found[kept - 1])) continue;
    const place = found.findLastIndex((other) => size(other) >= size(at)) + 1;
    found.splice(place, 0, at);
    if (found.length > kept) found.pop();
  }
  return found;
}

registry.add(gps);
