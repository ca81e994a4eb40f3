/**
 * Extraction as a stream of events, for programs that follow it in a loop.
 * @module
 */
import { eventsOf } from "../event_stream.ts";
import { extractFeatures, type ExtractOptions } from "./extract.ts";
import type { ExtractedFile, ExtractEvent } from "./events.ts";
import type { ExtractConfigInput } from "./config_input.ts";

/**
 * Extracts features, and gives every event as it happens. Who leaves the loop early stops the work;
 * what is done so far is kept for `resume`.
 * @param config A resolved config, or parts of one.
 * @param options Registry, and the signal that stops the work.
 * @returns The events; when they end, the files.
 * @throws {ConfigError} if the config is wrong, or its parts do not fit each other.
 * @throws {DataError} if samples or weights cannot be read, or files cannot be written.
 * @throws {PluginError} if a plugin is broken.
 * @throws {PartError} if that shows later, in a graph or on a thread that reads.
 *
 * @example What is wrong is thrown where the loop begins
 * ```ts
 * import { configure, extractEvents, genericImageDataset, timm } from "@glovita/glovita";
 * import { assertRejects } from "@std/assert";
 *
 * const config = [
 *   configure(genericImageDataset, { num_classes: 2 }),
 *   configure(timm, { pretrained: false }),
 *   { data: { data_root_dir: "no such folder" } },
 * ];
 * await assertRejects(async () => {
 *   for await (const event of extractEvents(config)) console.log(event.type);
 * }, Error, "no such folder");
 * ```
 *
 * @category Extraction
 */
export async function* extractEvents(
  config: ExtractConfigInput,
  options: Omit<ExtractOptions, "onEvent"> = {},
): AsyncGenerator<ExtractEvent, readonly ExtractedFile[], void> {
  return yield* eventsOf<ExtractEvent, ExtractedFile[]>(
    (hooks) => extractFeatures(config, { ...options, ...hooks }),
    options.signal,
  );
}
