/**
 * Training as files: the step as one ONNX graph, what it begins with, and the model whose weights a
 * page overwrites with trained ones.
 * @module
 */
import { sizeOf } from "../../engine/ir/dims.ts";
import { encode, type ModelMetadata } from "../../engine/onnx/encode.ts";
import { Random } from "../../engine/random.ts";
import type { Optimizer } from "../../engine/train/interfaces.ts";
import { modelGraph } from "../../engine/train/model.ts";
import { parameterOptions } from "../../engine/train/parameter_options.ts";
import { TrainState } from "../../engine/train/state.ts";
import { stepGraph } from "../../engine/train/step.ts";
import { create } from "../../registry/builder/create.ts";
import type { Registry } from "../../registry/registry.ts";
import type { LoadedModel } from "../predict/load_model.ts";
import { exportGraph } from "./export_graph.ts";
import type {
  StoredList,
  StoredParameter,
  StoredScalar,
  StoredTensor,
  TrainAbout,
} from "./page/about.ts";

/** Updates for which the optimizer's numbers are listed. */
const MAX_UPDATES = 20_000;

/** Training as files. */
export interface TrainFiles {
  /** What the page knows of them. */
  readonly about: TrainAbout;
  /** `step.onnx`: a batch, parameters and state in; loss, scores and the next values out. */
  readonly step: Uint8Array;
  /** `model.onnx`: the model with the values that a new one begins with. */
  readonly model: Uint8Array;
  /** `values.bin`: float32 of all tensors that the page begins with. */
  readonly values: Float32Array<ArrayBuffer>;
}

/**
 * Writes the training of a model down.
 * @param loaded The model, whose encoder is not a part of it.
 * @param registry Where the optimizer is looked up.
 * @param metadata What the model file says of itself.
 * @returns The files; a text that says why there are none, where a page cannot train the model.
 */
export async function trainFiles(
  loaded: LoadedModel,
  registry: Registry,
  metadata: ModelMetadata,
): Promise<TrainFiles | string> {
  const { config, model, values: trained } = loaded;
  const { training, optimizer: { lr, name } } = config;
  const optimizer = create("optimizer", { lr }, { config, registry });
  const values = new Values();
  const scalars = storedScalars(optimizer, values);
  if (scalars === undefined) return `what ${name} needs for an update is not linear in the rate`;
  const { parameters } = model;
  if (!parameters.some(({ trainable }) => trainable)) return "none of its parameters trains";
  const seed = training.seed ?? 0;
  const state = await TrainState.create(parameters, seed);
  await state.addOptimizer(parameters, optimizer);
  const labelSmoothing = model.subtask === "multiclass" ? config.task.label_smoothing : 0;
  const { loss, scores, updates } = modelGraph(model, { training: true, labelSmoothing });
  if (Object.keys(updates).length > 0) return "it has running statistics";
  const rules = parameterOptions(parameters, config.optimizer);
  const { graph } = stepGraph({
    parameters,
    loss,
    outputs: { scores },
    optimizer,
    parameterOptions: ({ name }) => rules.get(name)!,
    clipNorm: training.gradient_clip_val ?? undefined,
  }, state);
  const places = bytePlaces(loaded, metadata);
  const stored = parameters.map(({ name, shape }): StoredParameter => ({
    ...values.add(name, shape, state.parameter(name).data),
    trainedAt: values.add(name, shape, trained.get(name)!).at,
    byte: places.get(name),
  }));
  const slots = parameters.flatMap(({ name }) =>
    Object.entries(state.optimizerState(name)).map(([key, { shape, data }]) =>
      values.add(`${name}/state/${key}`, shape, data)
    )
  );
  const fresh = new Map(parameters.map(({ name }) => [name, state.parameter(name).data]));
  return {
    about: {
      optimizer: name,
      ...{ lr, seed, scalars, parameters: stored, state: slots, maxUpdates: MAX_UPDATES },
      epochs: training.epochs,
      batchSize: config.dataloading.batch_size,
    },
    step: encode(graph),
    model: encode(exportGraph([{ model, values: fresh }]), metadata),
    values: values.all(),
  };
}

/** Numbers, one tensor after the other. */
class Values {
  readonly #parts: Float32Array[] = [];
  #length = 0;

  add(name: string, shape: readonly number[], data: Float32Array): StoredTensor {
    const at = this.#length;
    this.#parts.push(data.slice());
    this.#length += data.length;
    return { name, shape, at };
  }

  /** One number where all are the same to float32; else those until they stay the same. */
  addList(numbers: readonly number[]): number | StoredList {
    const rounded = Float32Array.from(numbers);
    const last = rounded[rounded.length - 1];
    const length = rounded.findLastIndex((value) => value !== last) + 2;
    if (length === 1) return last;
    const { at } = this.add("", [length], rounded.subarray(0, length));
    return { at, length: Math.min(length, rounded.length) };
  }

  all(): Float32Array<ArrayBuffer> {
    const all = new Float32Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

/** The optimizer's numbers by update; `undefined` where they are not linear in the learning rate. */
function storedScalars(optimizer: Optimizer, values: Values): StoredScalar[] | undefined {
  const all: StoredScalar[] = [];
  for (const key of Object.keys(optimizer.scalars(1, 1))) {
    const at = (step: number, lr: number) => optimizer.scalars(step, lr)[key];
    const steps = Array.from({ length: MAX_UPDATES }, (_, index) => index + 1);
    const base = steps.map((step) => at(step, 0));
    const slope = steps.map((step, index) => at(step, 1) - base[index]);
    const bent = steps.some((step, index) => {
      const [expected, value] = [base[index] + slope[index] * 1e-3, at(step, 1e-3)];
      return Math.abs(value - expected) > 1e-9 * Math.abs(value) + 1e-15;
    });
    if (bent) return undefined;
    const stored = { base: values.addList(base), slope: values.addList(slope) };
    all.push({ name: `optimizer/${key}`, ...stored });
  }
  return all;
}

/** Where the values of parameters lie in the bytes of the model, of those that predict: found by values that nothing has. */
function bytePlaces(
  { model }: LoadedModel,
  metadata: ModelMetadata,
): ReadonlyMap<string, number> {
  const random = new Random(1);
  const marks = new Map(model.parameters.map(({ name, shape }) => {
    const mark = Float32Array.from({ length: sizeOf(shape) }, () => random.normal());
    return [name, mark] as const;
  }));
  const graph = exportGraph([{ model, values: marks }]);
  const bytes = encode(graph, metadata);
  const used = new Set(graph.initializers.map(({ name }) => name));
  return new Map(
    [...marks].filter(([name]) => used.has(name)).map(([name, mark]) => {
      const at = placeOf(new Uint8Array(mark.buffer), bytes);
      if (at !== undefined) return [name, at];
      throw new TypeError(`Cannot find the values of "${name}" in the model's file`);
    }),
  );
}

function placeOf(mark: Uint8Array, bytes: Uint8Array): number | undefined {
  const found: number[] = [];
  for (let at = bytes.indexOf(mark[0]); at >= 0; at = bytes.indexOf(mark[0], at + 1)) {
    if (mark.every((byte, index) => bytes[at + index] === byte)) found.push(at);
  }
  return found.length === 1 ? found[0] : undefined;
}
