/**
 * Running graphs. The only file that loads onnxruntime-node, when the first session is made and not
 * before. `_no_copy_output.ts`, `_load_error.ts` and `_webgpu_graph.ts` know what it does and says
 * beyond its API.
 * @module
 */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { onBehalfOf } from "../fault.ts";
import type { Tensor } from "../ir/node.ts";
import type { DType, TypedArray } from "../ir/types.ts";
import { allocate } from "../ir/create.ts";
import { sameShape, sizeOf } from "../ir/dims.ts";
import { emit, type OnnxGraph } from "../onnx/emit.ts";
import { encodeWithConstantsApart, type OnnxModel } from "../onnx/encode.ts";
import { loadError } from "./_load_error.ts";
import { isExpectedFailure, NO_COPY_OUTPUT, withNoCopyOutput } from "./_no_copy_output.ts";
import { nodeError } from "./_run_error.ts";
import { int32s, withInt32Indices } from "../onnx/int32_indices.ts";
import { nodesForCpu, withWebGpuOperators } from "./_webgpu_graph.ts";
import { type SessionOptions, settingsOf } from "./session_options.ts";

export type { SessionOptions } from "./session_options.ts";

type Runtime = typeof import("onnxruntime-node");

let runtime: Runtime | undefined;

async function loadRuntime(): Promise<Runtime> {
  return runtime ??= await import("onnxruntime-node");
}

/** @returns The version of onnxruntime-node that runs graphs. */
export async function runtimeVersion(): Promise<string> {
  const { node, common } = (await loadRuntime()).env.versions;
  return node ?? common;
}

/**
 * Values with a shape, as they go into and come out of a session.
 * @category Sessions
 */
export interface Value {
  /** Element type. */
  readonly dtype: DType;
  /** Shape. */
  readonly shape: readonly number[];
  /** Values, row-major. */
  readonly data: TypedArray;
}

/** A value that the runtime has wrapped; wrap buffers that live long once. */
export interface Bound extends Value {
  /** The runtime's own handle. */
  readonly handle: OrtTensor;
}

/**
 * A value in the memory of a device. It stays there until it is disposed of, which has to be done
 * before the session that gave it is released.
 * @category Sessions
 */
export interface DeviceValue extends Omit<Value, "data"> {
  /** The runtime's own handle. */
  readonly handle: object;
  /** Frees its memory; nothing else does. It must not be fed afterwards. */
  dispose(): void;
}

/**
 * What a run gives where outputs stay on the device.
 * @category Sessions
 */
export interface KeptOutputs {
  /** Outputs that came back. */
  readonly values: Record<string, Value>;
  /** Outputs that stayed; whoever takes them disposes of them. */
  readonly kept: Record<string, DeviceValue>;
}

/**
 * Operators whose results differ in the last bit with the borders between blocks of work: with
 * blocks that move from run to run, two runs would differ.
 */
const BORDER_SENSITIVE: ReadonlySet<string> = new Set(["Log", "Softplus"]);

/**
 * A graph made ready to run.
 *
 * @example Batches of any size
 * ```ts
 * import { input, reduceSum, Session } from "@glovita/glovita/engine";
 * import { assertEquals } from "@std/assert";
 *
 * const x = input("x", "float32", ["batch"]);
 * const session = await Session.create({ sum: reduceSum(x) }, { threads: 1 });
 * for (const [batch, expected] of [[[1, 2], 3], [[1, 2, 3], 6]] as const) {
 *   const data = Float32Array.from(batch);
 *   const { sum } = await session.run({ x: { dtype: "float32", shape: [data.length], data } });
 *   assertEquals([...sum.data], [expected]);
 * }
 * await session.release();
 * ```
 *
 * @category Sessions
 */
