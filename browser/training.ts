/**
 * Training in the page: the step's graph takes a batch, the parameters and the optimizer's state, and
 * gives the next ones. What is measured, and what leaves the page, is the model's file with the values
 * of its parameters overwritten.
 * @module
 */
import type * as ortModule from "onnxruntime-web";
import { epochOrder } from "../engine/data/sampler.ts";
import { deriveSeed } from "../engine/random.ts";
import type { PageAbout, StoredList, TrainAbout } from "../jobs/export/page/about.ts";
import type { FeatureFile } from "./feature_file.ts";
import { join } from "./join.ts";
import {
  allSamples,
  countRight,
  heldOut,
  type Labelled,
  requireLabels,
  sumErrors,
} from "./labelled_samples.ts";
import { Model } from "./model.ts";
import { fetchFile, loadRuntime, type Ort } from "./runtime.ts";
import { safetensors } from "./safetensors.ts";
import type { EpochSaid, TrainRequest } from "./services.ts";

type Tensors = Record<string, ortModule.Tensor>;

/** Rows that are measured at once. */
const ROWS = 4096;

/** A model in training. */
export class Training {
  readonly #about: PageAbout;
  readonly #plan: TrainAbout;
  readonly #request: TrainRequest;
  readonly #ort: Ort;
  readonly #step: ortModule.InferenceSession;
  readonly #train: Labelled;
  readonly #val: Labelled;
  /** Parameters and state by name of the graph input. */
  readonly #values: Tensors;
  readonly #file: Uint8Array;
  /** What `values.bin` holds. */
  readonly #numbers: Float32Array;
  #epoch = 0;
  #updates = 0;

  private constructor(
    about: PageAbout,
    request: TrainRequest,
    parts: {
      readonly ort: Ort;
      readonly step: ortModule.InferenceSession;
      readonly train: Labelled;
      readonly val: Labelled;
      readonly values: Tensors;
      readonly file: Uint8Array;
      readonly numbers: Float32Array;
    },
  ) {
    this.#about = about;
    this.#plan = about.train!;
    this.#request = request;
    this.#ort = parts.ort;
    this.#step = parts.step;
    this.#train = parts.train;
    this.#val = parts.val;
    this.#values = parts.values;
    this.#file = parts.file;
    this.#numbers = parts.numbers;
  }

