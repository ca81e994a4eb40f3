/** Computing with a trained model, on the CPU or on a device that is compared with it. */
import { DeviceError } from "../../engine/errors.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { bakeInputs } from "../../engine/onnx/bake.ts";
import { emit, type OnnxGraph } from "../../engine/onnx/emit.ts";
import { chooseDevice, type ChosenDevice } from "../../engine/runtime/device.ts";
import { requireRightDevice } from "../../engine/runtime/device_check.ts";
import { onDevice } from "../../engine/runtime/device_failure.ts";
import { Session, type Value } from "../../engine/runtime/session.ts";
import type { ModelDeviceOptions } from "./model_device.ts";

/** A device that was chosen, and what is done with it. */
export interface ModelPlace extends ChosenDevice {
  /** Whether the first batch is compared with the CPU's. */
  readonly check: boolean;
  /** Tells a line to the user. */
  readonly notify: (message: string) => void;
}

/**
 * Chooses where a model computes.
 * @param options What is asked for.
 * @throws {DeviceError} if the device that is asked for cannot be used.
 */
export async function placeOfModel(
  { device = "cpu", deviceId, deviceCheck = true, onNotice = () => {} }: ModelDeviceOptions,
): Promise<ModelPlace> {
  const chosen = await chooseDevice({ device, deviceId });
  if (chosen.notice !== undefined) onNotice(chosen.notice);
  return { ...chosen, check: deviceCheck, notify: onNotice };
}

/** What a model is made of. */
export interface ModelParts {
  /** What it computes. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Values of its parameters. */
  readonly weights: Readonly<Record<string, Value>>;
}

/** A model that computes. */
export class ModelSession {
  #session: Session;
  readonly #parts: ModelParts;
  #place: ModelPlace;
  /** The model on a device, weights and all, until it has been checked. */
  #unchecked: OnnxGraph | undefined;

  private constructor(
    session: Session,
    { parts, place, graph }: {
      readonly parts: ModelParts;
      readonly place: ModelPlace;
      readonly graph?: OnnxGraph;
    },
  ) {
    this.#session = session;
    this.#parts = parts;
    this.#place = place;
    this.#unchecked = place.check ? graph : undefined;
  }

  /**
   * Makes a model ready.
   * @param parts What it is made of.
   * @param place Where it computes.
   * @throws {DeviceError} if a device that was asked for cannot load it.
   */
  static async create(parts: ModelParts, place: ModelPlace): Promise<ModelSession> {
    const { outputs, weights } = parts;
    const { device } = place;
    if (device === "cpu") {
      return new ModelSession(await Session.create(outputs), { parts, place });
    }
    const constants = Object.entries(weights).map(([name, { shape, data }]) =>
      [name, { shape, values: data }] as const
    );
    const graph = bakeInputs(emit(outputs), new Map(constants));
    try {
      const load = () => Session.compile(graph, place);
      const session = await onDevice(device, "load the model", load);
      return new ModelSession(session, { parts, place, graph });
    } catch (error) {
      return await ModelSession.create(parts, takeCpu(place, error));
    }
  }

  /**
   * Computes a batch.
   * @param feeds Values for the inputs but the parameters.
   * @throws {DeviceError} if a device that was asked for computes something else than the CPU.
   */
  async run(feeds: Readonly<Record<string, Value>>): Promise<Record<string, Value>> {
    if (this.#unchecked) await this.#check(this.#unchecked, feeds);
    const onCpu = this.#place.device === "cpu";
    return await this.#session.run(onCpu ? { ...feeds, ...this.#parts.weights } : feeds);
  }

  /** Frees the session. */
  async release(): Promise<void> {
    await this.#session.release();
  }

  async #check(graph: OnnxGraph, feeds: Readonly<Record<string, Value>>): Promise<void> {
    try {
      await requireRightDevice({ graph, feeds }, this.#place);
    } catch (error) {
      this.#place = takeCpu(this.#place, error);
      await this.#session.release();
      this.#session = await Session.create(this.#parts.outputs);
    }
    this.#unchecked = undefined;
  }
}

/** The CPU in the place of a device that fails and that nobody has named. */
function takeCpu(place: ModelPlace, error: unknown): ModelPlace {
  if (!place.automatic || !(error instanceof DeviceError)) throw error;
  place.notify(`device cpu takes its place: ${error.message}`);
  return { ...place, device: "cpu" };
}
