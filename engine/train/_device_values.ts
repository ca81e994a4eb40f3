/**
 * Values in the memory of a device, and their ways there and back. The memory belongs to the session
 * that computed them: who releases that first ends the process.
 */
import type { OnnxGraph, OnnxValue } from "../onnx/emit.ts";
import { type DeviceValue, Session, type Value } from "../runtime/session.ts";
import type { SessionOptions } from "../runtime/session_options.ts";

/** Values on a device, by name. */
export class DeviceValues {
  readonly #values = new Map<string, DeviceValue>();
  /** Those that were computed there, and not brought back since. */
  readonly #changed = new Set<string>();
  /** Sessions that brought values here. */
  readonly #sessions: Session[] = [];

  /**
   * @param name Name of a value.
   * @returns The value, where it is on the device.
   */
  get(name: string): DeviceValue | undefined {
    return this.#values.get(name);
  }

  /** @throws {TypeError} if a value was computed on the device and not brought back. */
  requireUnchanged(): void {
    if (this.#changed.size === 0) return;
    const [name] = this.#changed;
    throw new TypeError(`Cannot read "${name}": its current values are on the device`);
  }

  /**
   * Puts values in the place of others, whose memory is freed.
   * @param values Values that were computed on the device.
   */
  replace(values: Readonly<Record<string, DeviceValue>>): void {
    for (const [name, value] of Object.entries(values)) {
      this.#values.get(name)?.dispose();
      this.#values.set(name, value);
      this.#changed.add(name);
    }
  }

  /**
   * Brings values to the device.
   * @param values Values by name; those that are there already stay as they are.
   * @param session The device.
   */
  async upload(values: Readonly<Record<string, Value>>, session: SessionOptions): Promise<void> {
    const missing = Object.fromEntries(
      Object.entries(values).filter(([name]) => !this.#values.has(name)),
    );
    const names = Object.keys(missing);
    if (names.length === 0) return;
    const keep = names.map(copyName);
    const copying = await copySession(missing, { ...session, keep });
    this.#sessions.push(copying);
    const { kept } = await copying.runKeeping(missing);
    for (const name of names) this.#values.set(name, kept[copyName(name)]);
  }

  /**
   * Brings the values that were computed on the device back.
   * @param session The device.
   * @returns Values by name.
   */
  async download(session: SessionOptions): Promise<Record<string, Value>> {
    const changed = Object.fromEntries(
      [...this.#changed].map((name) => [name, this.#values.get(name)!]),
    );
    const names = Object.keys(changed);
    if (names.length === 0) return {};
    // The runtime's own way back ends the process.
    const copying = await copySession(changed, session);
    const copies = await copying.run(changed);
    await copying.release();
    this.#changed.clear();
    return Object.fromEntries(names.map((name) => [name, copies[copyName(name)]]));
  }

  /** Frees all memory; before the sessions that computed the values are released. */
  async discard(): Promise<void> {
    for (const value of this.#values.values()) value.dispose();
    this.#values.clear();
    this.#changed.clear();
    for (const session of this.#sessions.splice(0)) await session.release();
  }
}

const copyName = (name: string) => `${name}/copy`;

type Described = Readonly<Record<string, Pick<Value, "dtype" | "shape">>>;

/** A session that copies values from one memory to another. */
async function copySession(
  values: Described,
  { device, deviceId, keep }: SessionOptions,
): Promise<Session> {
  return await Session.compile(copyGraph(values), { device, deviceId, keep });
}

function copyGraph(values: Described): OnnxGraph {
  const inputs = Object.entries(values).map(([name, { dtype, shape }]): OnnxValue => (
    { name, dtype, shape }
  ));
  return {
    inputs,
    outputs: inputs.map((value) => ({ ...value, name: copyName(value.name) })),
    nodes: inputs.map(({ name }) => (
      { op: "Identity", inputs: [name], outputs: [copyName(name)], attributes: {} }
    )),
    initializers: [],
  };
}
