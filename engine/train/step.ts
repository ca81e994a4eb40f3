/**
 * One training step as one graph: forward, backward, clipping and the optimizer's update.
 * @module
 */
import { input } from "../ir/create.ts";
import { sizeOf } from "../ir/dims.ts";
import { add, div, min, mul, sqrt } from "../ir/elementwise.ts";
import { where } from "../ir/logic.ts";
import { reduceSumSquare } from "../ir/matrix.ts";
import type { Tensor } from "../ir/node.ts";
import { gradients } from "../autodiff/backward.ts";
import type { Parameter } from "../nn/scope.ts";
import { emit, type OnnxGraph } from "../onnx/emit.ts";
import { bind, type Bound, Session, type SessionOptions, type Value } from "../runtime/session.ts";
import { hookedGradients, stepValues } from "./_hook_values.ts";
import { replaceableInPlace } from "./in_place.ts";
import type { Optimizer, ParameterOptions, StepHook } from "./interfaces.ts";
import type { Masks } from "./masks.ts";
import { MicroBatches, SHARE } from "./micro_batches.ts";
import type { TrainState } from "./state.ts";

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

/** What a step returns: the outputs asked for, `loss`, and `grad_norm` where it is known. */
export type StepResult = Readonly<Record<string, Value>>;

const NEXT = "/next";
const gradientName = (name: string) => `${name}/gradient`;
const hookedName = (name: string) => `${name}/update_gradient`;
const slotName = (name: string, key: string) => `${name}/state/${key}`;
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
interface UpdateGraph {
  /** What to compute: new values, and the gradient's norm where there is clipping. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The state that it changes. */
  readonly slots: readonly StateSlot[];
}

/** Runs training steps on a {@linkcode TrainState}. */
export class TrainStep {
  readonly #state: TrainState;
  readonly #plan: StepPlan;
  readonly #trainable: readonly Parameter[];
  readonly #slots: readonly StateSlot[];
  /** Computes gradients, and applies them where no accumulation is asked for. */
  readonly #main: Session | MicroBatches;
  /** Applies accumulated gradients. */
  readonly #apply: Session | undefined;
  readonly #accumulators = new Map<string, Bound>();
  readonly #masks: Readonly<Record<string, Bound>>;
  #pending = 0;

  private constructor(
    plan: StepPlan,
    state: TrainState,
    parts: {
      slots: readonly StateSlot[];
      masks: Readonly<Record<string, Bound>>;
      main: Session | MicroBatches;
      apply?: Session;
    },
  ) {
    this.#plan = plan;
    this.#state = state;
    this.#trainable = plan.parameters.filter(({ trainable }) => trainable);
    this.#slots = parts.slots;
    this.#masks = parts.masks;
    this.#main = parts.main;
    this.#apply = parts.apply;
  }

  /**
   * Builds the graphs and makes them ready to run.
   * @param plan What to build.
   * @param state Buffers of the same parameters, with room for the optimizer's state. State that
   *   cannot be updated in place gets second buffers.
   * @throws {TypeError} if no parameter trains.
   */
  static async create(plan: StepPlan, state: TrainState): Promise<TrainStep> {
    const trainable = plan.parameters.filter((parameter) => parameter.trainable);
    if (trainable.length === 0) throw new TypeError("Cannot train: no parameter is trainable");
    const updates = Object.entries(plan.updates ?? {});
    await state.addStatistics(updates.map(([name]) => name));
    const count = plan.accumulate ?? 1;
    const { microBatch } = plan;
    const masks = await boundMasks(plan);
    if (count === 1 && microBatch === undefined) {
      const { graph, slots } = stepGraph(plan, state);
      const main = await updateSession(graph, slots, { state, plan });
      const step = new TrainStep(plan, state, { slots, masks, main });
      step.#start();
      return step;
    }
    const part = microBatch === undefined ? plan.loss : mul(plan.loss, input(SHARE, "float32", []));
    const share = count === 1 ? part : div(part, count);
    const flowing = gradients(share, trainable.map(({ tensor }) => tensor));
    const accumulators = trainable.map(({ name, shape }) =>
      input(gradientName(name), "float32", shape)
    );
    const sums = trainable.map(({ name }, index) =>
      [gradientName(name) + NEXT, add(accumulators[index], flowing[index])] as const
    );
    const session = await Session.compile(
      emit({ ...resultsOf(plan), ...Object.fromEntries(sums) }),
      plan.session,
    );
    const main = microBatch === undefined ? session : new MicroBatches(session, microBatch);
    const { outputs, slots } = updateGraph(plan, state, accumulators);
    const apply = await updateSession(emit(outputs), slots, { state, plan });
    const step = new TrainStep(plan, state, { slots, masks, main, apply });
    for (const { name, shape } of trainable) {
      const data = new Float32Array(sizeOf(shape));
      step.#accumulators.set(name, await bind({ dtype: "float32", shape, data }));
    }
    step.#start();
    return step;
  }

