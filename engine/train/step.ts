/**
 * One training step as one graph: forward, backward, clipping and the optimizer's update, on the CPU.
 * @module
 */
import { input } from "../ir/create.ts";
import { sizeOf } from "../ir/dims.ts";
import { add, div, mul } from "../ir/elementwise.ts";
import type { Tensor } from "../ir/node.ts";
import { gradients } from "../autodiff/backward.ts";
import type { Parameter } from "../nn/scope.ts";
import { emit, type OnnxGraph } from "../onnx/emit.ts";
import { bind, type Bound, Session, type Value } from "../runtime/session.ts";
import { stepValues } from "./_hook_values.ts";
import {
  boundMasks,
  gradientName,
  hookedName,
  NEXT,
  type StateSlot,
  type StepPlan,
  updateGraph,
} from "./_update_graph.ts";
import { replaceableInPlace } from "./in_place.ts";
import { MicroBatches, SHARE } from "./micro_batches.ts";
import { slotName, type TrainState } from "./state.ts";

export type { StepPlan } from "./_update_graph.ts";

/** What a step returns: the outputs asked for, `loss`, and `grad_norm` where it is known. */
export type StepResult = Readonly<Record<string, Value>>;

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
