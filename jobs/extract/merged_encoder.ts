/**
 * The encoder of an extraction without its adapters, which have become part of its weights.
 * @module
 */
import { sizeOf } from "../../engine/ir/dims.ts";
import { emptyRecord, type ScopeRecord } from "../../engine/nn/recorded_scope.ts";
import { Random } from "../../engine/random.ts";
import { Session, type Value } from "../../engine/runtime/session.ts";
import { mergeAdapters } from "../../registry/builder/merge_adapters.ts";
import type { AdapterOptions, EncoderStack } from "../../registry/builder/model.ts";
import { ConfigError, quote } from "../../registry/errors.ts";
import { keyPath, SLOTS } from "../../registry/slots.ts";
import { encoderGraph, type EncoderWeights } from "./encoder.ts";

/** Builds the encoder, with adapters or without. */
export type BuildStack = (options: AdapterOptions) => Promise<EncoderStack>;

/** An encoder that can be asked for itself without its adapters. */
export interface MergeableEncoder {
  /** The encoder with its adapters. */
  readonly stack: EncoderStack;
  /** What its layers were given. */
  readonly record: ScopeRecord;
  /** Builds it without them. */
  readonly build: BuildStack;
}

/** An encoder without adapters, and its weights. */
export interface MergedEncoder extends Pick<EncoderWeights, "values"> {
  /** The encoder. */
  readonly stack: EncoderStack;
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/** How far features may be from those with adapters, as a share of the largest. */
const TOLERANCE = 1e-3;
/** Samples of random numbers that are compared. */
const SAMPLES = 2;

/**
 * Builds an encoder whose adapters can be merged.
 * @param build Builds it.
 */
export async function mergeableEncoder(build: BuildStack): Promise<MergeableEncoder> {
  const record = emptyRecord();
  return { stack: await build({ record }), record, build };
}

/**
 * Merges the adapters of an encoder into its weights, and compares features of random numbers.
 * @param encoder The encoder.
 * @param weights Its weights.
 * @param method Key of its PEFT method, for messages.
 * @throws {ConfigError} if something of the method is not part of a weight.
 */
export async function mergedEncoder(
  { stack, record, build }: MergeableEncoder,
  { values }: Pick<EncoderWeights, "values">,
  method: string,
): Promise<MergedEncoder> {
  const { parameters } = stack;
  const plain = await build({ adapters: false });
  const merged = await mergeAdapters({
    ...{ method, record, parameters, values },
    plain: plain.parameters,
  });
  const difference = await featureDifference(
    { stack, values },
    { stack: plain, values: merged.values },
  );
  if (!(difference <= TOLERANCE)) {
    const message = `cannot merge the adapters of ${quote(method)} into weights: features would ` +
      `differ by ${difference.toPrecision(2)}`;
    throw new ConfigError([{ path: keyPath(SLOTS.peft), message }]);
  }
  const { layers } = merged;
  const notices = [
    layers === 0
      ? `${quote(method)} has no adapters: merge_adapters changes nothing`
      : `the adapters of ${quote(method)} are merged into the weights of ` +
        (layers === 1 ? "1 layer" : `${layers} layers`),
  ];
  return { stack: plain, values: merged.values, notices };
}

/** The largest difference of features as a share of the largest one. */
async function featureDifference(a: WeightedStack, b: WeightedStack): Promise<number> {
  const [first, second] = [await featuresOf(a), await featuresOf(b)];
  let [largest, worst] = [0, 0];
  for (const [i, value] of first.entries()) {
    largest = Math.max(largest, Math.abs(value));
    worst = Math.max(worst, Math.abs(value - second[i]));
  }
  return worst === 0 ? 0 : worst / largest;
}

type WeightedStack = Pick<MergedEncoder, "stack" | "values">;

async function featuresOf({ stack, values }: WeightedStack): Promise<Float32Array> {
  const session = await Session.compile(encoderGraph(stack, { values }));
  const random = new Random(1);
  const data = Float32Array.from(
    { length: SAMPLES * sizeOf(stack.inputShape) },
    () => random.normal(),
  );
  const samples: Value = { dtype: "float32", shape: [SAMPLES, ...stack.inputShape], data };
  const { features } = await session.run({ samples });
  await session.release();
  return Float32Array.from(features.data as Float32Array);
}
