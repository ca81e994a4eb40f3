/**
 * One training step as one graph: forward, backward, clipping and the optimizer's update.
 * @module
 */
import { input } from "../ir/create.ts";
import { sizeOf } from "../ir/dims.ts";
import { add, div, min, mul, sqrt } from "../ir/elementwise.ts";
import { reduceSumSquare } from "../ir/matrix.ts";
import type { Tensor } from "../ir/node.ts";
import { gradients } from "../autodiff/backward.ts";
import type { Parameter } from "../nn/scope.ts";
import { emit, type OnnxGraph, type OnnxNode } from "../onnx/emit.ts";
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

/** An update rule written as graph. */
interface UpdateGraph {
  /** What to compute: new values, and the gradient's norm where there is clipping. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Names of the inputs that their new values are written over. */
  readonly inPlace: readonly string[];
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
    const results = { ...plan.outputs, loss: plan.loss };
    const count = plan.accumulate ?? 1;
    const share = count === 1 ? plan.loss : div(plan.loss, count);
    const flowing = gradients(share, trainable.map(({ tensor }) => tensor));
    if (count === 1) {
      const { outputs, inPlace } = updateGraph(plan, trainable, flowing);
      const main = await createSession({ ...results, ...outputs }, inPlace, plan.session);
      return new TrainStep(plan, state, main);
    }
    const accumulators = trainable.map(({ name, shape }) =>
      input(gradientName(name), "float32", shape)
    );
    const sums = trainable.map(({ name }, index) =>
      [gradientName(name) + NEXT, add(accumulators[index], flowing[index])] as const
    );
    const names = trainable.map(({ name }) => gradientName(name));
    const all = { ...results, ...Object.fromEntries(sums) };
    const main = await createSession(all, names, plan.session);
    const { outputs, inPlace } = updateGraph(plan, trainable, accumulators);
    const apply = await createSession(outputs, inPlace, plan.session);
    const step = new TrainStep(plan, state, main, apply);
    for (const { name, shape } of trainable) {
      const data = new Float32Array(sizeOf(shape));
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
    const result = this.#visible(await this.#main.run(withParameters, into));
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

async function createSession(
  outputs: Readonly<Record<string, Tensor>>,
  inPlace: readonly string[],
  options?: SessionOptions,
): Promise<Session> {
  const graph = emit(outputs);
  requireInPlace(graph, inPlace);
  return await Session.compile(graph, options);
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
  if (gradNorm !== undefined) outputs.grad_norm = gradNorm;
  const inPlace: string[] = [];
  for (const [index, parameter] of trainable.entries()) {
    const state: Record<string, Tensor> = {};
    for (const [key, spec] of Object.entries(optimizer.state(parameter.shape))) {
      const shape = spec.shape === "scalar" ? [] : parameter.shape;
      state[key] = input(slotName(parameter.name, key), "float32", shape);
    }
    const options = plan.parameterOptions(parameter);
    const updated = optimizer.update({
      parameter: parameter.tensor,
      gradient: clipped[index],
      state,
      scalars,
      options,
    });
    outputs[parameter.name + NEXT] = updated.parameter;
    for (const [key, tensor] of Object.entries(updated.state)) {
      outputs[slotName(parameter.name, key) + NEXT] = tensor;
      inPlace.push(slotName(parameter.name, key));
    }
  }
  return { outputs, inPlace };
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

const ELEMENTWISE = new Set([
  "Add",
  "Sub",
  "Mul",
  "Div",
  "Max",
  "Min",
  "Neg",
  "Abs",
  "Sqrt",
  "Identity",
]);

/**
 * Requires that values may be written over their own inputs. That is safe when nothing reads the
 * input, or one elementwise operator only, and the new value is computed from what it gives.
 */
function requireInPlace({ nodes }: OnnxGraph, names: readonly string[]): void {
  const readers = new Map<string, number[]>(names.map((name) => [name, []]));
  for (const [index, { inputs }] of nodes.entries()) {
    for (const name of new Set(inputs)) readers.get(name)?.push(index);
  }
  for (const [name, [first, ...others]] of readers) {
    if (first === undefined) continue;
    const elementwise = others.length === 0 && ELEMENTWISE.has(nodes[first].op);
    if (elementwise && leadsTo(nodes, first, name + NEXT)) continue;
    const operators = [first, ...others].map((index) => nodes[index].op);
    throw new TypeError(
      `Cannot update "${name}" in place: it is read by ${operators.join(", ")}, expected one ` +
        "elementwise operator that the new value depends on",
    );
  }
}

/** Whether a value is computed from what the node at `start` gives. */
function leadsTo(nodes: readonly OnnxNode[], start: number, value: string): boolean {
  const reached = new Set(nodes[start].outputs);
  for (let index = start + 1; index < nodes.length && !reached.has(value); index++) {
    const { inputs, outputs } = nodes[index];
    if (inputs.some((name) => reached.has(name))) outputs.forEach((name) => reached.add(name));
  }
  return reached.has(value);
}
