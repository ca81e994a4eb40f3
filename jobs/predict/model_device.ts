/**
 * Where a trained model computes.
 * @module
 */
import type { DeviceChoice } from "../../engine/runtime/session_options.ts";

/**
 * Where a model computes.
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
  /** Called with a line that says which device was chosen, and why. */
  readonly onNotice?: (message: string) => void;
}
