/** The update of a training step as graph: masks, clipping and the optimizer. */
import { input } from "../ir/create.ts";
import { add, div, min, mul, sqrt } from "../ir/elementwise.ts";
import { where } from "../ir/logic.ts";
import { reduceSumSquare } from "../ir/matrix.ts";
import type { Tensor } from "../ir/node.ts";
import type { Parameter } from "../nn/scope.ts";
import { bind, type Bound } from "../runtime/session.ts";
import type { SessionOptions } from "../runtime/session_options.ts";
import { hookedGradients } from "./_hook_values.ts";
import type { Optimizer, ParameterOptions, StepHook } from "./interfaces.ts";
import type { Masks } from "./masks.ts";
import { slotName, type TrainState } from "./state.ts";

/** What a training step is built from. */
export interface StepPlan {
  /** Parameters of the model. */
  readonly parameters: readonly Parameter[];
  /** The scalar that is minimised. */
  readonly loss: Tensor;
  /** Further values to return from every step, by name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The optimizer. */
  readonly optimizer: Optimizer;
  /** Learning-rate factor and weight decay of each parameter. */
  parameterOptions(parameter: Parameter): ParameterOptions;
  /** Next values of parameters that the forward pass updates, by name; none by default. */
  readonly updates?: Readonly<Record<string, Tensor>>;
  /** Which entries of parameters train, where not all of them do: others keep their bits. */
  readonly masks?: Masks;
  /** Largest global norm of the gradient (`torch.nn.utils.clip_grad_norm_`); none by default. */
  readonly clipNorm?: number;
  /** Batches whose gradients are averaged into one update. @default {1} */
  readonly accumulate?: number;
  /** What is done between updates; nothing by default. */
  readonly hook?: StepHook;
  /** Samples whose gradients are computed at a time. @default {all of a batch} */
  readonly microBatch?: number;
  /** How the sessions run. */
  readonly session?: SessionOptions;
}

/** Ends the name of a next value. */
export const NEXT = "/next";
/** Name of a gradient that adds up. */
export const gradientName = (name: string) => `${name}/gradient`;
/** Name of a gradient that a hook looks at. */
export const hookedName = (name: string) => `${name}/update_gradient`;
const maskName = (name: string) => `${name}/mask`;

/** An entry of the optimizer state that changes from step to step. */
export interface StateSlot {
  /** Name of the parameter. */
  readonly name: string;
  /** Key of the entry. */
  readonly key: string;
  /** Graph input that holds its current value. */
  readonly input: string;
  /** Graph output that is its next value. */
  readonly output: string;
}

/** An update rule written as graph. */
export interface UpdateGraph {
  /** What to compute: new values, and the gradient's norm where there is clipping. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The state that it changes. */
  readonly slots: readonly StateSlot[];
}

/**
 * Writes an update down.
 * @param plan What to build.
 * @param state Names and shapes of the optimizer's state.
 * @param flowing Gradients of the parameters that train, in their order.
 */
export function updateGraph(
  plan: StepPlan,
  state: TrainState,
  flowing: readonly Tensor[],
): UpdateGraph {
  const { optimizer, clipNorm } = plan;
  const trainable = plan.parameters.filter((parameter) => parameter.trainable);
  const masks = trainable.map((parameter) => maskInput(plan, parameter));
  const masked = flowing.map((gradient, index) => kept(masks[index], gradient, 0));
  const gradNorm = clipNorm === undefined ? undefined : globalNorm(masked);
  const clipped = gradNorm === undefined ? masked : clip(masked, gradNorm, clipNorm!);
  const scalars: Record<string, Tensor> = {};
  for (const key of Object.keys(optimizer.scalars(1, 0))) {
    scalars[key] = input(`optimizer/${key}`, "float32", []);
  }
  const outputs: Record<string, Tensor> = {};
  if (gradNorm !== undefined) outputs.grad_norm = gradNorm;
  const slots: StateSlot[] = [];
  const hooked = hookedGradients(plan.hook);
  for (const [index, parameter] of trainable.entries()) {
    const { name, tensor } = parameter;
    const current = stateInputs(state, name);
    const updated = optimizer.update({
      parameter: tensor,
      gradient: clipped[index],
      state: current,
      scalars,
      options: plan.parameterOptions(parameter),
    });
    outputs[name + NEXT] = kept(masks[index], updated.parameter, tensor);
    if (hooked.has(name)) outputs[hookedName(name)] = clipped[index];
    for (const [key, before] of Object.entries(current)) {
      const next = updated.state[key];
      if (next === undefined || isSame(next, before)) continue; // It stays as it is.
      const slot = { name, key, input: slotName(name, key), output: slotName(name, key) + NEXT };
      outputs[slot.output] = next;
      slots.push(slot);
    }
  }
  return { outputs, slots };
}

/** The graph input for a parameter's mask, where the mask keeps something. */
function maskInput({ masks }: StepPlan, { name, shape }: Parameter): Tensor | undefined {
  return masks?.get(name)?.includes(0) ? input(maskName(name), "bool", shape) : undefined;
}

/** `value` where the mask lets entries train, `other` elsewhere. */
function kept(mask: Tensor | undefined, value: Tensor, other: Tensor | number): Tensor {
  return mask === undefined ? value : where(mask, value, other);
}

/** Graph inputs for the optimizer state of a parameter. */
function stateInputs(state: TrainState, name: string): Record<string, Tensor> {
  const slots = Object.entries(state.optimizerState(name));
  return Object.fromEntries(
    slots.map(([key, { shape }]) => [key, input(slotName(name, key), "float32", shape)]),
  );
}

function isSame(a: Tensor, b: Tensor): boolean {
  return a.node === b.node && a.output === b.output;
}

/** √Σ‖g‖² over all gradients. */
function globalNorm(flowing: readonly Tensor[]): Tensor {
  return sqrt(flowing.map((gradient) => reduceSumSquare(gradient)).reduce((a, b) => add(a, b)));
}

/** g · min(1, clipNorm / (norm + 1e-6)), as `torch.nn.utils.clip_grad_norm_`. */
function clip(flowing: readonly Tensor[], norm: Tensor, clipNorm: number): Tensor[] {
  const factor = min(div(clipNorm, add(norm, 1e-6)), 1);
  return flowing.map((gradient) => mul(gradient, factor));
}

/** The masks that keep something, as the graph gets them. */
export async function boundMasks({ parameters, masks }: StepPlan): Promise<Record<string, Bound>> {
  const bound: Record<string, Bound> = {};
  for (const { name, shape, trainable } of parameters) {
    const data = masks?.get(name);
    if (!trainable || !data?.includes(0)) continue;
    bound[maskName(name)] = await bind({ dtype: "bool", shape, data });
  }
  return bound;
}
