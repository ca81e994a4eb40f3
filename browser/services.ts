/**
 * What the page asks of its worker, so that reading and computing never hold up what is looked at.
 * @module
 */
import type { PageAbout } from "../jobs/export/page/about.ts";
import type { PageTask } from "../jobs/export/page/html.ts";

/** A file of features. */
export interface FileFacts {
  /** By which the worker knows it. */
  readonly id: number;
  /** Its name. */
  readonly name: string;
  /** Rows per bag; absent where every row is a sample. */
  readonly lengths?: readonly number[];
  /** Number of samples. */
  readonly samples: number;
  /** Names of the samples. */
  readonly ids: readonly string[];
  /** Targets, `[samples, labelWidth]`, where the file has them. */
  readonly labels?: Float32Array;
  /** Targets per sample. */
  readonly labelWidth: number;
  /** Whether the file says where tiles are. */
  readonly hasCoords: boolean;
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/** What the model says of samples. */
export interface Said {
  /** `[samples, numClasses]`. */
  readonly scores: Float32Array;
  /** Their standard deviation over the models of an ensemble. */
  readonly spread?: Float32Array;
}

/** What the model says of a bag. */
export interface BagSaid extends Said {
  /** How much each instance counts, which add up to 1, where the model attends. */
  readonly weights?: Float32Array;
  /** How much each instance is one of each class, `[instances, numClasses]`, where it scores them. */
  readonly instanceScores?: Float32Array;
}

/** Where the tiles of a bag are. */
export interface Places {
  /** Upper left corners in pixels of level 0, `[tiles, 2]`. */
  readonly corners: Float64Array;
  /** Side of a tile, where the file says it. */
  readonly size?: number;
  /** Width and height of the slide, where the file says it. */
  readonly slideSize?: readonly [width: number, height: number];
}

/** How a model is trained. */
export interface TrainRequest {
  /** File of the training samples. */
  readonly train: number;
  /** File of the validation samples; a fifth of the training samples where not given. */
  readonly val?: number;
  /** Whether training begins with new weights or with the trained ones. */
  readonly start: "new" | "trained";
  /** Learning rate. */
  readonly lr: number;
  /** Samples per batch. */
  readonly batchSize: number;
}

/** What came of an epoch. */
export interface EpochSaid {
  /** Mean loss of the training samples. */
  readonly loss: number;
  /** Share of the training samples that were right during the epoch; for regression none. */
  readonly trainAccuracy?: number;
  /** Share of the validation samples that are right. */
  readonly valAccuracy?: number;
  /** Mean absolute error of the validation samples, for regression. */
  readonly valError?: number;
  /** Updates so far. */
  readonly updates: number;
}

/** What can be asked. */
export interface Services {
  /** Loads what the page knows of its model, and the model where the page predicts. */
  open(task: PageTask, device: string | null): Promise<PageAbout>;
  /** Opens a file of features. */
  openFile(file: File): Promise<FileFacts>;
  /** Scores of rows of a file. */
  predictRows(file: number, start: number, count: number): Promise<Said>;
  /** What the model says of a bag of a file. */
  predictBag(file: number, bag: number): Promise<BagSaid>;
  /** Where the tiles of a bag are. */
  places(file: number, bag: number): Promise<Places>;
  /** What the model says of an image. */
  predictImage(file: Blob, name: string): Promise<Said>;
  /** Makes training ready; gives the numbers of training and validation samples. */
  startTraining(request: TrainRequest): Promise<readonly [train: number, val: number]>;
  /** Trains an epoch. */
  trainEpoch(): Promise<EpochSaid>;
  /** The trained model as ONNX, and its weights and state as safetensors. */
  trained(): Promise<{ readonly model: Uint8Array; readonly checkpoint: Uint8Array }>;
}

/** How much of what is loaded is there, in bytes. */
export type OnProgress = (done: number, total: number) => void;

/** What computes. */
export interface Computing {
  /** What it is, for people. */
  readonly device: string;
  /** Why it is not the graphics processor that is there. */
  readonly note?: string;
}

/** What a worker says without being asked. */
export interface Listener {
  /** Told how far loading is. */
  readonly onProgress: OnProgress;
  /** Told what computes, whenever that changes. */
  onComputing(computing: Computing): void;
}
