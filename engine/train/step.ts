/**
 * One training step as one graph: forward, backward, clipping and the optimizer's update.
 * @module
 */
import { input } from "../ir/create.ts";
import { add, div, max, mul, sqrt } from "../ir/elementwise.ts";
import { reduceSumSquare } from "../ir/matrix.ts";
import type { Tensor } from "../ir/node.ts";
import { gradients, reachable } from "../autodiff/backward.ts";
import type { Parameter } from "../nn/scope.ts";
import { bind, type Bound, Session, type SessionOptions, type Value } from "../runtime/session.ts";
import type { Optimizer, ParameterOptions } from "./interfaces.ts";
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
  /** Largest global norm of the gradient (`torch.nn.utils.clip_grad_norm_`); none by default. */
  readonly clipNorm?: number;
  /** Batches whose gradients are averaged into one update. @default {1} */
  readonly accumulate?: number;
  /** How the sessions run. */
  readonly session?: SessionOptions;
}

/** What a step returns: the outputs asked for, `loss`, and `grad_norm` where it is known. */
export type StepResult = Readonly<Record<string, Value>>;

const NEXT = "/next";
const gradientName = (name: string) => `${name}/gradient`;
const slotName = (name: string, key: string) => `${name}/${key}`;

/** An update rule written as graph: what to compute, and which buffers it goes to. */
interface UpdateGraph {
  readonly outputs: Record<string, Tensor>;
  readonly gradNorm: Tensor | undefined;
}

/** Runs training steps on a {@linkcode TrainState}. */
export class TrainStep {
  readonly #state: TrainState;
  readonly #plan: StepPlan;
  readonly #trainable: readonly Parameter[];
  /** Computes gradients, and applies them where no accumulation is asked for. */
  readonly #main: Session;
  /** Applies accumulated gradients. */
  readonly #apply: Session | undefined;
  readonly #accumulators = new Map<string, Bound>();
  #pending = 0;

  private constructor(plan: StepPlan, state: TrainState, main: Session, apply?: Session) {
    this.#plan = plan;
    this.#state = state;
    this.#trainable = plan.parameters.filter(({ trainable }) => trainable);
    this.#main = main;
    this.#apply = apply;
  }

