/**
 * What an encoder is made of besides its graph: the layout of its output, weights that it starts
 * from, and a stage of its own where samples are read.
 * @module
 */
import type { SourceModule } from "../engine/data/data.ts";
import type { DownloadProgress } from "../engine/hub/download.ts";

/**
 * How an encoder's output is laid out.
 * @category Encoders
 */
export type EncoderOutput =
  /** `[batch, embed_dim]`, or `[instances, embed_dim]` when samples are bags. */
  | "features"
  /** `[batch, tokens, embed_dim]`, prefix (class and register) tokens first. */
  | "tokens"
  /** `[batch, embed_dim, height, width]`. */
  | "map";

/**
 * Values that parameters start from.
 * @category Encoders
 */
export interface PretrainedWeights {
  /** Values by name within the encoder's scope. */
  readonly values: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  /** File that they come from. */
  readonly file: string;
  /** SHA-256 of the file, hexadecimal; needed where no parameter holds its weights. */
  readonly sha256?: string;
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/**
 * How pretrained weights are fetched.
 * @category Encoders
 */
export interface PretrainedOptions {
  /** Called as a download goes on. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Stops a download. */
  readonly signal?: AbortSignal;
}

/**
 * A stage of its own between a dataset and the graph: it runs where samples are read.
 * @category Encoders
 */
export interface EncoderReader {
  /** Shape that a sample has after it. */
  readonly inputShape: readonly number[];
  /** Whether equal samples become equal ones, in every epoch. @default {false} */
  readonly fixed?: boolean;
  /** How many samples it takes at once, where fewer cost as much. @default {1} */
  readonly batch?: number;
  /** About how many bytes each thread that reads holds for it. @default {0} */
  readonly bytes?: number;
  /**
   * Puts the stage behind a dataset's source.
   * @param source Where the dataset's samples come from.
   * @param options Threads that compute, for each thread that reads; 1 where not given.
   * @returns A source of samples of {@linkcode EncoderReader.inputShape}.
   */
  wrap(source: SourceModule, options?: { readonly threads?: number }): SourceModule;
  /**
   * Makes the same stage with faster and less precise matrix products; absent where it has none.
   * @param precision `float32_matmul_precision`, below the highest.
   * @returns The stage; `undefined` if no linear layer is wide enough.
   */
  withMatmulPrecision?(precision: "high" | "medium"): Promise<EncoderReader | undefined>;
}
