/** Computing with a trained model, on the CPU or on a device that is compared with it. */
import type { Tensor } from "../../engine/ir/node.ts";
import { bakeInputs } from "../../engine/onnx/bake.ts";
import { emit, type OnnxGraph } from "../../engine/onnx/emit.ts";
import { encodeWithConstantsApart } from "../../engine/onnx/encode.ts";
import { chooseDevice, type ChosenDevice } from "../../engine/runtime/device.ts";
import { requireRightDevice } from "../../engine/runtime/device_check.ts";
import { onDevice } from "../../engine/runtime/device_failure.ts";
import {
  type DeviceGraph,
  deviceNotices,
  graphFor,
  replacedByCpu,
} from "../../engine/runtime/half_graph.ts";
import { Session, type Value } from "../../engine/runtime/session.ts";
import type { EncoderReader } from "../../registry/plugin.ts";
import { chooseMatmulPrecision, type MatmulPrecision } from "../extract/matmul_precision.ts";
import type { ModelDeviceOptions, ModelPrecision } from "./model_device.ts";

/** A device that was chosen, and what is done with it. */
export interface ModelPlace extends ChosenDevice {
  /** Whether the first batch is compared with the CPU's. */
  readonly check: boolean;
  /** How precise matrix products are. */
  readonly matmulPrecision: MatmulPrecision;
  /** Tells a line to the user. */
  readonly notify: (message: string) => void;
}

/**
 * Chooses where a model computes.
 * @param options What is asked for.
 * @throws {DeviceError} if the device that is asked for cannot be used.
 */
export async function placeOfModel(options: ModelDeviceOptions): Promise<ModelPlace> {
  const { device = "cpu", deviceId, deviceCheck = true } = options;
  const { float32MatmulPrecision = "highest", onNotice = () => {} } = options;
  const float16 = options.precisionCompute === 16;
  const chosen = await chooseDevice({ device, deviceId, float16 });
  for (const line of deviceNotices(chosen, float16)) onNotice(line);
  return {
    ...chosen,
    check: deviceCheck,
    matmulPrecision: float32MatmulPrecision,
    notify: onNotice,
  };
}

/** What a model is made of. */
export interface ModelParts {
  /** What it computes. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Values of its parameters. */
  readonly weights: Readonly<Record<string, Value>>;
  /** What runs before it, if anything does. */
  readonly reader?: EncoderReader;
}

/** What a session computes with. */
interface Started {
  readonly session: Session;
  readonly precision: ModelPrecision;
  /** Whether the weights are fed: else they are part of the session. */
  readonly fed: boolean;
  /** What runs before the model, if anything does. */
  readonly reader?: EncoderReader;
  /** What is compared with the CPU, where that is due. */
  readonly unchecked?: DeviceGraph;
}

/** A model that computes. */
export class ModelSession {
  readonly #parts: ModelParts;
  #place: ModelPlace;
  #started: Started;

  private constructor(parts: ModelParts, place: ModelPlace, started: Started) {
    this.#parts = parts;
    this.#place = place;
    this.#started = started;
  }

  /**
   * Makes a model ready.
   * @param parts What it is made of.
   * @param place Where it computes.
   * @throws {DeviceError} if a device that was asked for cannot load it.
   */
  static async create(parts: ModelParts, place: ModelPlace): Promise<ModelSession> {
    if (place.device === "cpu") {
      return new ModelSession(parts, place, await startOnCpu(parts, place));
    }
    try {
      return new ModelSession(parts, place, await startOnDevice(parts, place));
    } catch (error) {
      return await ModelSession.create(parts, takeCpu(place, error));
    }
  }

  /** What runs before the model, if anything does. */
  get reader(): EncoderReader | undefined {
    return this.#started.reader;
  }

  /** How precisely it computes; a device that the CPU has replaced no longer counts. */
  get precision(): ModelPrecision {
    return this.#started.precision;
  }

  /**
   * Computes a batch.
   * @param feeds Values for the inputs but the parameters.
   * @throws {DeviceError} if a device that was asked for computes something else than the CPU.
   */
  async run(feeds: Readonly<Record<string, Value>>): Promise<Record<string, Value>> {
    const { unchecked } = this.#started;
    if (unchecked) await this.#check(unchecked, feeds);
    const { session, fed } = this.#started;
    return await session.run(fed ? { ...feeds, ...this.#parts.weights } : feeds);
  }

  /** Frees the session. */
  async release(): Promise<void> {
    await this.#started.session.release();
  }

  async #check(graphs: DeviceGraph, feeds: Readonly<Record<string, Value>>): Promise<void> {
    try {
      await requireRightDevice({ ...graphs, feeds }, this.#place);
      this.#started = { ...this.#started, unchecked: undefined };
    } catch (error) {
      this.#place = takeCpu(this.#place, error);
      await this.#started.session.release();
      this.#started = await startOnCpu(this.#parts, this.#place);
    }
  }
}

async function startOnDevice(parts: ModelParts, place: ModelPlace): Promise<Started> {
  const graphs = graphFor(withWeights(parts), place);
  const { matmulPrecision, notify, device, check } = place;
  // It says why less precise products have no effect here.
  const { reader, notices } = await chooseMatmulPrecision(graphs.graph, matmulPrecision, {
    ...{ reader: parts.reader, device },
  });
  for (const line of notices) notify(line);
  const load = () => Session.compile(graphs.graph, place);
  const session = await onDevice(device, "load the model", load);
  const precision = { compute: place.float16 ? 16 : 32, matmul: "highest" } as const;
  return { session, precision, fed: false, reader, unchecked: check ? graphs : undefined };
}

async function startOnCpu(parts: ModelParts, place: ModelPlace): Promise<Started> {
  const { outputs, reader } = parts;
  const { matmulPrecision, notify } = place;
  if (matmulPrecision === "highest") {
    const precision = { compute: 32, matmul: matmulPrecision } as const;
    return { session: await Session.create(outputs), precision, fed: true, reader };
  }
  const made = await chooseMatmulPrecision(withWeights(parts), matmulPrecision, { reader });
  for (const line of made.notices) notify(line);
  const model = { ...encodeWithConstantsApart(made.graph), fastMath: made.fastMath };
  const precision = { compute: 32, matmul: made.precision } as const;
  return { session: await Session.load(model), precision, fed: false, reader: made.reader };
}

/** The graph with the weights as constants. */
function withWeights({ outputs, weights }: ModelParts): OnnxGraph {
  const constants = Object.entries(weights).map(([name, { shape, data }]) =>
    [name, { shape, values: data }] as const
  );
  return bakeInputs(emit(outputs), new Map(constants));
}

/** The CPU in the place of a device that fails and that nobody has named. */
function takeCpu(place: ModelPlace, error: unknown): ModelPlace {
  for (const line of replacedByCpu(place, error)) place.notify(line);
  return { ...place, device: "cpu" };
}