  /**
   * Builds the graphs and makes them ready to run.
   * @param plan What to build.
   * @param state Buffers of the same parameters, with room for the optimizer's state.
   * @throws {TypeError} if no parameter trains.
   */
  static async create(plan: StepPlan, state: TrainState): Promise<TrainStep> {
    const trainable = plan.parameters.filter((parameter) => parameter.trainable);
    if (trainable.length === 0) throw new TypeError("Cannot train: no parameter is trainable");
    const flowing = gradients(plan.loss, trainable.map(({ tensor }) => tensor));
    const results = { ...plan.outputs, loss: plan.loss };
    const count = plan.accumulate ?? 1;
    if (count === 1) {
      const { outputs, gradNorm } = updateGraph(plan, trainable, flowing);
      const all = { ...results, ...outputs, ...(gradNorm && { grad_norm: gradNorm }) };
      return new TrainStep(plan, state, await Session.create(all, plan.session));
    }
    const accumulators = trainable.map(({ name, shape }) =>
      input(gradientName(name), "float32", shape)
    );
    const sums = trainable.map(({ name }, index) =>
      [gradientName(name) + NEXT, add(accumulators[index], div(flowing[index], count))] as const
    );
    const main = await Session.create({ ...results, ...Object.fromEntries(sums) }, plan.session);
    const { outputs, gradNorm } = updateGraph(plan, trainable, accumulators);
    const all = { ...outputs, ...(gradNorm && { grad_norm: gradNorm }) };
    const step = new TrainStep(plan, state, main, await Session.create(all, plan.session));
    for (const { name, shape } of trainable) {
      const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
      step.#accumulators.set(name, await bind({ dtype: "float32", shape, data }));
    }
    return step;
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
    if (!this.#apply) return await this.#update(this.#main, withParameters, lr);
    const into: Record<string, Bound> = {};
    for (const [name, buffer] of this.#accumulators) {
      withParameters[gradientName(name)] = buffer;
      into[gradientName(name) + NEXT] = buffer;
    }
    const result = await this.#main.run(withParameters, into);
    this.#pending++;
    if (this.#pending < (this.#plan.accumulate ?? 1) && !flush) return result;
    const updated = await this.#update(this.#apply, withParameters, lr);
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
    session: Session,
    feeds: Record<string, Value>,
    lr: number,
  ): Promise<StepResult> {
    const into: Record<string, Value> = {};
    for (const { name, shape } of this.#trainable) {
      into[name + NEXT] = this.#state.back(name);
      for (const key of Object.keys(this.#plan.optimizer.state(shape))) {
        const slot = this.#state.slot(name, key);
        feeds[slotName(name, key)] = slot;
        into[slotName(name, key) + NEXT] = slot;
      }
    }
    const scalars = this.#plan.optimizer.scalars(this.#state.step + 1, lr);
    for (const [key, value] of Object.entries(scalars)) {
      feeds[`optimizer/${key}`] = { dtype: "float32", shape: [], data: Float32Array.of(value) };
    }
    const result = await session.run(feeds, into);
    this.#state.swap();
    return result;
  }
}

function updateGraph(
  plan: StepPlan,
  trainable: readonly Parameter[],
  flowing: readonly Tensor[],
): UpdateGraph {
  const { optimizer, clipNorm } = plan;
  const gradNorm = clipNorm === undefined ? undefined : globalNorm(flowing);
  const clipped = gradNorm === undefined ? flowing : clip(flowing, gradNorm, clipNorm!);
  const scalars: Record<string, Tensor> = {};
  for (const key of Object.keys(optimizer.scalars(1, 0))) {
    scalars[key] = input(`optimizer/${key}`, "float32", []);
  }
  const outputs: Record<string, Tensor> = {};
  for (const [index, parameter] of trainable.entries()) {
    const state: Record<string, Tensor> = {};
    for (const [key, spec] of Object.entries(optimizer.state(parameter.shape))) {
      const shape = spec.shape === "scalar" ? [] : parameter.shape;
      state[key] = input(slotName(parameter.name, key), "float32", shape);
    }
    const options = plan.parameterOptions(parameter);
    const updated = optimizer.update(parameter.tensor, clipped[index], state, scalars, options);
    outputs[parameter.name + NEXT] = updated.parameter;
    for (const [key, tensor] of Object.entries(updated.state)) {
      outputs[slotName(parameter.name, key) + NEXT] = tensor;
      requireInPlace(state[key], tensor, parameter.name, key);
    }
  }
  return { outputs, gradNorm };
}

/** √Σ‖g‖² over all gradients. */
function globalNorm(flowing: readonly Tensor[]): Tensor {
  return sqrt(flowing.map((gradient) => reduceSumSquare(gradient)).reduce((a, b) => add(a, b)));
}

/** g · min(1, clipNorm / (norm + 1e-6)), as `torch.nn.utils.clip_grad_norm_`. */
function clip(flowing: readonly Tensor[], norm: Tensor, clipNorm: number): Tensor[] {
  const smallest = max(norm, clipNorm - 1e-6);
  const factor = div(clipNorm, add(smallest, 1e-6));
  return flowing.map((gradient) => mul(gradient, factor));
}

const ELEMENTWISE = new Set(["Add", "Sub", "Mul", "Div", "Max", "Min", "Neg", "Sqrt", "Identity"]);

/**
 * State is written over its own input. That is safe when exactly one elementwise operator reads the
 * old value, and the new one depends on it.
 */
function requireInPlace(old: Tensor, next: Tensor, name: string, key: string): void {
  const readers = reachable([next]).filter((node) =>
    node.inputs.some((operand) => operand?.node === old.node)
  );
  if (next.node === old.node) return;
  if (readers.length === 1 && ELEMENTWISE.has(readers[0].op)) return;
  throw new TypeError(
    `Cannot update state "${key}" of "${name}" in place: ${readers.length} operators read it, ` +
      "expected one elementwise operator",
  );
}
