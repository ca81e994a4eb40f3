/**
 * What is required of the data that plugins give: splits, sources and weights.
 * @module
 */
import type { SourceModule, Split } from "../../engine/data/data.ts";
import { describe, refuse } from "../../engine/fault.ts";
import { formatShape, sizeOf } from "../../engine/ir/dims.ts";
import type { Parameter } from "../../engine/nn/scope.ts";
import { quote } from "../errors.ts";
import type { PretrainedWeights, TaskInfo } from "../plugin.ts";
import { isSize, requireSizes } from "../contract.ts";

/**
 * Requires the facts of a split to fit each other and the dataset.
 * @param split What `open` resolved to.
 * @param task What the dataset predicts.
 * @returns The split; `undefined` where the dataset has none.
 * @throws {ContractError} if they do not.
 */
export function requireSplit(split: Split | undefined, task: TaskInfo): Split | undefined {
  if (split === undefined) return undefined;
  if (typeof split !== "object" || split === null) refuse("a split", describe(split));
  const { name, length, sampleShape, bagLengths, source } = split;
  if (typeof name !== "string") refuse("a split with a name", describe(name));
  const at = `of split ${quote(name)}`;
  if (!isSize(length)) refuse(`the length ${at} to be at least 1`, describe(length));
  requireSizes(sampleShape, `the sampleShape ${at}`);
  requireLabels(split, task, at);
  if (bagLengths !== undefined && bagLengths.length !== length) {
    refuse(`${length} bagLengths ${at}`, String(bagLengths.length));
  }
  requireSource(source, `the source ${at}`);
  const { files = [] } = split;
  if (!Array.isArray(files) || !files.every((file) => typeof file === "string")) {
    refuse(`the files ${at} as a list of paths`, describe(files));
  }
  return split;
}

function requireLabels({ labels, length }: Split, task: TaskInfo, at: string): void {
  const classes = task.subtask === "multiclass";
  const [kind, width] = classes ? [Int32Array, 1] : [Float32Array, task.numClasses];
  const values = labels?.values;
  if (!(values instanceof kind)) refuse(`the labels ${at} as ${kind.name}`, describe(values));
  if (labels.width !== width) refuse(`labels ${at} of width ${width}`, describe(labels.width));
  const count = length * width;
  if (values.length !== count) refuse(`${count} labels ${at}`, String(values.length));
}

/**
 * Requires a source that a reading thread can open.
 * @param source The source.
 * @param name What it is called.
 * @returns The source.
 * @throws {ContractError} if it names no module.
 */
export function requireSource(source: SourceModule, name: string): SourceModule {
  if (typeof source?.module === "string") return source;
  refuse(`${name} with a module`, describe(source?.module));
}

/**
 * Requires pretrained weights.
 * @param weights What `pretrained` resolved to.
 * @returns The weights.
 * @throws {ContractError} if they are not values by name, or lack what else belongs to them.
 */
export function requireWeights(weights: PretrainedWeights): PretrainedWeights {
  const { values, notices } = weights ?? {};
  if (!(values instanceof Map)) refuse('"values" as a Map', describe(values));
  for (const [name, array] of values) {
    if (!(array instanceof Float32Array)) refuse(`"${name}" as a Float32Array`, describe(array));
  }
  if (!Array.isArray(notices)) refuse('"notices" as a list', describe(notices));
  return weights;
}

/**
 * Requires weights to be those of parameters.
 * @param values Values by name.
 * @param parameters The parameters; those without values start from their initializers.
 * @throws {ContractError} if there is no such parameter, or it has another size.
 */
export function requireFittingWeights(
  values: ReadonlyMap<string, Float32Array>,
  parameters: readonly Parameter[],
): void {
  const shapes = new Map(parameters.map(({ name, shape }) => [name, shape]));
  for (const [name, { length }] of values) {
    const shape = shapes.get(name);
    if (shape === undefined) refuse("weights of parameters", `"${name}", which is none`);
    if (length !== sizeOf(shape)) refuse(`"${name}" ${formatShape(shape)}`, `${length} values`);
  }
}
