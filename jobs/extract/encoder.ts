/**
 * The encoder of an extraction: its graph, with weights of a checkpoint, of a pretraining, or as
 * they are initialised.
 * @module
 */
import { createHash } from "node:crypto";
import { planThreads, type ThreadPlan } from "../../engine/extract/thread_plan.ts";
import { input } from "../../engine/ir/create.ts";
import { sizeOf } from "../../engine/ir/dims.ts";
import { initialValues } from "../../engine/nn/initial_values.ts";
import { RandomStream } from "../../engine/nn/random.ts";
import { bakeInputs } from "../../engine/onnx/bake.ts";
import { emit, type OnnxGraph } from "../../engine/onnx/emit.ts";
import type { WeightsFile } from "../../engine/storage/weights_file.ts";
import { countMatches } from "../../engine/storage/weights_match.ts";
import { readInitialWeights } from "../../engine/train/init_checkpoint.ts";
import type { PretrainedOptions } from "../../registry/plugin.ts";
import type { EncoderStack } from "../../registry/builder/model.ts";
import { encoderParameters } from "../../registry/builder/parameter_names.ts";

/** Where weights come from. */
export interface WeightSources extends PretrainedOptions {
  /** Checkpoint to take them from. */
  readonly checkpoint?: WeightsFile;
}

/** Values of an encoder's parameters. */
export interface EncoderWeights {
  /** Values by parameter name. */
  readonly values: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
  /** What they are: a file's name, or `initial`. */
  readonly origin: string;
  /** SHA-256 of names and values, hexadecimal; of the file for an encoder that keeps its own. */
  readonly sha256: string;
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/**
 * Loads the weights of an encoder.
 * @param stack The encoder.
 * @param sources A checkpoint; without one, the encoder's own pretrained weights or initial values.
 * @throws {DataError} if weights are missing or do not fit.
 */
export async function loadWeights(
  stack: EncoderStack,
  { checkpoint, ...options }: WeightSources,
): Promise<EncoderWeights> {
  if (checkpoint !== undefined) return fromCheckpoint(stack, checkpoint);
  const { parameters, encoder } = stack;
  const pretrained = await encoder.pretrained?.(options);
  const given = encoderParameters(pretrained?.values ?? new Map());
  const values = initialValues(parameters, 0, given);
  if (pretrained === undefined) {
    const notice = "the encoder has its initial weights: nothing was learned";
    const notices = parameters.length > 0 ? [notice] : [];
    return { values, origin: "initial", sha256: hash(values), notices };
  }
  const ofFile = parameters.length === 0 ? pretrained.sha256 : undefined;
  return {
    values,
    origin: pretrained.file,
    sha256: ofFile ?? hash(values),
    notices: pretrained.notices,
  };
}

function fromCheckpoint(stack: EncoderStack, file: WeightsFile): EncoderWeights {
  const { values, notices } = readInitialWeights(file, stack);
  return { values, origin: file.path, sha256: hash(values), notices };
}

/**
 * Tells whether a checkpoint holds weights of an encoder: at least half of its parameters.
 * @param stack The encoder.
 * @param file The checkpoint.
 */
export function holdsEncoder(stack: EncoderStack, file: WeightsFile): boolean {
  const { length } = stack.parameters;
  return length > 0 && 2 * countMatches(file, stack) >= length;
}

function hash(values: ReadonlyMap<string, Float32Array>): string {
  const sum = createHash("sha256");
  for (const name of [...values.keys()].sort()) {
    const { buffer, byteOffset, byteLength } = values.get(name)!;
    sum.update(name).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return sum.digest("hex");
}

/**
 * Writes down an encoder with its weights as constants: `samples [batch, ...inputShape]` to
 * `features [batch, embed_dim]`.
 * @param stack The encoder.
 * @param weights Its weights.
 */
export function encoderGraph(
  stack: EncoderStack,
  { values }: Pick<EncoderWeights, "values">,
): OnnxGraph {
  const samples = input("samples", "float32", ["batch", ...stack.inputShape]);
  const random = new RandomStream(input("random_seed", "uint32", []));
  const graph = emit({ features: stack.forward(samples, { training: false, random }) });
  const weights = stack.parameters.map(({ name, shape }) =>
    [name, { shape, values: values.get(name)! }] as const
  );
  return bakeInputs(graph, new Map(weights));
}

/**
 * Decides how many threads work, as far as the weights of all of them fit into memory.
 * @param stack The encoder.
 * @param wanted `dataloading.num_workers`.
 */
export function threadsFor(stack: EncoderStack, wanted: number | null): ThreadPlan {
  return planThreads({ weights: weightBytes(stack), reader: stack.encoder.reader?.bytes }, wanted);
}

function weightBytes({ parameters }: EncoderStack): number {
  return parameters.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
}
