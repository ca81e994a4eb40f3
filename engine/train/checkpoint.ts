/**
 * Checkpoints: PyTorch files with `epoch`, `model` and `optimizer`, and what it takes to go on
 * exactly where a run has stopped.
 * @module
 */
import { DataError } from "../errors.ts";
import type { Parameter } from "../nn/scope.ts";
import {
  isTensor,
  OrderedDict,
  pyFloat,
  PyTuple,
  type TorchValue,
} from "../storage/torch/pickle_values.ts";
import { type StoredTensor, storedTensor, toFloat32 } from "../storage/tensor_types.ts";
import type { Optimizer, ParameterOptions } from "./interfaces.ts";
import type { TrainState } from "./state.ts";

/** What a checkpoint says besides the numbers of the model. */
export interface Progress {
  /** Epoch that was finished last, counted from 0. */
  readonly epoch: number;
  /** Updates done so far. */
  readonly step: number;
  /** Seed of the run. */
  readonly seed: number;
  /** Value that chooses the best checkpoint, for example `val_Accuracy`. */
  readonly best_metric: string;
  /** Its best value so far. */
  readonly best_value: number;
  /** Epoch of the best value. */
  readonly best_epoch: number;
}

/** What the state dict and the optimizer's entry are made from. */
export interface CheckpointPlan {
  /** Parameters in the order of the state dict. */
  readonly parameters: readonly Parameter[];
  /** Further names of a parameter in the state dict; they share its storage. */
  aliases(name: string): readonly string[];
  /** The optimizer. */
  readonly optimizer: Optimizer;
  /** Options of each parameter's update. */
  parameterOptions(parameter: Parameter): ParameterOptions;
  /** Base learning rate. */
  readonly lr: number;
  /** What the model takes, so that it can be rebuilt without its training data. */
  readonly samples: { readonly shape: readonly number[]; readonly bags: boolean };
}

/**
 * Makes the tree of a checkpoint, to be written with `writeTorchFile`.
 * @param state Parameters and optimizer state.
 * @param plan What to name them.
 * @param progress How far training is.
 * @param lr Learning rate of the last epoch.
 */
export function checkpointTree(
  state: TrainState,
  plan: CheckpointPlan,
  progress: Progress,
  lr: number,
): TorchValue {
  const { epoch, ...rest } = progress;
  return {
    epoch,
    model: stateDict(state, plan),
    optimizer: optimizerDict(state, plan, lr),
    glovita: {
      ...rest,
      best_value: pyFloat(progress.best_value),
      sample_shape: plan.samples.shape,
      bags: plan.samples.bags,
    },
  };
}

function stateDict(state: TrainState, plan: CheckpointPlan): OrderedDict {
  const tensors = [
    ...plan.parameters.map(({ name }) => [name, tensorOf(state, name)] as const),
    ...batchCounts(state.statistics()).map((name) => [name, countOf(state)] as const),
  ];
  const aliases = tensors.flatMap(([name, tensor]) =>
    plan.aliases(name).map((alias) => [alias, tensor] as const)
  );
  return new OrderedDict([...tensors, ...aliases]);
}

/** Where `torch.nn.BatchNorm2d` counts batches: beside its running mean. */
function batchCounts(parameters: readonly string[]): string[] {
  return parameters.filter((name) => /(^|\.)running_mean$/.test(name))
    .map((name) => name.replace(/running_mean$/, "num_batches_tracked"));
}

function countOf({ batches }: TrainState): StoredTensor {
  return storedTensor("int64", [], BigInt64Array.of(BigInt(batches)));
}

function tensorOf(state: TrainState, name: string): StoredTensor {
  const { shape, data } = state.parameter(name);
  return storedTensor("float32", shape, data);
}

/** torch's `Optimizer.state_dict()`: state by index, and groups of parameters with equal options. */
function optimizerDict(state: TrainState, plan: CheckpointPlan, lr: number): TorchValue {
  const groups = optionGroups(plan);
  const entries = groups.flatMap(({ parameters }) => parameters).map(({ name }, index) => {
    const slots = Object.entries(state.optimizerState(name)).map(([key, { shape, data }]) =>
      [key, storedTensor("float32", shape, data)] as const
    );
    const step = storedTensor("float32", [], Float32Array.of(state.step));
    return [
      index,
      new Map([...(plan.optimizer.storesStep ? [["step", step] as const] : []), ...slots]),
    ];
  }) as [number, TorchValue][];
  let next = 0;
  const paramGroups = groups.map(({ options, parameters }) => ({
    lr: pyFloat(lr * options.lrScale),
    initial_lr: pyFloat(plan.lr * options.lrScale),
    weight_decay: pyFloat(options.weightDecay),
    ...hyperparameters(plan.optimizer.hyperparameters),
    params: parameters.map(() => next++),
  }));
  return { state: new Map(entries), param_groups: paramGroups };
}

