/**
 * The device of a run.
 * @module
 */

/** A device that trains. */
export interface TrainDevice {
  /** Which kind. */
  readonly device: "webgpu";
  /** Whether nobody has named it: then the CPU takes its place where it is wrong. */
  readonly automatic: boolean;
  /** Whether the first batch is compared with the CPU's. */
  readonly check: boolean;
}
