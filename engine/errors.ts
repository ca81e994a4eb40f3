/**
 * Errors of the engine. Each carries its facts as fields, so that no caller parses text.
 * @module
 */

/** Where in a file something is wrong. */
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
   * @param options File, dataset and index the message is about, and the cause.
   */
  constructor(message: string, options: DataErrorOptions = {}) {
    super(message, options);
    this.file = options.file;
    this.dataset = options.dataset;
    this.index = options.index;
  }
}

/** Training that cannot go on, although its data could be read. */
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