export class Session {
  readonly #session: InferenceSession;
  /** Buffers of outputs, where they are reused. */
  readonly #reused: Map<string, Bound> | undefined;
  /** Whether the graph has the output that keeps the others from being copied. */
  readonly #noCopy: boolean;
  /** Held, as the runtime may read them where they lie. */
  #constants: OnnxModel["constants"];
  /** Parts that made nodes and inputs. */
  readonly #parts: ReadonlyMap<string, string>;
  /** Inputs that take indices as int32, whatever they are fed as. */
  readonly #int32Inputs: ReadonlySet<string>;
  /** Names of the inputs that the graph uses. */
  readonly inputs: ReadonlySet<string>;
  /** Names of the outputs. */
  readonly outputs: readonly string[];

  private constructor(
    session: InferenceSession,
    { reuseOutputs, outputs, device }: SessionOptions,
    { constants, parts = new Map() }: Omit<OnnxModel, "bytes"> = { constants: {} },
  ) {
    this.#session = session;
    this.#constants = constants;
    this.#parts = parts;
    this.#reused = reuseOutputs ? new Map() : undefined;
    this.#noCopy = session.outputNames.includes(NO_COPY_OUTPUT);
    this.#int32Inputs = new Set(
      session.inputMetadata.flatMap(({ name, ...input }) =>
        device === "webgpu" && input.isTensor && input.type === "int32" ? name : []
      ),
    );
    this.inputs = new Set(session.inputNames);
    this.outputs = outputs ?? session.outputNames.filter((name) => name !== NO_COPY_OUTPUT);
  }

  /**
   * Makes the graph of some tensors ready to run.
   * @param outputs Tensors to compute, by name.
   * @param options How to run.
   * @returns The session; release it when done.
   * @throws {PartError} if the runtime refuses what a part has made.
   * @throws {Error} if it refuses the graph otherwise: a defect of the graph's author.
   */
  static async create(
    outputs: Readonly<Record<string, Tensor>>,
    options: SessionOptions = {},
  ): Promise<Session> {
    const graph = emit(outputs);
    const steady = graph.nodes.every(({ op }) => !BORDER_SENSITIVE.has(op));
    return await Session.compile(graph, { smallBlocks: steady, ...options });
  }

  /**
   * Makes an emitted graph ready to run.
   * @param graph The graph.
   * @param options How to run.
   * @returns The session; release it when done.
   * @throws {PartError} if the runtime refuses what a part has made.
   * @throws {Error} if it refuses the graph otherwise: a defect of the graph's author.
   */
  static async compile(graph: OnnxGraph, options: SessionOptions = {}): Promise<Session> {
    const { device = "cpu" } = options;
    const onCpu = device === "cpu";
    const adapted = device === "webgpu" ? withInt32Indices(withWebGpuOperators(graph)) : graph;
    const whole = options.reuseOutputs && onCpu ? withNoCopyOutput(adapted) : adapted;
    const model = encodeWithConstantsApart(whole);
    const cpuNodes = device === "webgpu" ? nodesForCpu(adapted) : [];
    return await Session.#load(
      model,
      onCpu ? options : { ...options, reuseOutputs: false },
      cpuNodes,
    );
  }

  /**
   * Makes an ONNX model ready to run.
   * @param model Bytes of an `.onnx` file, or a model with what lies beside it.
   * @param options How to run.
   * @returns The session; release it when done.
   * @throws {PartError} if the runtime refuses what a part has made.
   * @throws {Error} if it refuses the model otherwise.
   */
  static async load(model: Uint8Array | OnnxModel, options: SessionOptions = {}): Promise<Session> {
    return await Session.#load(model, options, []);
  }

  static async #load(
    model: Uint8Array | OnnxModel,
    options: SessionOptions,
    cpuNodes: readonly string[],
  ): Promise<Session> {
    const { InferenceSession } = await loadRuntime();
    const { bytes, ...beside }: Omit<OnnxModel, "bytes"> & { readonly bytes: Uint8Array } =
      "bytes" in model ? model : { bytes: model, constants: {} };
    const externalData = Object.entries(beside.constants).map(([path, data]) => ({ path, data }));
    const settings = {
      ...settingsOf(options, { cpuNodes, fastMath: beside.fastMath }),
      ...(externalData.length > 0 && { externalData }),
    };
    try {
      const session = await InferenceSession.create(bytes, settings);
      return new Session(session, options, beside);
    } catch (error) {
      throw nodeError(error, beside.parts);
    }
  }

  /**
   * Makes an `.onnx` file of whatever part ready to run, with the files that hold its weights.
   * @param path The file.
   * @param options How to run.
   * @returns The session; release it when done.
   * @throws {DataError} if it cannot be read, or is more than the runtime can do.
   */
  static async open(path: string, options: SessionOptions = {}): Promise<Session> {
    const { InferenceSession } = await loadRuntime();
    try {
      const session = await InferenceSession.create(path, settingsOf(options));
      return new Session(session, options);
    } catch (error) {
      throw loadError(error, path);
    }
  }

  /**
   * Runs the graph. Blocks the thread while it computes.
   * @param feeds A value for every input.
   * @param into Buffers for some of the outputs; the others are allocated.
   * @returns The outputs by name; those in `into` are the buffers given.
   * @throws {TypeError} if an input is not fed, or with another type or shape than the graph's.
   * @throws {PartError} if what a part has made cannot be computed.
   */
  async run(
    feeds: Readonly<Record<string, Value | DeviceValue>>,
    into: Readonly<Record<string, Value>> = {},
  ): Promise<Record<string, Value>> {
    const handles = this.#handlesOf(feeds);
    const buffers = this.#reused ? { ...await this.#buffersFor(feeds, into), ...into } : into;
    const fetches: Record<string, OrtTensor | null> = {};
    for (const name of this.outputs) fetches[name] = buffers[name] ? handleOf(buffers[name]) : null;
    const results = await this.#fetch(handles, fetches);
    const outputs: Record<string, Value> = {};
    for (const name of this.outputs) outputs[name] = buffers[name] ?? valueOf(results![name]);
    return outputs;
  }

  /**
   * Runs the graph where outputs stay on the device. Blocks the thread while it computes.
   * @param feeds A value for every input, in whatever memory.
   * @returns All outputs: those of the option `keep` stay on the device.
   * @throws {TypeError} if an input is not fed, or with another type or shape than the graph's.
   * @throws {PartError} if what a part has made cannot be computed.
   */
  async runKeeping(
    feeds: Readonly<Record<string, Value | DeviceValue>>,
  ): Promise<KeptOutputs> {
    const fetches = Object.fromEntries(this.outputs.map((name) => [name, null]));
    const results = await this.#fetch(this.#handlesOf(feeds), fetches);
    const values: Record<string, Value> = {};
    const kept: Record<string, DeviceValue> = {};
    for (const [name, result] of Object.entries(results!)) {
      if (result.location === "gpu-buffer") kept[name] = deviceValueOf(result);
      else values[name] = valueOf(result);
    }
    return { values, kept };
  }

  #handlesOf(
    feeds: Readonly<Record<string, Value | DeviceValue>>,
  ): Record<string, OrtTensor> {
    const handles: Record<string, OrtTensor> = {};
    for (const name of this.inputs) {
      const value = feeds[name];
      if (!value) this.#refuseUnfed(name);
      handles[name] = handleOf(this.#int32Inputs.has(name) ? narrow(value) : value);
    }
    return handles;
  }

  /** Runs; gives nothing where all outputs went into buffers and the binding made nothing of them. */
  async #fetch(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches: Readonly<Record<string, OrtTensor | null>>,
  ): Promise<InferenceSession.OnnxValueMapType | undefined> {
    const noCopy = this.#noCopy && !Object.values(fetches).includes(null);
    const wanted = noCopy ? { [NO_COPY_OUTPUT]: null, ...fetches } : fetches;
    try {
      return await this.#session.run(feeds, wanted);
    } catch (error) {
      if (noCopy && isExpectedFailure(error)) return undefined;
      throw this.#mismatch(feeds, error) ?? nodeError(error, this.#parts);
    }
  }

  #refuseUnfed(name: string): never {
    return onBehalfOf(this.#parts.get(name), () => {
      throw new TypeError(`Cannot run the graph: input "${name}" is not fed`);
    });
  }

  /** Buffers for the outputs whose shapes follow from the inputs' symbols. */
  async #buffersFor(
    feeds: Readonly<Record<string, Value | DeviceValue>>,
    given: Readonly<Record<string, Value>>,
  ): Promise<Record<string, Bound>> {
    const symbols = new Map<string, number>();
    for (const input of this.#session.inputMetadata) {
      if (!input.isTensor) continue;
      for (const [axis, dim] of input.shape.entries()) {
        const size = feeds[input.name]?.shape[axis];
        if (typeof dim === "string" && size !== undefined) symbols.set(dim, size);
      }
    }
    const found: Record<string, Bound> = {};
    for (const output of this.#session.outputMetadata) {
      if (!output.isTensor || given[output.name]) continue;
      const shape = output.shape.map((dim) => typeof dim === "string" ? symbols.get(dim) : dim);
      if (!shape.every((dim) => dim !== undefined)) continue;
      const { name } = output;
      const old = this.#reused!.get(name);
      const dtype = output.type as DType;
      const fresh = () => bind({ dtype, shape, data: allocate(dtype, sizeOf(shape)) });
      found[name] = old && sameShape(old.shape, shape) ? old : await fresh();
      this.#reused!.set(name, found[name]);
    }
    return found;
  }

  /** The error that names an input whose type or shape is not the graph's, if there is one. */
  #mismatch(feeds: Readonly<Record<string, OrtTensor>>, cause: unknown): TypeError | undefined {
    for (const input of this.#session.inputMetadata) {
      if (!input.isTensor) continue;
      const { type, dims } = feeds[input.name];
      const fits = type === input.type && dims.length === input.shape.length &&
        input.shape.every((dim, axis) => typeof dim === "string" || dim === dims[axis]);
      if (fits) continue;
      return new TypeError(
        `Cannot run the graph: input "${input.name}" is ${type} [${dims.join(", ")}], expected ` +
          `${input.type} [${input.shape.join(", ")}]`,
        { cause },
      );
    }
  }

  /** Frees the runtime's memory. */
  async release(): Promise<void> {
    await this.#session.release();
    this.#constants = {};
  }
}

