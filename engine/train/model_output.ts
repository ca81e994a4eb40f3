/**
 * What a model computes, and what is required of it before anything else is computed with it.
 * @module
 */
import { describe, refuse } from "../fault.ts";
import { formatShape } from "../ir/dims.ts";
import type { Tensor } from "../ir/node.ts";
import type { Dim, Shape } from "../ir/types.ts";

/**
 * What a model, by its head, computes from a batch.
 * @category Models
 */
export interface ModelOutput {
  /** `[batch, num_classes]`: logits, or predicted values for regression. */
  readonly logits: Tensor;
  /** Auxiliary losses by name, scalars that already carry their weight; added to the task's loss. */
  readonly losses?: Readonly<Record<string, Tensor>>;
  /** Attention logits `[branches, instances]` before softmax, for heads that attend. */
  readonly attention?: Tensor;
  /** Whether branch `k` of the attention is that of class `k`. @default {false} */
  readonly attentionPerClass?: boolean;
  /**
   * How much each instance is one of each class, 0 to 1, `[instances, num_classes]`, for heads that
   * classify instances too.
   */
  readonly instanceScores?: Tensor;
}

/** What an output has to fit. */
export interface ExpectedOutput {
  /** Number of classes, or of predicted values. */
  readonly numClasses: number;
  /** Whether samples are bags, whose instances the model gets as rows. */
  readonly bags: boolean;
}

/**
 * Requires tensors of the announced shapes.
 * @param output What a model or a head computes.
 * @param expected What it has to fit.
 * @returns The output.
 * @throws {ContractError} that says what was expected and what was received.
 */
export function requireOutput(output: ModelOutput, expected: ExpectedOutput): ModelOutput {
  const { numClasses, bags } = expected;
  if (isTensor(output)) refuse("an object with logits", "a tensor");
  if (typeof output !== "object" || output === null) {
    refuse("an object with logits", describe(output));
  }
  const { logits, losses = {}, attention, instanceScores } = output;
  requireFloat(logits, { name: "logits", shape: ["batch", numClasses] });
  requireLosses(losses);
  const rows = bags ? "instances" : "batch";
  if (attention !== undefined) {
    const branches = output.attentionPerClass ? numClasses : "branches";
    requireFloat(attention, { name: "attention", shape: [branches, rows] });
  }
  if (instanceScores !== undefined) {
    requireFloat(instanceScores, { name: "instance scores", shape: [rows, numClasses] });
  }
  return output;
}

/**
 * Requires terms of a loss: scalars, none called as the task's own.
 * @param losses The terms by name.
 * @returns The terms.
 * @throws {ContractError} that says what was expected and what was received.
 */
export function requireLosses(
  losses: Readonly<Record<string, Tensor>>,
): Readonly<Record<string, Tensor>> {
  if (typeof losses !== "object" || losses === null) refuse("losses by name", describe(losses));
  for (const [name, loss] of Object.entries(losses)) {
    if (name === "task") {
      refuse("other names of losses", '"task", which is the name of the task\'s');
    }
    requireFloat(loss, { name: `loss "${name}"`, shape: [] });
  }
  return losses;
}

/** A tensor that is expected: symbols but `batch` and `instances` stand for any size. */
export interface ExpectedTensor {
  /** What it is called. */
  readonly name: string;
  /** Its shape. */
  readonly shape: Shape;
}

/**
 * Requires a float32 tensor.
 * @param tensor The tensor.
 * @param expected What it is called, and what shape it should have.
 * @throws {ContractError} if it is anything else.
 */
export function requireFloat(tensor: Tensor, { name, shape }: ExpectedTensor): void {
  const wanted = (dtype: string) =>
    shape.length === 0 ? `${name} to be a ${dtype}scalar` : `${name} ${dtype}${formatShape(shape)}`;
  if (!isTensor(tensor)) refuse(wanted(""), describe(tensor));
  const { dtype } = tensor;
  const fits = tensor.shape.length === shape.length &&
    shape.every((dim, axis) => agrees(tensor.shape[axis], dim));
  if (fits && dtype === "float32") return;
  const found = formatShape(tensor.shape);
  if (dtype === "float32") refuse(wanted(""), found);
  refuse(wanted("float32 "), `${dtype} ${found}`);
}

/** Authors may have symbols of their own for the number of rows, but not each other's. */
function agrees(dim: Dim, expected: Dim): boolean {
  if (typeof expected === "number") return dim === expected;
  if (expected !== "batch" && expected !== "instances") return true;
  return typeof dim === "string" && dim !== (expected === "batch" ? "instances" : "batch");
}

/** Whether a value is a tensor: authors who write JavaScript may give anything. */
function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && "node" in value && "dtype" in value &&
    "shape" in value && Array.isArray(value.shape);
}
