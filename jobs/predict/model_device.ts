/**
 * Where a trained model computes, and how precisely.
 * @module
 */
import type { DeviceChoice } from "../../engine/runtime/session_options.ts";

/**
 * Where a model computes, and how precisely.
 * @category Prediction
 */
export interface ModelDeviceOptions {
  /** Where it computes; `auto` is a GPU if there is one. @default {"cpu"} */
  readonly device?: DeviceChoice;
  /** Which of several devices, for `cuda`. @default {0} */
  readonly deviceId?: number;
  /**
   * Whether the first batch is computed on the CPU as well, and a device that differs is refused.
   * @default {true}
   */
  readonly deviceCheck?: boolean;
  /** Bits of the floats that a GPU computes with. @default {32} */
  readonly precisionCompute?: 16 | 32;
  /** How precise matrix products are on the CPU, where less is faster. @default {"highest"} */
  readonly float32MatmulPrecision?: "highest" | "high" | "medium";
  /** Called with lines that say which device was chosen, and what has no effect. */
  readonly onNotice?: (message: string) => void;
}

/**
 * How precisely a model computes, which may be more than what was asked for.
 * @category Prediction
 */
export interface ModelPrecision {
  /** Bits of the floats. */
  readonly compute: 16 | 32;
  /** How precise matrix products are. */
  readonly matmul: "highest" | "high" | "medium";
}
