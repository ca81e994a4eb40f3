/**
 * Using a trained model: from a checkpoint to predictions and attention.
 * @module
 */
import { DataError } from "../../engine/errors.ts";
import { sizeOf } from "../../engine/ir/dims.ts";
import type { TypedArray } from "../../engine/ir/types.ts";
import { featureSplit, openFeatureFile } from "../../engine/features/feature_file.ts";
import type { Value } from "../../engine/runtime/session.ts";
import type { Batch } from "../../engine/data/data.ts";
import { Loader } from "../../engine/data/loader.ts";
import {
  type Model,
  type PredictionGraph,
  predictionGraph,
  sampleFeeds,
} from "../../engine/train/model.ts";
import type { ResolvedConfig } from "../../registry/config/tree.ts";
import type { EncoderReader, Split, TaskInfo } from "../../registry/plugin.ts";
import { type Registry, registry as defaultRegistry } from "../../registry/registry.ts";
import { type BagAttention, bagAttention } from "../attention/bag_attention.ts";
import { type ModelPlace, ModelSession, placeOfModel } from "./_model_session.ts";
import type { ModelDeviceOptions, ModelPrecision } from "./model_device.ts";
import { loadModel } from "./load_model.ts";
import { encodeWhileReading } from "../../registry/builder/model.ts";

/**
 * Samples to predict: rows, one after the other.
 * @category Prediction
 */
export interface Samples {
  /** `[samples, ...sampleShape]`, or `[instances, ...sampleShape]` for bags, row-major. */
  readonly features: Float32Array<ArrayBuffer>;
  /** Instances per bag, for a model over bags. */
  readonly lengths?: Int32Array<ArrayBuffer>;
}

/**
 * What a model says of one sample.
 * @category Prediction
 */
export interface Prediction {
  /** `[num_classes]`; for regression the predicted values. */
  readonly logits: Float32Array;
  /** `[num_classes]`: probabilities, or the predicted values. */
  readonly scores: Float32Array;
  /**
   * For heads that attend: attention logits before softmax, one array of the bag's length for each
   * branch.
   */
  readonly attention?: readonly Float32Array[];
}

/**
 * What a model says of one sample of a file.
 * @category Prediction
 */
export interface FilePrediction extends Prediction {
  /** Index of the sample in the file. */
  readonly index: number;
}

/**
 * How a file is predicted.
 * @category Prediction
 */
export interface PredictFileOptions {
  /**
   * Samples per batch: memory grows with it, not with the file.
   * @default {what the run was configured to evaluate with}
   */
  readonly batchSize?: number;
  /** Called with what the user should know of the file, such as other files that it reads from. */
  readonly onNotice?: (message: string) => void;
}

/**
 * How a split is predicted.
 * @category Prediction
 */
export interface PredictSplitOptions {
  /** Samples of the split; all where not given. */
  readonly subset?: Int32Array;
  /** Samples per batch. @default {dataloading.eval_batch_size of the run} */
  readonly batchSize?: number;
  /** Threads that read. @default {dataloading.num_workers of the run} */
  readonly workers?: number;
  /** Stops it between batches. */
  readonly signal?: AbortSignal;
  /** Whether attention is told too, for models over bags that attend. @default {false} */
  readonly attention?: boolean;
}

/**
 * Predictions of a batch.
 * @category Prediction
 */
export interface PredictedBatch {
  /** The batch. */
  readonly batch: Batch;
  /** `[batch.size, num_classes]`: probabilities, or predicted values. */
  readonly scores: Float32Array;
  /** Where the model looks in each bag, if asked for. */
  readonly attention?: readonly BagAttention[];
}

/** What a trained model consists of. */
interface Parts {
  readonly model: Model;
  readonly graph: PredictionGraph;
  readonly session: ModelSession;
  readonly weights: Readonly<Record<string, Value>>;
  readonly place: ModelPlace;
  readonly classNames?: readonly string[];
}

/**
 * A model with the weights of a checkpoint, ready to predict.
 *
 * @example Train on two samples, then ask about a third
 * ```ts
 * import {
 *   configure,
 *   precomputed,
 *   precomputedFeatures,
 *   train,
 *   TrainedModel,
 * } from "@glovita/glovita";
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const file = `${folder}/features.h5`;
 * const writer = await FeatureWriter.create(file, { embedDim: 2 });
 * writer.append(Float32Array.of(1, 0, 0, 1), [0, 1]); // two samples, of class 0 and 1
 * writer.close();
 * const files = { train_features_file: file, val_features_file: file };
 * const [{ directory }] = await train([
 *   configure(precomputedFeatures, { num_classes: 2, ...files }),
 *   configure(precomputed, { feature_dim: 2 }),
 *   { optimizer: { lr: 1 }, training: { epochs: 10 }, exp_dir: folder },
 * ]);
 *
 * await using model = await TrainedModel.load(`${directory}/checkpoints/last.pt`);
 * const [{ scores }] = await model.predict({ features: Float32Array.of(0.8, 0.2) });
 * assertEquals(scores[0] > 0.9, true);
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @category Prediction
 */