function deviceValueOf(handle: OrtTensor): DeviceValue {
  const { type, dims } = handle;
  return { dtype: type as DType, shape: dims, handle, dispose: () => handle.dispose() };
}

function valueOf({ type, dims, data }: OrtTensor): Value {
  return { dtype: type as DType, shape: dims, data: data as TypedArray };
}

/** Indices as int32. */
function narrow(value: Value | DeviceValue): Value | DeviceValue {
  if (value.dtype !== "int64" || !("data" in value)) return value;
  return { dtype: "int32", shape: value.shape, data: int32s(value.data as BigInt64Array) };
}

function handleOf(value: Value | Bound | DeviceValue): OrtTensor {
  if ("handle" in value) return value.handle as OrtTensor;
  if (value.dtype === "bfloat16") {
    throw new TypeError("Cannot feed bfloat16: the runtime takes it inside graphs only");
  }
  return new runtime!.Tensor(value.dtype, value.data as Float32Array, value.shape);
}

/**
 * Wraps a buffer once, so that feeding it again costs nothing. The buffer stays JavaScript's.
 * @param value Values with a shape.
 * @throws {TypeError} if the number of values is not that of the shape.
 */
export async function bind(value: Value): Promise<Bound> {
  if (value.data.length !== sizeOf(value.shape)) {
    throw new TypeError(
      `Cannot bind shape [${value.shape}]: received ${value.data.length} values`,
    );
  }
  await loadRuntime();
  return { ...value, handle: handleOf(value) };
}
