/**
 * How precisely models compute that do not train.
 * @module
 */
import { choice, type OptionEntries } from "../options/mod.ts";

/** What extraction and inference have in common. */
export interface PrecisionFields {
  /** Bits of the floats that a GPU computes with. @default {32} */
  readonly precision_compute: 16 | 32;
  /** How precise matrix products are where less is faster, as in PyTorch. @default {"highest"} */
  readonly float32_matmul_precision: "highest" | "high" | "medium";
}

/** The fields of both. */
export const precisionEntries: OptionEntries<PrecisionFields> = {
  precision_compute: choice(
    32,
    "Bits of the floats that a GPU computes with; 16 takes a GPU that has float16 arithmetic.",
    [16, 32],
  ),
  float32_matmul_precision: choice(
    "highest",
    "Matrix products: float32, or 8-bit integers where the processor multiplies those much faster: " +
      "high adds three products up (errors of about 1e-4 per layer), medium takes one (1e-2).",
    ["highest", "high", "medium"],
  ),
};