export class TrainedModel implements AsyncDisposable {
  readonly #model: Model;
  readonly #graph: PredictionGraph;
  readonly #session: ModelSession;
  readonly #weights: Readonly<Record<string, Value>>;
  readonly #place: ModelPlace;
  readonly #reader: EncoderReader | undefined;
  /** Names of the classes by index, where the run has recorded them. */
  readonly classNames?: readonly string[];
  /** The config that the model was trained with. */
  readonly config: ResolvedConfig;
  /** What it predicts. */
  readonly task: TaskInfo;

  private constructor(
    config: ResolvedConfig,
    { model, graph, session, weights, place, classNames }: Parts,
  ) {
    this.config = config;
    this.task = { task: model.task, subtask: model.subtask, numClasses: model.numClasses };
    this.classNames = classNames;
    this.#model = model;
    this.#reader = session.reader;
    this.#graph = graph;
    this.#session = session;
    this.#weights = weights;
    this.#place = place;
  }

  /**
   * Rebuilds the model of a checkpoint. The config is found beside it: a checkpoint lies in
   * `RUN/checkpoints/`, the config is `RUN/resolved_config.json`. No code is loaded: plugins that
   * the model needs must be in the registry.
   * @param checkpoint Path of a checkpoint, for example `RUN/checkpoints/best.pt`.
   * @param options Where plugins are looked up, and where the model computes.
   * @returns The model; dispose of it when done.
   * @throws {DataError} if the checkpoint or its config is missing, damaged, or does not fit.
   * @throws {ConfigError} if the config names a plugin that is not registered; the message names
   *   the modules that the run was made with.
   * @throws {DeviceError} if the device that is asked for cannot be used.
   */
  static async load(
    checkpoint: string,
    options: { readonly registry?: Registry } & ModelDeviceOptions = {},
  ): Promise<TrainedModel> {
    const registry = options.registry ?? defaultRegistry;
    const place = await placeOfModel(options);
    const loaded = await loadModel(checkpoint, registry);
    const { config, model, encoder, values, classNames } = loaded;
    const weights = Object.fromEntries(
      model.parameters.map(({ name, shape }) =>
        [name, { dtype: "float32", shape, data: values.get(name)! }] as const
      ),
    );
    const graph = predictionGraph(model);
    const { attention, logits, scores } = graph;
    const outputs = { logits, scores, ...(attention && { attention }) };
    const { reader } = encoder;
    const session = await ModelSession.create({ outputs, weights, reader }, place);
    const parts = { model, graph, session, weights, place, classNames };
    return new TrainedModel(config, parts);
  }

  /** How precisely it computes. */
  get precision(): ModelPrecision {
    return this.#session.precision;
  }

  /** Whether it tells of every instance of a bag how much it counts. */
  get attends(): boolean {
    return this.#model.bags && this.#graph.attention !== undefined;
  }

  /**
   * Predicts samples that are at hand.
   * @param samples Features, and the lengths of bags.
   * @returns One prediction a sample.
   * @throws {TypeError} if the number of values does not fit the model.
   */
  async predict(samples: Samples): Promise<Prediction[]> {
    const { features, lengths } = samples;
    const { sampleShape, bags } = this.#model;
    if (bags !== (lengths !== undefined)) {
      throw new TypeError(`Cannot predict: expected ${bags ? "" : "no "}lengths of bags`);
    }
    const width = sizeOf(sampleShape);
    const rows = lengths ? lengths.reduce((a, b) => a + b, 0) : features.length / width;
    if (!Number.isInteger(rows) || features.length !== rows * width) {
      throw new TypeError(
        `Cannot predict: ${features.length} values are not ${rows} rows of ${width}`,
      );
    }
    return await this.#run({ features, rows, size: lengths?.length ?? rows, lengths });
  }

