/**
 * The numbers that training changes: parameters and optimizer state, in buffers that JavaScript
 * owns and that training and evaluation share without a copy.
 * @module
 */
import { sizeOf } from "../ir/dims.ts";
import { initialValues } from "../nn/initial_values.ts";
import type { Parameter } from "../nn/scope.ts";
import { bind, type Bound, type DeviceValue } from "../runtime/session.ts";
import type { SessionOptions } from "../runtime/session_options.ts";
import { DeviceValues } from "./_device_values.ts";
import type { Optimizer } from "./interfaces.ts";

/** Values of a tensor. */
export interface HostTensor {
  /** Shape. */
  readonly shape: readonly number[];
  /** Values, row-major. */
  readonly data: Float32Array<ArrayBuffer>;
}

/** The buffers of a value: where there are two, one is read while the other is written. */
interface Buffers {
  readonly front: Bound;
  readonly back?: Bound;
}

/** Name of an entry of the optimizer state in a graph. */
export const slotName = (name: string, key: string) => `${name}/state/${key}`;

/** Exchanges the buffers of all values that have two. */
function swap(values: Map<string, Buffers>): void {
  for (const [name, { front, back }] of values) {
    if (back) values.set(name, { front: back, back: front });
  }
}

async function buffer(shape: readonly number[], data?: Float32Array<ArrayBuffer>): Promise<Bound> {
  return await bind({ dtype: "float32", shape, data: data ?? new Float32Array(sizeOf(shape)) });
}

/** Parameters, optimizer state and the count of updates. */
export class TrainState {
  readonly #parameters = new Map<string, Buffers>();
  readonly #statistics = new Map<string, Buffers>();
  readonly #optimizer = new Map<string, Map<string, Buffers>>();
  /** What a device holds of them, by name in a graph: where it is changed there, buffers are old. */
  readonly #device = new DeviceValues();
  /** Updates done so far. */
  step = 0;
  /** Batches that went into running statistics so far. */
  batches = 0;

  private constructor() {}

  /**
   * Fills parameters with their initial values.
   * @param parameters Parameters of the model.
   * @param seed Seed of the initial values; each parameter draws from its own stream.
   * @param given Values that parameters start from instead, by name.
   */
  static async create(
    parameters: readonly Parameter[],
    seed: number,
    given?: ReadonlyMap<string, Float32Array>,
  ): Promise<TrainState> {
    const state = new TrainState();
    const initial = initialValues(parameters, seed, given);
    for (const { name, shape, trainable } of parameters) {
      const front = await buffer(shape, initial.get(name));
      const back = trainable ? await buffer(shape) : undefined;
      state.#parameters.set(name, { front, back });
    }
    return state;
  }

  /**
   * Makes room for an optimizer's state, at its initial values.
   * @param parameters Parameters of the model; those that do not train are skipped.
   * @param optimizer The optimizer.
   */
  async addOptimizer(parameters: readonly Parameter[], optimizer: Optimizer): Promise<void> {
    for (const { name, shape, trainable } of parameters) {
      if (!trainable) continue;
      const buffers = new Map<string, Buffers>();
      for (const [key, spec] of Object.entries(optimizer.state(shape))) {
        const initial = spec.initial ?? 0;
        const size = spec.shape === "scalar" ? [] : shape;
        const data = initial === "parameter"
          ? this.parameter(name).data.slice()
          : new Float32Array(sizeOf(size)).fill(initial);
        buffers.set(key, { front: await buffer(size, data) });
      }
      this.#optimizer.set(name, buffers);
    }
  }

