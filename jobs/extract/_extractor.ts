/** The extractor of a job: on the CPU or a device, and back on the CPU where a device that nobody named is wrong. */
import { Extractor, type ExtractorOptions, MICRO_BATCH } from "../../engine/extract/extractor.ts";
import { extractorModel } from "../../engine/extract/extractor_model.ts";
import { planReaders, type ThreadPlan } from "../../engine/extract/thread_plan.ts";
import type { OnnxGraph } from "../../engine/onnx/emit.ts";
import { chooseDevice, type ChosenDevice } from "../../engine/runtime/device.ts";
import { deviceNotices, graphFor, replacedByCpu } from "../../engine/runtime/half_graph.ts";
import type { EncoderStack } from "../../registry/builder/model.ts";
import type { ExtractConfig } from "../../registry/config/extract.ts";
import type { Split } from "../../registry/plugin.ts";
import { threadsFor } from "./encoder.ts";

/** Where an encoder is going to run. */
export interface ExtractPlace extends ChosenDevice {
  /** Samples that are computed at once. */
  readonly microBatch: number;
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/**
 * Chooses where an encoder runs.
 * @param stack The encoder.
 * @param config The resolved config.
 * @throws {DeviceError} if the device that is asked for cannot be used.
 */
export async function placeFor(
  { encoder: { reader } }: EncoderStack,
  config: ExtractConfig,
): Promise<ExtractPlace> {
  const { device, dataloading } = config;
  const outside = "the encoder computes while samples are read, on the CPU";
  const unfit = reader ? { webgpu: outside, cuda: outside } : {};
  const deviceId = device === "cpu" ? 0 : config.device_id;
  const float16 = config.precision_compute === 16;
  const chosen = await chooseDevice({ device, deviceId, float16, unfit });
  // On the CPU whole batches, where the encoder takes no fewer.
  const { batch = 1 } = reader ?? {};
  const microBatch = chosen.device === "cpu"
    ? Math.ceil(MICRO_BATCH / batch) * batch
    : dataloading.batch_size;
  return { ...chosen, microBatch, notices: deviceNotices(chosen, float16) };
}

/** What an extractor is started with. */
export interface ExtractorStart {
  /** The encoder. */
  readonly stack: EncoderStack;
  /** Its graph in float32, weights and all. */
  readonly graph: OnnxGraph;
  /** Whether ARM's matrix products may be of bfloat16. */
  readonly fastMath: boolean;
  /** The resolved config. */
  readonly config: ExtractConfig;
  /** Where it is to run. */
  readonly place: ExtractPlace;
  /** The samples that are computed first. */
  readonly first: { readonly split: Split; readonly start: number; readonly end: number };
  /** Tells lines to the user. */
  readonly notify: (lines: readonly string[]) => void;
}

/** An extractor, and where it runs. */
export interface StartedExtractor {
  /** The extractor; its threads start with the first run. */
  readonly extractor: Extractor;
  /** How many threads. */
  readonly threads: ThreadPlan;
  /** Where the encoder runs. */
  readonly device: ChosenDevice["device"];
  /** Whether it computes in float16. */
  readonly float16: boolean;
}

/**
 * Makes an extractor. A device computes the first batch once more beforehand, to be compared with
 * the CPU.
 * @param start The encoder, and where it is to run.
 * @throws {DeviceError} if a device that was asked for computes something else than the CPU.
 * @throws {DataError} if samples cannot be read.
 */
export async function startExtractor(start: ExtractorStart): Promise<StartedExtractor> {
  const { stack, graph, fastMath, config, place, first, notify } = start;
  const { num_workers } = config.dataloading;
  if (place.device === "cpu") {
    const threads = threadsFor(stack, num_workers);
    const { microBatch } = place;
    const model = { ...extractorModel(graph), fastMath };
    const extractor = made(model, threads, microBatch);
    return { device: "cpu", float16: false, threads, extractor };
  }
  const { device, deviceId, float16, microBatch } = place;
  const threads = planReaders(num_workers);
  let extractor: Extractor | undefined;
  try {
    extractor = made({ device, deviceId, ...graphFor(graph, place) }, threads, microBatch);
    if (config.device_check) await extractor.check(first.split, first);
    return { device, float16, threads, extractor };
  } catch (error) {
    await extractor?.[Symbol.asyncDispose]();
    notify(replacedByCpu(place, error));
    return await startExtractor({ ...start, place: { ...place, device: "cpu" } });
  }
}

function made(
  model: ExtractorOptions["model"],
  threads: ThreadPlan,
  microBatch: number,
): Extractor {
  return new Extractor({ model, ...threads, microBatch });
}