  /**
   * Predicts all samples of a split of a dataset, a batch at a time.
   * @param split The split, of samples as the model was trained on.
   * @param options Samples per batch, threads that read, and the signal that stops it.
   * @returns Scores `[batch.size, num_classes]` of each batch, in the order of the split.
   * @throws {DataError} if the split holds other samples, or one cannot be read.
   */
  async *predictSplit(
    split: Split,
    options: PredictSplitOptions = {},
  ): AsyncIterableIterator<PredictedBatch> {
    const { dataloading } = this.config;
    const { batchSize = dataloading.eval_batch_size, workers = dataloading.num_workers } = options;
    const threads = Math.max(1, Math.floor(navigator.hardwareConcurrency / Math.max(1, workers)));
    const read = encodeWhileReading(split, { reader: this.#reader }, { threads });
    this.#requireFitting(read);
    await using loader = new Loader(read, {
      batchSize,
      workers,
      subset: options.subset,
      reuseBuffers: true,
    });
    const looking = options.attention && this.attends ? await this.#lookingSession() : undefined;
    try {
      for await (const batch of loader.epoch(0, { signal: options.signal })) {
        const feeds = sampleFeeds(batch, this.#model);
        const outputs = await (looking ?? this.#session).run(feeds);
        const scores = floats(outputs.scores.data);
        const attention = looking && this.#attentionOf(outputs, batch.lengths!);
        yield { batch, scores, ...(attention && { attention }) };
      }
    } finally {
      await looking?.release();
    }
  }

  /** A session that computes what is wanted of instances, too. */
  async #lookingSession(): Promise<ModelSession> {
    const { scores, attention, instanceScores } = this.#graph;
    const instances = instanceScores && { instance_scores: instanceScores };
    const outputs = { scores, attention: attention!, ...instances };
    return await ModelSession.create({ outputs, weights: this.#weights }, this.#place);
  }

  #attentionOf(outputs: Readonly<Record<string, Value>>, lengths: Int32Array): BagAttention[] {
    const { scores, attention, instance_scores } = outputs;
    return bagAttention({
      lengths,
      attention: floats(attention.data),
      perClass: this.#graph.attentionPerClass && this.task.subtask === "multiclass",
      scores: floats(scores.data),
      instanceScores: instance_scores && floats(instance_scores.data),
      numClasses: this.task.numClasses,
    });
  }

  #requireFitting({ name, sampleShape, bagLengths }: Split): void {
    const [found, expected] = [sampleShape.join("×"), this.#model.sampleShape.join("×")];
    if (found === expected && (bagLengths !== undefined) === this.#model.bags) return;
    const layout = (bags: boolean) => bags ? "bags of instances" : "instances";
    throw new DataError(
      `Cannot use "${name}": it holds ${
        layout(bagLengths !== undefined)
      } ${found} wide, the model ` +
        `takes ${layout(this.#model.bags)} ${expected} wide`,
      { file: name },
    );
  }

  /**
   * Predicts all samples of a feature file, a batch at a time.
   * @param path HDF5 file with the layout that the model was trained on.
   * @param options Samples per batch, and who is told of what the file lacks or reads from elsewhere.
   * @returns Predictions, each with its sample's index.
   * @throws {DataError} if the file cannot be used.
   */
  async *predictFile(
    path: string,
    options: PredictFileOptions = {},
  ): AsyncIterableIterator<FilePrediction> {
    const keys = this.config.data.dataset_kwargs as Record<string, string> | undefined;
    const kind = this.task.subtask === "multiclass" ? "class" : this.task.subtask;
    const split = featureSplit(await openFeatureFile(path, { ...keys, labels: kind }));
    for (const message of split.notices ?? []) options.onNotice?.(message);
    this.#requireFitting(split);
    const batchSize = options.batchSize ?? this.config.dataloading.eval_batch_size;
    await using loader = new Loader(split, { batchSize, reuseBuffers: true });
    for await (const batch of loader.epoch(0)) {
      const predictions = await this.#run(batch);
      for (const [at, prediction] of predictions.entries()) {
        yield { index: batch.indices[at], ...prediction };
      }
    }
  }

  /** Frees the session. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release();
  }

  async #run(
    batch: Pick<Batch, "features" | "rows" | "size" | "lengths">,
  ): Promise<Prediction[]> {
    const feeds = sampleFeeds(batch, this.#model);
    const { logits, scores, attention } = await this.#session.run(feeds);
    const classes = this.task.numClasses;
    let start = 0;
    return Array.from({ length: batch.size }, (_, sample) => {
      const range = [sample * classes, (sample + 1) * classes] as const;
      const length = batch.lengths?.[sample] ?? 1;
      const branches = attention && branchesOf(attention, start, length);
      start += length;
      return {
        logits: floats(logits.data).slice(...range),
        scores: floats(scores.data).slice(...range),
        ...(branches && { attention: branches }),
      };
    });
  }
}

function floats(data: TypedArray): Float32Array {
  return data as Float32Array;
}

/** One bag's part of every branch: attention is `[branches, instances]`. */
function branchesOf({ shape, data }: Value, start: number, length: number): Float32Array[] {
  const [branches, instances] = shape;
  return Array.from({ length: branches }, (_, branch) => {
    const at = branch * instances + start;
    return floats(data).slice(at, at + length);
  });
}