  /**
   * Gives parameters that the forward pass updates a second buffer, to be swapped batch by batch.
   * @param names Names of the parameters, none of which trains.
   */
  async addStatistics(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const { front } = this.#buffers(name);
      this.#parameters.delete(name);
      this.#statistics.set(name, { front, back: await buffer(front.shape) });
    }
  }

  /**
   * Takes the second buffer from parameters that do not train after all.
   * @param names Names of the parameters.
   */
  freeze(names: readonly string[]): void {
    for (const name of names) this.#parameters.set(name, { front: this.#buffers(name).front });
  }

  /** Names of all parameters. */
  names(): readonly string[] {
    return [...this.#parameters.keys(), ...this.#statistics.keys()];
  }

  /** Names of the parameters that the forward pass updates. */
  statistics(): readonly string[] {
    return [...this.#statistics.keys()];
  }

  /**
   * Current values of a parameter. They change with the next update: copy to keep.
   * @throws {TypeError} if they are on a device, from where `download()` brings them.
   */
  parameter(name: string): HostTensor {
    this.#device.requireUnchanged();
    const { shape, data } = this.#buffers(name).front;
    return { shape, data: data as Float32Array<ArrayBuffer> };
  }

  /** Current optimizer state of a parameter, by torch's keys; empty where it does not train. */
  optimizerState(name: string): Readonly<Record<string, HostTensor>> {
    this.#device.requireUnchanged();
    const entries = [...this.#optimizer.get(name) ?? []].map(([key, { front: { shape, data } }]) =>
      [key, { shape, data: data as Float32Array<ArrayBuffer> }] as const
    );
    return Object.fromEntries(entries);
  }

  /** What to feed a parameter from: a device's memory, where it is there. */
  feed(name: string): Bound | DeviceValue {
    return this.#device.get(name) ?? this.front(name);
  }

  /** What to feed an entry of the optimizer state from. */
  slotFeed(name: string, key: string): Bound | DeviceValue {
    return this.#device.get(slotName(name, key)) ?? this.slot(name, key);
  }

  /**
   * Takes values that a device has computed in place of those before.
   * @param values Values by name in the graph.
   * @param counts Whether they are an update, and whether a batch went into running statistics.
   */
  takeFromDevice(
    values: Readonly<Record<string, DeviceValue>>,
    counts: { readonly update: boolean; readonly batch: boolean },
  ): void {
    this.#device.replace(values);
    if (counts.update) this.step++;
    if (counts.batch) this.batches++;
  }

  /**
   * Brings parameters to a device, as far as they are not there.
   * @param session The device.
   */
  async upload(session: SessionOptions): Promise<void> {
    const values = this.names().map((name) => [name, this.front(name)] as const);
    await this.#device.upload(Object.fromEntries(values), session);
  }

  /**
   * Brings what a device has changed back into the buffers. It stays on the device, too.
   * @param session The device.
   */
  async download(session: SessionOptions): Promise<void> {
    for (const [name, { data }] of Object.entries(await this.#device.download(session))) {
      (this.#bufferOf(name).data as Float32Array).set(data as Float32Array);
    }
  }

  /**
   * Frees the memory of a device: from here on the buffers count, and may be written. It has to be
   * left before the sessions that train there are released.
   */
  async leaveDevice(): Promise<void> {
    await this.#device.discard();
  }

  /** The buffer that has a name in a graph. */
  #bufferOf(name: string): Bound {
    for (const [parameter, slots] of this.#optimizer) {
      for (const [key, { front }] of slots) if (slotName(parameter, key) === name) return front;
    }
    return this.front(name);
  }

  /** The buffer to feed a parameter from. */
  front(name: string): Bound {
    return this.#buffers(name).front;
  }

  /** The buffer that the next value of a parameter goes to, if it changes. */
  back(name: string): Bound {
    const { back } = this.#buffers(name);
    if (!back) throw new TypeError(`Cannot update parameter "${name}": it does not change`);
    return back;
  }

  /** Keys of the optimizer state of a parameter. */
  slotKeys(name: string): readonly string[] {
    return [...this.#optimizer.get(name)?.keys() ?? []];
  }

  /** The buffer of one entry of the optimizer state. */
  slot(name: string, key: string): Bound {
    return this.#slot(name, key).front;
  }

  /** The buffer that the next value of an entry goes to: the same one unless it has a second. */
  nextSlot(name: string, key: string): Bound {
    const { front, back } = this.#slot(name, key);
    return back ?? front;
  }

  /**
   * Gives an entry of the optimizer state a second buffer, which is swapped like a parameter's, as
   * it needs one where its next value cannot be written over the current one.
   * @param name Name of the parameter.
   * @param key Key of the entry.
   */
  async addSecondBuffer(name: string, key: string): Promise<void> {
    const { front } = this.#slot(name, key);
    this.#optimizer.get(name)!.set(key, { front, back: await buffer(front.shape) });
  }

  /** Makes the running statistics just written the current ones, and counts the batch. */
  swapStatistics(): void {
    swap(this.#statistics);
    this.batches++;
  }

  /** Makes the values just written the current ones, and counts the update. */
  swap(): void {
    swap(this.#parameters);
    for (const slots of this.#optimizer.values()) swap(slots);
    this.step++;
  }

  #slot(name: string, key: string): Buffers {
    const found = this.#optimizer.get(name)?.get(key);
    if (!found) throw new TypeError(`Cannot find optimizer state "${key}" of parameter "${name}"`);
    return found;
  }

  #buffers(name: string): Buffers {
    const found = this.#parameters.get(name) ?? this.#statistics.get(name);
    if (!found) throw new TypeError(`Cannot find parameter "${name}"`);
    return found;
  }
}