  /**
   * Makes training ready.
   * @param about What is known of the model.
   * @param request How it is trained.
   * @param files Files by their numbers.
   * @throws {Error} if targets are missing or do not fit the model.
   */
  static async create(
    about: PageAbout,
    request: TrainRequest,
    files: ReadonlyMap<number, FeatureFile>,
  ): Promise<Training> {
    const plan = about.train!;
    const [first, second] = [files.get(request.train)!, files.get(request.val ?? -1)];
    for (const file of second ? [first, second] : [first]) requireLabels(file, about);
    const { train, val } = second
      ? { train: allSamples(first), val: allSamples(second) }
      : heldOut(first, plan.seed);
    const ort = await loadRuntime(false);
    const [step, stored, file] = await Promise.all(
      ["train/step.onnx", "train/values.bin", "train/model.onnx"].map((name) => fetchFile(name)),
    );
    const numbers = new Float32Array(stored.buffer as ArrayBuffer);
    const tensor = (shape: readonly number[], at: number) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return new ort.Tensor("float32", numbers.slice(at, at + size), [...shape]);
    };
    const trained = request.start === "trained";
    const tensors = [
      ...plan.parameters.map(({ name, shape, at, trainedAt }) =>
        [name, tensor(shape, trained ? trainedAt : at)] as const
      ),
      ...plan.state.map(({ name, shape, at }) => [name, tensor(shape, at)] as const),
    ];
    const session = await ort.InferenceSession.create(step, { executionProviders: ["wasm"] });
    const values: Tensors = Object.fromEntries(tensors);
    return new Training(about, request, { ort, step: session, train, val, values, file, numbers });
  }

  /** Numbers of training and validation samples. */
  get samples(): [number, number] {
    return [this.#train.samples.length, this.#val.samples.length];
  }

  /**
   * Trains an epoch, then measures the validation samples.
   * @throws {Error} if the loss is not a number, or the optimizer's numbers end.
   */
  async epoch(): Promise<EpochSaid> {
    const { samples, file } = this.#train;
    const { batchSize } = this.#request;
    const epoch = this.#epoch++;
    const order = epochOrder(samples, { seed: this.#plan.seed, epoch, shuffle: true });
    let [loss, right] = [0, 0];
    for (let start = 0; start < order.length; start += batchSize) {
      const batch = order.subarray(start, start + batchSize);
      const seed = deriveSeed(this.#plan.seed, "step", epoch, start / batchSize) >>> 0;
      const outputs = await this.#update(this.#feeds(file, batch, seed));
      const value = Number(outputs.loss.data[0]);
      if (!Number.isFinite(value)) {
        throw new Error(
          `Cannot go on training: the loss was ${value}; try a smaller learning rate`,
        );
      }
      loss += value * batch.length;
      right += countRight(
        outputs.scores.data as Float32Array,
        { file, samples: batch },
        this.#about,
      );
    }
    const share = this.#about.subtask === "regression" ? undefined : right / order.length;
    return {
      loss: loss / order.length,
      ...(share !== undefined && { trainAccuracy: share }),
      ...await this.#measure(),
      updates: this.#updates,
    };
  }

  /** The trained model, and its weights and state. */
  files(): { readonly model: Uint8Array; readonly checkpoint: Uint8Array } {
    const tensors = Object.entries(this.#values).map(([name, { dims, data }]) => ({
      name,
      shape: [...dims],
      data: data as Float32Array,
    }));
    const { run, producer } = this.#about;
    const metadata = {
      ...{ producer, run, trained_in: "browser", optimizer: this.#plan.optimizer },
      ...{ epochs: String(this.#epoch), updates: String(this.#updates) },
    };
    return { model: this.#model(), checkpoint: safetensors(tensors, metadata) };
  }

  /** Frees what it holds. */
  async release(): Promise<void> {
    await this.#step.release();
  }

  async #update(feeds: Tensors): Promise<Tensors> {
    if (this.#updates >= this.#plan.maxUpdates) {
      throw new Error(`Cannot go on training: a page makes ${this.#plan.maxUpdates} updates`);
    }
    const scalars = this.#plan.scalars.map((scalar) => {
      const base = this.#numberOf(scalar.base);
      const value = base + this.#numberOf(scalar.slope) * this.#request.lr;
      return [scalar.name, new this.#ort.Tensor("float32", [value], [])] as const;
    });
    this.#updates++;
    const given = { ...this.#values, ...feeds, ...Object.fromEntries(scalars) };
    const wanted = this.#step.inputNames.map((name) => [name, given[name]] as const);
    const outputs = await this.#step.run(Object.fromEntries(wanted));
    for (const name of Object.keys(this.#values)) {
      const next = outputs[`${name}/next`];
      if (next !== undefined) this.#values[name] = next;
    }
    return outputs;
  }

  /** A number of the optimizer for the update that comes next. */
  #numberOf(stored: number | StoredList): number {
    if (typeof stored === "number") return stored;
    return this.#numbers[stored.at + Math.min(this.#updates, stored.length - 1)];
  }

  #feeds(file: FeatureFile, batch: Int32Array, seed: number): Tensors {
    const { sampleShape, subtask, input } = this.#about;
    const { labels, labelWidth, lengths } = file.facts;
    const { Tensor } = this.#ort;
    const rows = Array.from(batch, (at) => input === "bags" ? file.bag(at) : file.row(at));
    const features = join(rows);
    const width = sampleShape.reduce((a, b) => a * b, 1);
    const targets = join(
      Array.from(batch, (at) => labels!.subarray(at * labelWidth, (at + 1) * labelWidth)),
    );
    return {
      features: new Tensor("float32", features, [features.length / width, ...sampleShape]),
      labels: subtask === "multiclass"
        ? new Tensor("int32", Int32Array.from(targets), [batch.length])
        : new Tensor("float32", targets, [batch.length, labelWidth]),
      random_seed: new Tensor("uint32", Uint32Array.of(seed), []),
      ...(lengths && this.#bagFeeds(Array.from(batch, (at) => lengths[at]))),
    };
  }

  #bagFeeds(lengths: readonly number[]): Tensors {
    const { Tensor } = this.#ort;
    const index = lengths.flatMap((length, bag) => new Array<bigint>(length).fill(BigInt(bag)));
    return {
      lengths: new Tensor("int64", BigInt64Array.from(lengths, BigInt), [lengths.length]),
      bag_index: new Tensor("int64", BigInt64Array.from(index), [index.length]),
    };
  }

  async #measure(): Promise<Pick<EpochSaid, "valAccuracy" | "valError">> {
    const { file, samples } = this.#val;
    const about = this.#about;
    const load = () => Promise.resolve(this.#model());
    const model = await Model.create({ load, about, device: "wasm" });
    try {
      let [right, error] = [0, 0];
      const size = about.input === "bags" ? 1 : ROWS;
      for (let start = 0; start < samples.length; start += size) {
        const part = samples.subarray(start, start + size);
        const scores = about.input === "bags"
          ? (await model.bag(file.bag(part[0]))).scores
          : (await model.scores(join(Array.from(part, (at) => file.row(at))))).scores;
        right += countRight(scores, { file, samples: part }, about);
        error += sumErrors(scores, { file, samples: part });
      }
      return about.subtask === "regression"
        ? { valError: error / samples.length }
        : { valAccuracy: right / samples.length };
    } finally {
      await model.release();
    }
  }

  /** The model's file with the values of now. */
  #model(): Uint8Array {
    const bytes = this.#file.slice();
    for (const { name, byte } of this.#plan.parameters) {
      if (byte === undefined) continue;
      const { buffer, byteOffset, byteLength } = this.#values[name].data as Float32Array;
      bytes.set(new Uint8Array(buffer, byteOffset, byteLength), byte);
    }
    return bytes;
  }
}
