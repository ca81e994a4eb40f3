/**
 * Errors of the engine. Each carries its facts as fields, so that no caller has to parse its text.
 * @module
 */

/**
 * Where in a file something is wrong.
 * @category Errors
 */
export interface DataErrorOptions extends ErrorOptions {
  /** Path of the file as the user gave it. */
  readonly file?: string;
  /** HDF5 dataset, tensor or archive entry inside the file. */
  readonly dataset?: string;
  /** Row, bag or entry index inside the dataset. */
  readonly index?: number;
}

/**
 * Data that cannot be used: a missing, unreadable, damaged or inconsistent file, or values in it
 * that training cannot take. The message is one line and names file and dataset.
 *
 * @example Which file, and which dataset in it
 * ```ts
 * import { DataError } from "@glovita/glovita";
 * import { FeatureWriter, openFeatureFile } from "@glovita/glovita/features";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/features.h5`;
 * const writer = await FeatureWriter.create(path, { embedDim: 2 });
 * writer.append(Float32Array.of(1, 2), [0]);
 * writer.close();
 * const opening = () => openFeatureFile(path, { label_key: "grades" });
 * const { file, dataset } = await assertRejects(opening, DataError);
 * assertEquals([file, dataset], [path, "grades"]);
 * ```
 *
 * @category Errors
 */
export class DataError extends Error {
  /** Name of the class, which survives a second copy of this package. */
  override name = "DataError";
  /** Path of the file as the user gave it. */
  readonly file?: string;
  /** HDF5 dataset, tensor or archive entry inside the file. */
  readonly dataset?: string;
  /** Row, bag or entry index inside the dataset. */
  readonly index?: number;

  /**
   * Makes the error.
   * @param message One line: `Cannot <action> <thing>: <current state>`.
   *   Line breaks and other control characters, as names of files may hold them, are escaped.
   * @param options File, dataset and index the message is about, and the cause.
   */
  constructor(message: string, options: DataErrorOptions = {}) {
    super(message.replaceAll(/\p{Cc}/gu, escapeControl), options);
    this.file = options.file;
    this.dataset = options.dataset;
    this.index = options.index;
  }
}

/** A control character as `\n` or `\u007f`. */
function escapeControl(character: string): string {
  const json = JSON.stringify(character).slice(1, -1);
  const code = character.charCodeAt(0).toString(16).padStart(4, "0");
  return json === character ? `\\u${code}` : json;
}

/**
 * Training that cannot go on, although its data could be read.
 *
 * @example A learning rate that is too large
 * ```ts
 * import {
 *   configure,
 *   precomputed,
 *   precomputedFeatures,
 *   sgd,
 *   train,
 *   TrainingError,
 * } from "@glovita/glovita";
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const folder = await Deno.makeTempDir();
 * const file = `${folder}/features.h5`;
 * const writer = await FeatureWriter.create(file, { embedDim: 1 });
 * writer.append(Float32Array.of(1, 2), [0, 1]);
 * writer.close();
 * const files = { train_features_file: file, val_features_file: file };
 * const training = () =>
 *   train([
 *     configure(precomputedFeatures, { num_classes: 2, ...files }),
 *     configure(precomputed, { feature_dim: 1 }),
 *     configure(sgd),
 *     { optimizer: { lr: 1e30 }, training: { epochs: 20 }, exp_dir: folder },
 *   ]);
 * const { epoch, batch } = await assertRejects(training, TrainingError);
 * assertEquals([epoch, batch], [4, 0]); // the third time in a row that the loss is not a number
 * ```
 *
 * @category Errors
 */
export class TrainingError extends Error {
  /** Name of the class, which survives a second copy of this package. */
  override name = "TrainingError";
  /** Epoch, counted from 0. */
  readonly epoch: number;
  /** Batch within the epoch, counted from 0. */
  readonly batch: number;

  /**
   * Makes the error.
   * @param message One line: `Cannot <action> <thing>: <current state>`.
   * @param epoch Epoch, counted from 0.
   * @param batch Batch within the epoch, counted from 0.
   */
  constructor(message: string, epoch: number, batch: number) {
    super(message);
    this.epoch = epoch;
    this.batch = batch;
  }
}

/**
 * A part of a run that is broken: a head, an optimizer, a source of rows or whatever else somebody
 * put in. It threw what nobody expects, or gave what nobody can use. The message is one line that
 * names the part.
 *
 * @example A source that throws, on the thread that reads
 * ```ts
 * import { PartError } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const cause = new TypeError("this.rows is not iterable");
 * const { part, message } = new PartError('dataset "mine"', cause);
 * assertEquals(part, 'dataset "mine"');
 * assertEquals(message, 'Cannot use dataset "mine": it is broken: this.rows is not iterable');
 * ```
 *
 * @category Errors
 */
export class PartError extends Error {
  /** Name of the class, which survives a second copy of this package. */
  override name = "PartError";
  /** What the part is called. */
  readonly part: string;

  /**
   * Makes the error.
   * @param part What the part is called.
   * @param cause What it threw, or what is wrong with what it gave.
   */
  constructor(part: string, cause: unknown) {
    const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
    const [state] = message.trim().split("\n", 1);
    super(`Cannot use ${part}: ${name === "ContractError" ? "" : "it is broken: "}${state}`, {
      cause,
    });
    this.part = part;
  }
}

/**
 * A device that cannot be used: it is not there, something that it needs is missing, or it computes
 * what the CPU does not. The message says what to do.
 *
 * @example CUDA where it was not installed
 * ```ts
 * import { DeviceError } from "@glovita/glovita";
 * import { assertEquals } from "@std/assert";
 *
 * const { device, message } = new DeviceError("cuda", "there is no NVIDIA driver");
 * assertEquals([device, message], ["cuda", "device cuda: there is no NVIDIA driver"]);
 * ```
 *
 * @category Errors
 */
export class DeviceError extends Error {
  /** Name of the class, which survives a second copy of this package. */
  override name = "DeviceError";
  /** The device. */
  readonly device: string;

  /**
   * Makes the error.
   * @param device The device.
   * @param problem What is wrong, and what to do.
   */
  constructor(device: string, problem: string) {
    super(`device ${device}: ${problem}`);
    this.device = device;
  }
}
