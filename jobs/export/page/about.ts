/**
 * What a page knows of its model: `about.json`, written by the export and read in the browser.
 * @module
 */
import type { ImageTransform } from "../../../engine/images/transform.ts";
import type { Subtask } from "../../../engine/train/interfaces.ts";

/** A tensor of float32 within `train/values.bin`. */
export interface StoredTensor {
  /** Name of the graph input that takes it. */
  readonly name: string;
  /** Dimensions. */
  readonly shape: readonly number[];
  /** Place of its first number, counted in numbers. */
  readonly at: number;
}

/** A parameter of the model. */
export interface StoredParameter extends StoredTensor {
  /** Place of its trained values, counted in numbers. */
  readonly trainedAt: number;
  /** Place of its values in `train/model.onnx`, in bytes; absent where it only serves training. */
  readonly byte?: number;
}

/** A number that the optimizer wants anew for every update: `base + slope * lr`. */
export interface StoredScalar {
  /** Name of the graph input that takes it. */
  readonly name: string;
  /** The same for every update, or a list. */
  readonly base: number | StoredList;
  /** As `base`. */
  readonly slope: number | StoredList;
}

/** Numbers by update within `train/values.bin`; from its end on the last one stays. */
export interface StoredList {
  /** Place of the first, counted in numbers. */
  readonly at: number;
  /** How many there are. */
  readonly length: number;
}

/** How the model is trained. */
export interface TrainAbout {
  /** Name of the optimizer. */
  readonly optimizer: string;
  /** Learning rate of the run. */
  readonly lr: number;
  /** Epochs of the run. */
  readonly epochs: number;
  /** Samples per batch of the run. */
  readonly batchSize: number;
  /** Seed of the run, by which the new weights are drawn. */
  readonly seed: number;
  /** Most updates, as the optimizer's numbers are listed to there. */
  readonly maxUpdates: number;
  /** Parameters, with the values that a new model begins with. */
  readonly parameters: readonly StoredParameter[];
  /** State of the optimizer before the first update. */
  readonly state: readonly StoredTensor[];
  /** Numbers of the optimizer. */
  readonly scalars: readonly StoredScalar[];
}

/** What a page knows of its model. */
export interface PageAbout {
  /** `glovita` and its version. */
  readonly producer: string;
  /** Name of the run, or of the group. */
  readonly run: string;
  /** Models whose scores are averaged. */
  readonly models: number;
  /** What it takes. */
  readonly input: "images" | "features" | "bags";
  /** How its targets are encoded. */
  readonly subtask: Subtask;
  /** Number of classes, or of predicted values. */
  readonly numClasses: number;
  /** Names of the classes by index. */
  readonly classNames?: readonly string[];
  /** Shape of a sample, or of an instance. */
  readonly sampleShape: readonly number[];
  /** From an image to a sample. */
  readonly transform?: ImageTransform;
  /** Present where the model attends: whether branch `k` is that of class `k`. */
  readonly attention?: { readonly perClass: boolean };
  /** How the features that it was trained on were made, where that is known. */
  readonly features?: Readonly<Record<string, unknown>>;
  /** Bytes of `model.onnx`. */
  readonly bytes: number;
  /** Version of onnxruntime-web. */
  readonly runtime: string;
  /** Whether the runtime for graphics processors lies beside the other one. */
  readonly webgpu: boolean;
  /** Colours of the percentiles 0 to 100: 256 times six hexadecimal digits. */
  readonly colors: string;
  /** How the model is trained, where the page can. */
  readonly train?: TrainAbout;
}
