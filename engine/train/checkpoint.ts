/**
 * Checkpoints: PyTorch files with `epoch`, `model` and `optimizer`, and what it takes to go on
 * exactly where a run has stopped.
 * @module
 */
import { DataError } from "../errors.ts";
import { sameShape } from "../ir/dims.ts";
import type { Parameter } from "../nn/scope.ts";
import { readFloat32, type StoredTensor, storedTensor } from "../storage/tensor_types.ts";
import {
  isLazyTensor,
  OrderedDict,
  pyFloat,
  PyTuple,
  type TorchTree,
  type TorchValue,
} from "../storage/torch/pickle_values.ts";
import { TorchFile } from "../storage/torch/reader.ts";
import type { Optimizer, ParameterOptions, StepHook } from "./interfaces.ts";
import { type Masks, storedMasks } from "./masks.ts";
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
  /** Which entries of parameters train, where that was chosen before training. */
  readonly masks?: Masks;
  /** What the model takes, so that it can be rebuilt without its training data. */
  readonly samples: { readonly shape: readonly number[]; readonly bags: boolean };
  /** What is done between updates, which may keep numbers. */
  readonly stepHook?: StepHook;
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
      ...(plan.masks && { masks: storedMasks(plan.masks, plan.parameters) }),
      ...hookDict(plan.stepHook),
    },
  };
}

/** The numbers that a hook keeps between updates. */
function hookDict(hook: StepHook | undefined): Record<string, TorchValue> {
  const state = Object.entries(hook?.state ?? {});
  if (state.length === 0) return {};
  const tensors = state.map(([name, data]) =>
    [name, storedTensor("float32", [data.length], data)] as const
  );
  return { step_hook: Object.fromEntries(tensors) };
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
 * Puts a checkpoint's numbers back into the buffers they came from. What else is in the file is not
 * read.
 * @param state Buffers of the same model, with room for the same optimizer's state.
 * @param plan What the names mean.
 * @param file Path of the checkpoint.
 * @returns How far training was.
 * @throws {DataError} if the checkpoint cannot be read, is not one of this model, or not one of
 * glovita's.
 */
export function restoreCheckpoint(state: TrainState, plan: CheckpointPlan, file: string): Progress {
  using checkpoint = TorchFile.open(file);
  const { tree } = checkpoint;
  const progress = progressOf(tree, file);
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
  for (const [name, data] of Object.entries(plan.stepHook?.state ?? {})) {
    const kept = entry(entry(tree, "glovita", file), "step_hook", file);
    copyTensor(entry(kept, name, file), { data }, { name, shape: [data.length], file });
  }
  state.step = progress.step;
  state.batches = restoredBatches(model, plan, file);
  return progress;
}

/** Batches that went into running statistics; 0 where the checkpoint counts none. */
function restoredBatches(model: TorchTree, { parameters }: CheckpointPlan, file: string): number {
  const [name] = batchCounts(parameters.map(({ name }) => name));
  const stored = name !== undefined && model instanceof Map ? model.get(name) : undefined;
  if (stored === undefined) return 0;
  const batches = isLazyTensor(stored) ? readFloat32(stored, name).data[0] : NaN;
  if (Number.isSafeInteger(batches) && batches >= 0) return batches;
  const state = `"${name}" is not a count of batches`;
  throw new DataError(`Cannot resume from "${file}": ${state}`, { file, dataset: name });
}

/** What a checkpoint says of its run: nothing of it is believed unseen. */
function progressOf(tree: TorchTree, file: string): Progress {
  if (tree instanceof Map && !tree.has("glovita")) {
    const state = "glovita did not write it; --training.init_checkpoint takes its weights";
    throw new DataError(`Cannot resume from "${file}": ${state}`, { file });
  }
  const extra = entry(tree, "glovita", file);
  const refuse = (key: string, expected: string) =>
    new DataError(`Cannot resume from "${file}": "${key}" is not ${expected}`, {
      file,
      dataset: key,
    });
  const count = (key: string, from = extra): number => {
    const value = entry(from, key, file);
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
    throw refuse(key, "a whole number from 0");
  };
  const best_metric = entry(extra, "best_metric", file);
  if (typeof best_metric !== "string") throw refuse("best_metric", "text");
  const best_value = entry(extra, "best_value", file);
  if (typeof best_value !== "number") throw refuse("best_value", "a number");
  const [epoch, best_epoch] = [count("epoch", tree), count("best_epoch")];
  if (best_epoch > epoch) throw refuse("best_epoch", `an epoch up to ${epoch}, the last one`);
  return { epoch, step: count("step"), seed: count("seed"), best_metric, best_value, best_epoch };
}

function entry(value: TorchTree, key: string | number, file: string): TorchTree {
  const found = value instanceof Map ? value.get(key) : undefined;
  if (found !== undefined) return found;
  throw new DataError(`Cannot resume from "${file}": it has no entry "${key}"`, { file });
}

interface Expected {
  readonly name: string;
  readonly shape: readonly number[];
  readonly file: string;
}

function copyTensor(
  stored: TorchTree,
  target: { readonly data: Float32Array },
  { name, shape, file }: Expected,
): void {
  const fail = (found: string) =>
    new DataError(
      `Cannot resume from "${file}": "${name}" is ${found}, expected float32 [${shape}]`,
      { file, dataset: name },
    );
  if (!isLazyTensor(stored)) throw fail("not a tensor");
  if (stored.dtype !== "float32" || !sameShape(stored.shape, shape)) {
    throw fail(`${stored.dtype} [${stored.shape}]`);
  }
  target.data.set(readFloat32(stored, name).data);
}
