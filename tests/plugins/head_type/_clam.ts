/**
 * Builds and runs heads over bags, for tests.
 * @module
 */
import * as v from "valibot";
import { gradients } from "../../../engine/autodiff/backward.ts";
import type { Batch } from "../../../engine/data/data.ts";
import {
  batchFeeds,
  type Model,
  type ModelGraph,
  modelGraph,
} from "../../../engine/train/model.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import { Session, type Value } from "../../../engine/runtime/session.ts";
import { TrainState } from "../../../engine/train/state.ts";
import { TrainStep } from "../../../engine/train/step.ts";
import { adamW } from "../../../plugins/optimizer/AdamW.ts";
import { clam } from "../../../plugins/head_type/clam.ts";
import type { Plugin, TaskInfo } from "../../../registry/plugin.ts";
import { numbers } from "../../engine/_run.ts";

/** Sizes of a head under test, and its options as a user writes them. */
export interface HeadCase {
  readonly embed_dim: number;
  readonly num_classes: number;
  readonly head: Readonly<Record<string, unknown>>;
  readonly subtask?: TaskInfo["subtask"];
  /** The head, where it is not CLAM. */
  readonly plugin?: Plugin<"head_type">;
}

/** A model that is a head on features. */
export function headModel(
  { embed_dim, num_classes, head, subtask = "multiclass", plugin = clam }: HeadCase,
): Model {
  const parameters = new Parameters();
  const kind = subtask === "regression" ? "Regression" : "Classification";
  const task: TaskInfo = { task: kind, subtask, numClasses: num_classes };
  const config = v.parse(plugin.config, head);
  const built = plugin.create(config, { ...task, embedDim: embed_dim, scope: parameters.scope() });
  return {
    ...task,
    bags: true,
    sampleShape: [embed_dim],
    parameters: parameters.list(),
    forward: (inputs, context) => built.forward(inputs, context),
  };
}

/** A batch of bags with numbers that are the same in every run. */
export function bagBatch(
  lengths: readonly number[],
  embedDim: number,
  labels: readonly number[] = lengths.map((_, index) => index % 2),
): Batch {
  const rows = lengths.reduce((sum, length) => sum + length, 0);
  return {
    features: Float32Array.from(numbers(rows * embedDim, rows)),
    rows,
    size: lengths.length,
    lengths: Int32Array.from(lengths),
    labels: Int32Array.from(labels),
    indices: Int32Array.from(lengths.keys()),
  };
}

/** Values of outputs by name, as numbers. */
export type Numbers = Readonly<Record<string, number[]>>;

/** Computes outputs of a model's graph on a batch. */
export class ModelRun {
  readonly model: Model;
  readonly graph: ModelGraph;
  readonly state: TrainState;
  readonly #sessions = new Map<boolean, Session>();

  private constructor(model: Model, graph: ModelGraph, state: TrainState) {
    this.model = model;
    this.graph = graph;
    this.state = state;
  }

  static async create(head: HeadCase, training: boolean, expectedRows = 0): Promise<ModelRun> {
    const model = headModel(head);
    const state = await TrainState.create(model.parameters, 7);
    return new ModelRun(model, modelGraph(model, { training, expectedRows }), state);
  }

  /** Overwrites parameters. */
  load(values: Readonly<Record<string, ArrayLike<number>>>): void {
    for (const name of this.state.names()) this.state.parameter(name).data.set(values[name]);
  }

  feeds(batch: Batch, seed = 1): Record<string, Value> {
    const feeds = batchFeeds(batch, this.model, seed);
    for (const name of this.state.names()) feeds[name] = this.state.front(name);
    return feeds;
  }

  /** Logits, attention, losses, and gradients under `grad.<name>` where asked for. */
  async run(
    batch: Batch,
    options: { readonly seed?: number; readonly gradients?: boolean } = {},
  ): Promise<Numbers> {
    const session = await this.#session(options.gradients ?? false);
    const results = await session.run(this.feeds(batch, options.seed));
    const entries = Object.entries(results);
    return Object.fromEntries(entries.map(([name, { data }]) => [name, Array.from(data, Number)]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.values()) await session.release();
  }

  async #session(withGradients: boolean): Promise<Session> {
    const known = this.#sessions.get(withGradients);
    if (known) return known;
    const { output: { logits, attention }, loss, parts } = this.graph;
    const outputs = { ...parts, logits, ...(attention && { attention }), loss };
    const trainable = this.model.parameters.filter((parameter) => parameter.trainable);
    const flowing = withGradients ? gradients(loss, trainable.map(({ tensor }) => tensor)) : [];
    const named = flowing.map((tensor, index) => [`grad.${trainable[index].name}`, tensor]);
    const session = await Session.create({ ...outputs, ...Object.fromEntries(named) });
    this.#sessions.set(withGradients, session);
    return session;
  }

  /** Trains on one batch again and again; the losses of each step by name. */
  async train(batch: Batch, steps: number, lr: number): Promise<Record<string, number>[]> {
    const optimizer = adamW.create({}, { lr });
    await this.state.addOptimizer(this.model.parameters, optimizer);
    const step = await TrainStep.create({
      parameters: this.model.parameters,
      loss: this.graph.loss,
      outputs: this.graph.parts,
      optimizer,
      parameterOptions: () => ({ lrScale: 1, weightDecay: 0.05 }),
    }, this.state);
    const losses: Record<string, number>[] = [];
    for (let index = 0; index < steps; index++) {
      const results = await step.run(batchFeeds(batch, this.model, index), lr);
      const entries = Object.entries(results).map(([name, { data }]) => [name, Number(data[0])]);
      losses.push(Object.fromEntries(entries));
    }
    await step.release();
    return losses;
  }
}
