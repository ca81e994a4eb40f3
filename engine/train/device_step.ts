/**
 * One training step as one graph on a device, in whose memory parameters and optimizer state stay
 * from step to step.
 * @module
 */
import { input } from "../ir/create.ts";
import { sizeOf } from "../ir/dims.ts";
import { add, div } from "../ir/elementwise.ts";
import type { Tensor } from "../ir/node.ts";
import { gradients } from "../autodiff/backward.ts";
import type { Parameter } from "../nn/scope.ts";
import { emit, type OnnxGraph } from "../onnx/emit.ts";
import { requireRightDevice } from "../runtime/device_check.ts";
import { type Bound, type DeviceValue, Session, type Value } from "../runtime/session.ts";
import type { Device, SessionOptions } from "../runtime/session_options.ts";
import { boundMasks, gradientName, NEXT, type StepPlan, updateGraph } from "./_update_graph.ts";
import { slotName, type TrainState } from "./state.ts";
import type { StepResult } from "./step.ts";

/** What a step on a device is built from: nobody looks between updates, batches are computed whole. */
export type DeviceStepPlan = Omit<StepPlan, "hook" | "microBatch" | "session"> & {
  /** The device. */
  readonly session: Pick<SessionOptions, "deviceId" | "profile"> & { readonly device: Device };
};

/** What a run of a session is fed. */
type Feeds = Record<string, Value | DeviceValue>;

interface Parts {
  readonly main: Session;
  readonly apply?: Session;
  readonly masks: Readonly<Record<string, Bound>>;
  readonly checked: OnnxGraph;
}

/** Runs training steps on a {@linkcode TrainState} whose values are on a device. */
export class DeviceStep {
  readonly #plan: DeviceStepPlan;
  readonly #state: TrainState;
  readonly #trainable: readonly Parameter[];
  /** Computes gradients, and applies them where no accumulation is asked for. */
  readonly #main: Session;
  /** Applies accumulated gradients. */
  readonly #apply: Session | undefined;
  readonly #masks: Readonly<Record<string, Bound>>;
  /** Everything up to the gradients. */
  readonly #checked: OnnxGraph;
  /** Gradients that have added up, where batches are accumulated. */
  #sums: Record<string, DeviceValue> = {};
  #pending = 0;

  private constructor(plan: DeviceStepPlan, state: TrainState, parts: Parts) {
    this.#plan = plan;
    this.#state = state;
    this.#trainable = plan.parameters.filter(({ trainable }) => trainable);
    this.#main = parts.main;
    this.#apply = parts.apply;
    this.#masks = parts.masks;
    this.#checked = parts.checked;
  }

  /**
   * Builds the graphs and makes them ready to run.
   * @param plan What to build.
   * @param state Values of the same parameters, with room for the optimizer's state.
   * @throws {TypeError} if no parameter trains.
   */
  static async create(plan: DeviceStepPlan, state: TrainState): Promise<DeviceStep> {
    const trainable = plan.parameters.filter((parameter) => parameter.trainable);
    if (trainable.length === 0) throw new TypeError("Cannot train: no parameter is trainable");
    const updates = Object.entries(plan.updates ?? {});
    await state.addStatistics(updates.map(([name]) => name));
    const next = Object.fromEntries(updates.map(([name, value]) => [name + NEXT, value]));
    const results = { ...plan.outputs, loss: plan.loss };
    const { accumulate = 1 } = plan;
    const share = accumulate === 1 ? plan.loss : div(plan.loss, accumulate);
    const flowing = gradients(share, trainable.map(({ tensor }) => tensor));
    const named = trainable.map(({ name }, i) => [gradientName(name), flowing[i]] as const);
    const checked = emit({ ...results, ...next, ...Object.fromEntries(named) });
    const masks = await boundMasks(plan);
    const start = async (values: Record<string, Tensor>, kept: Record<string, Tensor>) =>
      await Session.compile(emit({ ...values, ...kept }), {
        ...plan.session,
        keep: Object.keys(kept),
      });
    if (accumulate === 1) {
      const { grad_norm, ...update } = updateGraph(plan, state, flowing).outputs;
      const norm = grad_norm && { grad_norm };
      const main = await start({ ...results, ...norm }, { ...next, ...update });
      return new DeviceStep(plan, state, { main, masks, checked });
    }
    const before = trainable.map(({ name, shape }) => input(gradientName(name), "float32", shape));
    const sums = trainable.map(({ name }, i) =>
      [gradientName(name) + NEXT, add(before[i], flowing[i])] as const
    );
    const main = await start(results, { ...next, ...Object.fromEntries(sums) });
    const { grad_norm, ...update } = updateGraph(plan, state, before).outputs;
    const apply = await start(grad_norm ? { grad_norm } : {}, update);
    return new DeviceStep(plan, state, { main, apply, masks, checked });
  }