  /** Calls the hook before the first update. */
  #start(): void {
    this.#plan.hook?.start?.(stepValues(this.#state, () => undefined));
  }

  /**
   * Computes gradients on a batch and, when enough batches are in, updates the parameters.
   * @param feeds Data inputs of the graph.
   * @param lr Learning rate.
   * @param flush Whether to update even if fewer batches than `accumulate` are in, as at the end
   *   of an epoch.
   */
  async run(
    feeds: Readonly<Record<string, Value>>,
    lr: number,
    flush = false,
  ): Promise<StepResult> {
    const withParameters = { ...feeds };
    for (const name of this.#state.names()) withParameters[name] = this.#state.front(name);
    const into: Record<string, Bound> = {};
    for (const name of this.#state.statistics()) into[name + NEXT] = this.#state.back(name);
    if (!this.#apply) {
      const result = await this.#update(this.#main, { feeds: withParameters, into, lr });
      this.#state.swapStatistics();
      return result;
    }
    for (const [name, buffer] of this.#accumulators) {
      withParameters[gradientName(name)] = buffer;
      into[gradientName(name) + NEXT] = buffer;
    }
    const result = this.#visible(await this.#main.run(withParameters, into));
    this.#state.swapStatistics();
    this.#pending++;
    if (this.#pending < (this.#plan.accumulate ?? 1) && !flush) return result;
    const updated = await this.#update(this.#apply, { feeds: withParameters, into: {}, lr });
    for (const { data } of this.#accumulators.values()) (data as Float32Array).fill(0);
    this.#pending = 0;
    return { ...result, ...updated };
  }

  /** Frees the sessions. */
  async release(): Promise<void> {
    await this.#main.release();
    await this.#apply?.release();
  }

  async #update(
    session: Session | MicroBatches,
    { feeds, into, lr }: {
      readonly feeds: Record<string, Value>;
      readonly into: Record<string, Value>;
      readonly lr: number;
    },
  ): Promise<StepResult> {
    for (const { name } of this.#trainable) {
      into[name + NEXT] = this.#state.back(name);
      for (const key of this.#state.slotKeys(name)) {
        feeds[slotName(name, key)] = this.#state.slot(name, key);
      }
    }
    for (const { name, key, output } of this.#slots) into[output] = this.#state.nextSlot(name, key);
    Object.assign(feeds, this.#masks);
    const scalars = this.#plan.optimizer.scalars(this.#state.step + 1, lr);
    for (const [key, value] of Object.entries(scalars)) {
      feeds[`optimizer/${key}`] = { dtype: "float32", shape: [], data: Float32Array.of(value) };
    }
    const result = await session.run(feeds, into);
    this.#state.swap();
    this.#plan.hook?.afterUpdate(
      stepValues(this.#state, (name) => result[hookedName(name)]),
    );
    return this.#visible(result);
  }

  /** Results without the buffers that were written. */
  #visible(results: Readonly<Record<string, Value>>): StepResult {
    const names = [...Object.keys(this.#plan.outputs), "loss", "grad_norm"];
    return Object.fromEntries(
      names.filter((name) => name in results).map((name) => [name, results[name]]),
    );
  }
}

/** The graph of a step that updates after every batch, and the state that it changes. */
export interface StepGraph {
  /**
   * Inputs are the batch, the parameters, their state (`NAME/state/KEY`) and the optimizer's numbers
   * (`optimizer/KEY`); outputs are the results and the next values (`INPUT/next`).
   */
  readonly graph: OnnxGraph;
  /** Entries of the state that change. */
  readonly slots: readonly StateSlot[];
}

/**
 * Builds a step that updates after every batch as one graph.
 * @param plan What to build.
 * @param state Says which state the optimizer keeps.
 */
export function stepGraph(plan: StepPlan, state: TrainState): StepGraph {
  const trainable = plan.parameters.filter((parameter) => parameter.trainable);
  const flowing = gradients(plan.loss, trainable.map(({ tensor }) => tensor));
  const { outputs, slots } = updateGraph(plan, state, flowing);
  return { graph: emit({ ...resultsOf(plan), ...outputs }), slots };
}

/** What a batch gives besides gradients. */
function resultsOf({ outputs, loss, updates = {} }: StepPlan): Record<string, Tensor> {
  const next = Object.entries(updates).map(([name, value]) => [name + NEXT, value]);
  return { ...outputs, loss, ...Object.fromEntries(next) };
}

/** Makes an update ready to run, and gives second buffers to the state that needs them. */
async function updateSession(
  graph: OnnxGraph,
  slots: readonly StateSlot[],
  { state, plan }: { readonly state: TrainState; readonly plan: StepPlan },
): Promise<Session> {
  const inPlace = replaceableInPlace(graph, slots);
  for (const slot of slots) {
    if (!inPlace.has(slot)) await state.addSecondBuffer(slot.name, slot.key);
  }
  return await Session.compile(graph, plan.session);
}

function updateGraph(
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

/** The masks that keep something, as the graph gets them. */
async function boundMasks({ parameters, masks }: StepPlan): Promise<Record<string, Bound>> {
  const bound: Record<string, Bound> = {};
  for (const { name, shape, trainable } of parameters) {
    const data = masks?.get(name);
    if (!trainable || !data?.includes(0)) continue;
    bound[maskName(name)] = await bind({ dtype: "bool", shape, data });
  }
  return bound;
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