interface Group {
  readonly options: ParameterOptions;
  readonly parameters: Parameter[];
}

function optionGroups(plan: CheckpointPlan): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const parameter of plan.parameters) {
    if (!parameter.trainable) continue;
    const options = plan.parameterOptions(parameter);
    const key = `${options.lrScale} ${options.weightDecay}`;
    const group = groups.get(key) ?? { options, parameters: [] };
    group.parameters.push(parameter);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function hyperparameters(values: Readonly<Record<string, unknown>>): Record<string, TorchValue> {
  const convert = (value: unknown): TorchValue =>
    Array.isArray(value) ? new PyTuple(value.map(convert)) : value as TorchValue;
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, convert(value)]));
}

/**
 * Puts a checkpoint's numbers back into the buffers they came from.
 * @param state Buffers of the same model, with room for the same optimizer's state.
 * @param tree What `readTorchFile` gave.
 * @param plan What the names mean.
 * @param file Path of the checkpoint, for messages.
 * @returns How far training was.
 * @throws {DataError} if the checkpoint is not one of this model, or not one of glovita's.
 */
export function restoreCheckpoint(
  state: TrainState,
  tree: TorchValue,
  plan: CheckpointPlan,
  file: string,
): Progress {
  const model = entry(tree, "model", file);
  for (const { name, shape } of plan.parameters) {
    copyTensor(entry(model, name, file), state.parameter(name), { name, shape, file });
  }
  const moments = entry(entry(tree, "optimizer", file), "state", file);
  const trainable = optionGroups(plan).flatMap(({ parameters }) => parameters);
  for (const [index, { name }] of trainable.entries()) {
    for (const [key, target] of Object.entries(state.optimizerState(name))) {
      const stored = entry(entry(moments, index, file), key, file);
      copyTensor(stored, target, { name: `${name} ${key}`, shape: target.shape, file });
    }
  }
  const extra = entry(tree, "glovita", file);
  const number = (key: string) => Number(entry(extra, key, file));
  state.step = number("step");
  state.batches = restoredBatches(model, plan);
  return {
    epoch: Number(entry(tree, "epoch", file)),
    step: state.step,
    seed: number("seed"),
    best_metric: String(entry(extra, "best_metric", file)),
    best_value: number("best_value"),
    best_epoch: number("best_epoch"),
  };
}

/** Batches that went into running statistics; 0 where the checkpoint counts none. */
function restoredBatches(model: TorchValue, { parameters }: CheckpointPlan): number {
  const [name] = batchCounts(parameters.map(({ name }) => name));
  const stored = name !== undefined && model instanceof Map ? model.get(name) : undefined;
  return stored !== undefined && isTensor(stored) ? toFloat32(stored).data[0] : 0;
}

function entry(value: TorchValue, key: string | number, file: string): TorchValue {
  const found = value instanceof Map
    ? value.get(key)
    : (value as Readonly<Record<string, TorchValue>> | null)?.[key];
  if (found !== undefined) return found;
  throw new DataError(`Cannot resume from "${file}": it has no entry "${key}"`, { file });
}

interface Expected {
  readonly name: string;
  readonly shape: readonly number[];
  readonly file: string;
}

function copyTensor(
  stored: TorchValue,
  target: { readonly data: Float32Array },
  { name, shape, file }: Expected,
): void {
  const fail = (found: string) =>
    new DataError(
      `Cannot resume from "${file}": "${name}" is ${found}, expected float32 [${shape}]`,
      { file, dataset: name },
    );
  if (!isTensor(stored)) throw fail("no tensor");
  if (stored.dtype !== "float32" || String(stored.shape) !== String(shape)) {
    throw fail(`${stored.dtype} [${stored.shape}]`);
  }
  target.data.set(toFloat32(stored).data);
}