  /**
   * Computes loss and gradients of a batch on the CPU, too.
   * @param feeds Data inputs of the graph.
   * @throws {DeviceError} if the device computes something else.
   * @throws {TypeError} if training has begun.
   */
  async check(feeds: Readonly<Record<string, Value>>): Promise<void> {
    const parameters = this.#hostParameters();
    const together = this.#trainable.map(({ name }) => gradientName(name));
    const check = { graph: this.#checked, feeds: { ...feeds, ...parameters }, together };
    await requireRightDevice(check, this.#plan.session);
  }

  #hostParameters(): Record<string, Value> {
    return Object.fromEntries(
      this.#state.names().map((name) =>
        [name, { dtype: "float32", ...this.#state.parameter(name) }] as const
      ),
    );
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
    const all: Feeds = { ...feeds };
    for (const name of this.#state.names()) all[name] = this.#state.feed(name);
    if (this.#apply === undefined) return await this.#update(this.#main, all, { lr, batch: true });
    for (const { name, shape } of this.#trainable) {
      const gradient = gradientName(name);
      all[gradient] = this.#sums[gradient] ?? zeros(shape);
    }
    const { values, kept } = await this.#main.runKeeping(all);
    this.#takeSums(kept);
    this.#pending++;
    if (this.#pending < (this.#plan.accumulate ?? 1) && !flush) return values;
    for (const name of this.#state.names()) all[name] = this.#state.feed(name);
    const updated = await this.#update(this.#apply, { ...all, ...this.#sums }, {
      lr,
      batch: false,
    });
    this.#dropSums();
    return { ...values, ...updated };
  }

  /** Frees the sessions, and what the device holds for them. */
  async release(): Promise<void> {
    this.#dropSums();
    await this.#main.release();
    await this.#apply?.release();
  }

  /** Takes sums of gradients in the place of those before; running statistics go to the state. */
  #takeSums(kept: Readonly<Record<string, DeviceValue>>): void {
    const statistics = new Set(this.#state.statistics());
    const written: Record<string, DeviceValue> = {};
    for (const [output, value] of Object.entries(kept)) {
      const name = output.slice(0, -NEXT.length);
      if (statistics.has(name)) {
        written[name] = value;
        continue;
      }
      this.#sums[name]?.dispose();
      this.#sums[name] = value;
    }
    this.#state.takeFromDevice(written, { update: false, batch: true });
  }

  #dropSums(): void {
    for (const value of Object.values(this.#sums)) value.dispose();
    this.#sums = {};
    this.#pending = 0;
  }

  async #update(
    session: Session,
    feeds: Feeds,
    { lr, batch }: { readonly lr: number; readonly batch: boolean },
  ): Promise<StepResult> {
    for (const { name } of this.#trainable) {
      for (const key of this.#state.slotKeys(name)) {
        feeds[slotName(name, key)] = this.#state.slotFeed(name, key);
      }
    }
    Object.assign(feeds, this.#masks);
    const scalars = this.#plan.optimizer.scalars(this.#state.step + 1, lr);
    for (const [key, value] of Object.entries(scalars)) {
      feeds[`optimizer/${key}`] = { dtype: "float32", shape: [], data: Float32Array.of(value) };
    }
    const { values, kept } = await session.runKeeping(feeds);
    const next = Object.entries(kept).map(([name, value]) =>
      [name.slice(0, -NEXT.length), value] as const
    );
    this.#state.takeFromDevice(Object.fromEntries(next), { update: true, batch });
    return values;
  }
}

function zeros(shape: readonly number[]): Value {
  return { dtype: "float32", shape, data: new Float32Array(sizeOf(shape)) };
}
