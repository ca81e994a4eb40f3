/**
 * Micro-batches: a batch of images is computed some images at a time, in training and evaluation. Their
 * gradients add up to those of the batch, its memory is that of a few images, and what passes from
 * layer to layer stays in the cache.
 * @module
 */
import { sizeOf } from "../ir/dims.ts";
import type { AnyNode } from "../ir/node.ts";
import { reachable } from "../ir/reachable.ts";
import type { Model, ModelGraph } from "./model.ts";
import { deriveSeed } from "../random.ts";
import type { Session, Value } from "../runtime/session.ts";
import { samplesAreSeparate } from "./separate_samples.ts";

/** Numbers of all images of a micro-batch: four of 224 × 224 pixels. */
const NUMBERS = 4 * 3 * 224 * 224;

/** Input that holds the share of a micro-batch in its batch. */
export const SHARE = "batch_share";

/** Inputs that have a row per sample. */
const PER_SAMPLE: ReadonlySet<string> = new Set(["features", "labels"]);

/** Inputs of a step besides the parameters: those of samples, and one of which each part has its own. */
const DIVISIBLE: ReadonlySet<string> = new Set([...PER_SAMPLE, "random_seed"]);

/**
 * How many samples to compute at a time. Only images are computed in parts, and only where the loss is
 * a mean over samples that do not see each other: not where batch normalisation trains, where a head
 * has losses of its own, or where other inputs say how samples are mixed.
 * @param model The model.
 * @param graph Its graph in training.
 * @param batchSize Samples of a batch.
 * @returns Their number, or `undefined` where batches are computed whole.
 */
export function microBatchSize(
  { bags, sampleShape, parameters }: Pick<Model, "bags" | "sampleShape" | "parameters">,
  { loss, output, updates, parts }: Omit<ModelGraph, "scores">,
  batchSize: number,
): number | undefined {
  if (bags || sampleShape.length !== 3) return undefined;
  if (Object.keys(updates).length > 0 || Object.keys(parts).length > 0) return undefined;
  const known = new Set([...parameters.map(({ name }) => name), ...DIVISIBLE]);
  const isKnown = ({ op, attributes }: AnyNode) => op !== "Input" || known.has(attributes.name);
  if (!reachable([loss]).every(isKnown) || !samplesAreSeparate(output.logits)) return undefined;
  const size = Math.max(1, Math.floor(NUMBERS / sizeOf(sampleShape)));
  return size < batchSize ? size : undefined;
}

/** A session that adds gradients up, run on one micro-batch after another. */
export class MicroBatches {
  readonly #session: Session;
  readonly #size: number;

  /**
   * @param session Its outputs in `into` add to what is there; the others are means over samples, or
   *   have a row per sample.
   * @param size Samples of a micro-batch, at most.
   */
  constructor(session: Session, size: number) {
    this.#session = session;
    this.#size = size;
  }

  /**
   * Runs the graph on a batch.
   * @param feeds A value for every input but {@linkcode SHARE}.
   * @param into Buffers that are added to; none by default.
   * @returns Outputs of the whole batch.
   */
  async run(
    feeds: Readonly<Record<string, Value>>,
    into: Readonly<Record<string, Value>> = {},
  ): Promise<Record<string, Value>> {
    const samples = feeds.labels.shape[0];
    const merged = new Map<string, Value>();
    for (const [index, [start, end]] of evenParts(samples, this.#size).entries()) {
      const share = (end - start) / samples;
      const results = await this.#session.run({
        ...feeds,
        ...partOf(feeds, { start, end, index }),
        [SHARE]: { dtype: "float32", shape: [], data: Float32Array.of(share) },
      }, into);
      for (const [name, value] of Object.entries(results)) {
        if (!(name in into)) merge(merged, name, { value, start, share, samples });
      }
    }
    return { ...Object.fromEntries(merged), ...into };
  }

  /** Frees the session. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

/** Parts of up to `size` samples, no two of which differ by more than one. */
function evenParts(samples: number, size: number): [start: number, end: number][] {
  const count = Math.ceil(samples / size);
  const border = (index: number) => Math.floor(index * samples / count);
  return Array.from({ length: count }, (_, index) => [border(index), border(index + 1)]);
}

interface Part {
  readonly start: number;
  readonly end: number;
  readonly index: number;
}

/** Rows of a micro-batch, and a seed of its own but for the first one. */
function partOf(
  feeds: Readonly<Record<string, Value>>,
  { start, end, index }: Part,
): Record<string, Value> {
  const part: Record<string, Value> = {};
  for (const [name, { dtype, shape, data }] of Object.entries(feeds)) {
    if (!PER_SAMPLE.has(name)) continue;
    const [, ...row] = shape;
    const width = sizeOf(row);
    part[name] = {
      dtype,
      shape: [end - start, ...row],
      data: data.subarray(start * width, end * width),
    };
  }
  const { random_seed } = feeds;
  if (index === 0 || random_seed === undefined) return part;
  const seed = deriveSeed(Number(random_seed.data[0]), "micro", index) >>> 0;
  return { ...part, random_seed: { ...random_seed, data: Uint32Array.of(seed) } };
}

/** Puts an output of a micro-batch where it belongs in that of the batch. */
function merge(
  merged: Map<string, Value>,
  name: string,
  { value: { dtype, shape, data }, start, share, samples }: {
    readonly value: Value;
    readonly start: number;
    readonly share: number;
    readonly samples: number;
  },
): void {
  const [rows, ...row] = shape;
  const [of, width] = rows === undefined ? [[], 1] : [[samples, ...row], sizeOf(row)];
  const whole = merged.get(name)?.data ?? new Float32Array(sizeOf(of));
  if (rows === undefined) whole[0] = Number(whole[0]) + share * Number(data[0]);
  else (whole as Float32Array).set(data as Float32Array, start * width);
  merged.set(name, { dtype, shape: of, data: whole });
}
