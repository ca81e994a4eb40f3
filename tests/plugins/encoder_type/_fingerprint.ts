/** What a list of parameters comes to, so that many models can be compared with timm's. */
import { sizeOf } from "../../../engine/ir/dims.ts";
import type { Parameter } from "../../../engine/nn/scope.ts";

/** Tensors, numbers in them, hash of names and shapes. */
export type Fingerprint = readonly [tensors: number, numbers: number, hash: number];

/** The fingerprint of parameters in any order. */
export function fingerprint(parameters: readonly Parameter[]): Fingerprint {
  const numbers = parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const lines = parameters.map(({ name, shape }) => `${name} ${shape.join("x")}`);
  let hash = 2166136261; // FNV-1a
  for (const byte of new TextEncoder().encode(lines.toSorted().join("\n"))) {
    hash = Math.imul(hash ^ byte, 16777619) >>> 0;
  }
  return [parameters.length, numbers, hash];
}
