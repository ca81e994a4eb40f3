/**
 * Whether the features of an encoder can be computed once and for all, instead of in every epoch.
 * @module
 */
import { MICRO_BATCH } from "../../engine/extract/extractor.ts";
import { planThreads } from "../../engine/extract/thread_plan.ts";
import { sizeOf } from "../../engine/ir/dims.ts";
import { type FrozenEncoder, isSteady } from "../../engine/train/frozen_encoder.ts";
import type { ResolvedConfig } from "../config/tree.ts";
import type { ModelStack } from "./model.ts";
import { isOfEncoder } from "./parameter_names.ts";
import type { FoldSplits } from "./splits.ts";

/** Groups of samples that are worth a thread, which has to load the encoder first. */
const WORTH_A_THREAD = 4;

/**
 * Finds out whether the encoder gives the same features in every epoch: it has something to compute,
 * none of its parameters trains, its graph is the same in training as in evaluation, and samples are
 * read the same every time.
 * @param stack The model.
 * @param splits The samples, as the dataset gives them.
 * @param config The resolved config.
 * @returns The encoder; `undefined` where its features have to be computed in every epoch.
 */
export function frozenEncoder(
  { model, encoder, embed, rest }: ModelStack,
  { train, val, test }: FoldSplits,
  { training, dataloading: { num_workers } }: ResolvedConfig,
): FrozenEncoder | undefined {
  const { reader } = encoder;
  const own = model.parameters.filter(({ name }) => isOfEncoder(name));
  const computes = own.length > 0 || reader !== undefined;
  const trains = own.some(({ trainable }) => trainable);
  if (!computes || trains || model.bags) return undefined;
  const fixed = [train, val, ...test ? [test] : []].every(({ split }) => split.fixed === true);
  if (!fixed || (reader && !reader.fixed) || !isSteady(embed)) return undefined;
  const { feature_cache: limit } = training;
  if (limit === null) return undefined;
  const { inputShape, forward } = embed;
  const batch = reader?.batch ?? 1;
  const microBatch = Math.ceil(MICRO_BATCH / batch) * batch;
  const samples = Math.max(train.subset?.length ?? train.split.length, val.split.length);
  // A stage of its own has threads of its own, for as many workers as read.
  const wanted = reader ? Math.max(1, num_workers) : null;
  const weights = own.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  const { workers, threads } = planThreads({ weights, reader: reader?.bytes }, wanted);
  return {
    ...{ inputShape, forward, rest, limit, microBatch },
    threads: {
      workers: Math.min(workers, Math.ceil(samples / (WORTH_A_THREAD * microBatch))),
      threads: reader ? 1 : threads,
    },
  };
}
