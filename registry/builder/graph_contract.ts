/**
 * What is required of the graphs that plugins build, and of the numbers that go into them.
 * @module
 */
import { describe, refuse } from "../../engine/fault.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import type { Dim } from "../../engine/ir/types.ts";
import { requireFloat } from "../../engine/train/model_output.ts";
import { quote } from "../errors.ts";
import type { Encoder, EncoderOutput, ParameterUpdate, StateSpec, UpdateInput } from "../plugin.ts";

/** The dimensions that each layout announces besides the first. */
const LAYOUTS: Readonly<Record<EncoderOutput, (width: number) => readonly Dim[]>> = {
  features: (width) => [width],
  tokens: (width) => ["tokens", width],
  map: (width) => [width, "height", "width"],
};

/**
 * Requires an encoder's output to be what the encoder announces.
 * @param encoded What `forward` returned.
 * @param input What it got.
 * @param encoder The encoder.
 * @returns The output.
 * @throws {ContractError} if layout, width or type differ.
 */
export function requireEncoded(
  encoded: Tensor,
  input: Tensor,
  { output, embedDim }: Pick<Encoder, "output" | "embedDim">,
): Tensor {
  requireFloat(encoded, { name: output, shape: [input.shape[0], ...LAYOUTS[output](embedDim)] });
  return encoded;
}

/**
 * Requires the state that an optimizer announces for a parameter.
 * @param specs What `state` returned.
 * @returns The state.
 * @throws {ContractError} if an entry has no shape, or starts from something else.
 */
export function requireState(
  specs: Readonly<Record<string, StateSpec>>,
): Readonly<Record<string, StateSpec>> {
  if (typeof specs !== "object" || specs === null) refuse("state by key", describe(specs));
  for (const [key, spec] of Object.entries(specs)) {
    const { shape, initial = 0 } = spec ?? {};
    if (shape !== "parameter" && shape !== "scalar") {
      refuse(`the shape of state "${key}" to be "parameter" or "scalar"`, describe(shape));
    }
    const starts = typeof initial === "number" || (initial === "parameter" && shape === initial);
    const wanted = shape === "scalar" ? "a number" : 'a number or "parameter"';
    if (!starts) refuse(`state "${key}" to start from ${wanted}`, describe(initial));
  }
  return specs;
}

/** Which numbers of an optimizer are asked for. */
export interface ScalarsRequest {
  /** Number of the update. */
  readonly step: number;
  /** Learning rate of the update. With 0 only the names may be wanted: numbers may be infinite. */
  readonly lr: number;
  /** Names that were announced before. */
  readonly names?: readonly string[];
}

/**
 * Requires the numbers of an optimizer's step.
 * @param scalars What `scalars` returned.
 * @param request What was asked for.
 * @returns The numbers.
 * @throws {ContractError} if they are not numbers, or have other names than before.
 */
export function requireScalars(
  scalars: Readonly<Record<string, number>>,
  { step, lr, names }: ScalarsRequest,
): Readonly<Record<string, number>> {
  if (typeof scalars !== "object" || scalars === null) refuse("numbers by name", describe(scalars));
  const list = (keys: readonly string[]) => keys.toSorted().map(quote).join(", ") || "none";
  const found = list(Object.keys(scalars));
  const announced = names ? list(names) : found;
  if (found !== announced) refuse(`the scalars ${announced} in update ${step}`, found);
  for (const [name, value] of Object.entries(scalars)) {
    const fits = typeof value === "number" && (lr === 0 || Number.isFinite(value));
    if (!fits) refuse(`a number for scalar "${name}" in update ${step}`, describe(value));
  }
  return scalars;
}

/**
 * Requires an optimizer's new values to fit the old ones.
 * @param updated What `update` returned.
 * @param current What it got.
 * @returns The new values.
 * @throws {ContractError} if one is missing, was not announced, or has another shape or type.
 */
export function requireUpdate(updated: ParameterUpdate, current: UpdateInput): ParameterUpdate {
  if (typeof updated?.state !== "object" || updated.state === null) {
    refuse('an object with "parameter" and "state"', describe(updated));
  }
  requireFloat(updated.parameter, { name: "the new parameter", shape: current.parameter.shape });
  for (const [key, { shape }] of Object.entries(current.state)) {
    requireFloat(updated.state[key], { name: `the new state "${key}"`, shape });
  }
  const unknown = Object.keys(updated.state).find((key) => !Object.hasOwn(current.state, key));
  if (unknown === undefined) return updated;
  refuse("state that was announced", `"${unknown}"`);
}
