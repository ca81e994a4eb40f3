/**
 * What the models of an inference attend to, on its way to files: of a single model as it predicts, of
 * several when all have predicted.
 * @module
 */
import type { Split } from "../../engine/data/data.ts";
import { DataError } from "../../engine/errors.ts";
import type { InferConfig } from "../../registry/config/infer.ts";
import { ConfigError, quote } from "../../registry/errors.ts";
import { bagPlaces } from "../attention/bag_places.ts";
import { AttentionWriter, type BagPlaces } from "../attention/write_attention.ts";
import { type BagAttention, meanAttention } from "../attention/bag_attention.ts";
import type { PredictedBatch, TrainedModel } from "./trained_model.ts";

/**
 * Where attention was written.
 * @category Prediction
 */
export interface WrittenAttention {
  /** The folder. */
  readonly folder: string;
  /** Table of the tiles that count most. */
  readonly file: string;
  /** How many slides there are. */
  readonly slides: number;
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/** What models have said of a bag. */
interface Seen {
  readonly bag: BagPlaces;
  readonly attention: BagAttention[];
  readonly scores: Float32Array[];
}

/** Takes what models attend to. */
export class InferAttention {
  readonly #writer: AttentionWriter;
  readonly #folder: string;
  readonly #models: number;
  readonly #multiclass: boolean;
  readonly #seen = new Map<string, Seen>();

  private constructor(
    writer: AttentionWriter,
    { folder, models, multiclass }: {
      readonly folder: string;
      readonly models: number;
      readonly multiclass: boolean;
    },
  ) {
    this.#writer = writer;
    this.#folder = folder;
    this.#models = models;
    this.#multiclass = multiclass;
  }

  /**
   * Begins, if attention is asked for.
   * @param config Where it is written.
   * @param model The first model.
   * @param models Number of models.
   * @throws {ConfigError} if the model does not attend.
   */
  static async start(
    { attention_output: folder, patch_size, mpp, thumbnails, top_tiles }: InferConfig,
    { attends, classNames, task, config }: TrainedModel,
    models: number,
  ): Promise<InferAttention | undefined> {
    if (folder === null) return undefined;
    if (!attends) {
      const head = quote(String(config.model.head.head_type));
      const message = `expected a head that attends to the instances of a bag, ${head} does not`;
      throw new ConfigError([{ path: "attention_output", message }]);
    }
    const writer = await AttentionWriter.create({
      folder,
      classNames: classNames ?? Array.from({ length: task.numClasses }, (_, at) => String(at)),
      patchSize: patch_size ?? undefined,
      mpp: mpp ?? undefined,
      thumbnails: thumbnails ?? undefined,
      topTiles: top_tiles,
    });
    return new InferAttention(writer, {
      ...{ folder, models, multiclass: task.subtask === "multiclass" },
    });
  }

  /**
   * Takes what a model attends to in the bags of a batch.
   * @param split The split that they are of.
   * @param predicted What the model says of them.
   * @throws {DataError} if the places of tiles are not known, or a file cannot be written.
   */
  async add(split: Split, { batch, scores, attention }: PredictedBatch): Promise<void> {
    const width = scores.length / batch.size;
    for (const [at, index] of Array.from(batch.indices).entries()) {
      const bag = bagPlaces(split, index);
      if (bag === undefined) {
        const state = "its dataset does not keep the places of tiles";
        throw new DataError(`Cannot write the attention of "${split.name}": ${state}`);
      }
      const own = scores.slice(at * width, (at + 1) * width);
      if (this.#models === 1) {
        await this.#writer.write(bag, attention![at], this.#predicted([own]));
        continue;
      }
      const key = `${split.name}\0${bag.id}\0${index}`;
      const seen = this.#seen.get(key) ?? { bag, attention: [], scores: [] };
      seen.attention.push(attention![at]);
      seen.scores.push(own);
      this.#seen.set(key, seen);
    }
  }

  /** Writes what is left, and the table of the tiles that count most. */
  async finish(): Promise<WrittenAttention> {
    for (const { bag, attention, scores } of this.#seen.values()) {
      const predicted = this.#predicted(scores);
      await this.#writer.write(bag, meanAttention(attention, predicted), predicted);
    }
    return { folder: this.#folder, ...await this.#writer.finish() };
  }

  #predicted(all: readonly Float32Array[]): number | undefined {
    if (!this.#multiclass) return undefined;
    const sums = all[0].map((_, at) => all.reduce((sum, one) => sum + one[at], 0));
    return sums.reduce((best, value, at) => value > sums[best] ? at : best, 0);
  }
}
