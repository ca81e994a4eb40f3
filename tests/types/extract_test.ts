/** What the compiler accepts of extraction, and what it knows of its results. */
import {
  configure,
  type ExtractConfig,
  type ExtractEvent,
  extractEvents,
  extractFeatures,
  type ExtractPart,
  genericImageDataset,
  timm,
} from "../../mod.ts";

/** The compiler reads it, nobody runs it. */
async function accepted(config: ExtractConfig): Promise<unknown> {
  const { signal } = new AbortController();
  const onEvent = (event: ExtractEvent) => void event.type;
  const [file] = await extractFeatures(config, { signal, onEvent });
  const numbers: number[] = [file.samples, file.skipped, file.embedDim];
  const parts: readonly ExtractPart[] = [
    configure(genericImageDataset, { num_classes: 2 }),
    configure(timm, { type: "vit_tiny_patch16_224" }),
    { precision: 32, shard: "1/4", dataloading: { num_workers: 2 }, data: { fold: 0 } },
  ];
  for await (const event of extractEvents(parts)) {
    if (event.type === "progress") numbers.push(event.done, event.rate, event.secondsLeft);
  }
  await extractFeatures([{ checkpoint_path: "last.pt" }]);
  return numbers;
}

/** Each marked line is an error that the compiler finds. */
async function refused(config: ExtractConfig): Promise<void> {
  // @ts-expect-error: a misspelled option of a plugin
  await extractFeatures([configure(timm, { typ: "vit_tiny_patch16_224" })]);
  // @ts-expect-error: bits that no file has
  await extractFeatures([{ precision: 8 }]);
  // @ts-expect-error: a field of training
  await extractFeatures([{ training: { epochs: 3 } }]);
  // @ts-expect-error: a config as it stands in a file, which resolveExtractConfig() reads
  await extractFeatures({ data: { dataset: "cifar10" } });
  // @ts-expect-error: an event of training
  await extractFeatures(config, { onEvent: (event) => event.type === "epoch" });
  // @ts-expect-error: events come one by one
  extractEvents(config, { onEvent: () => {} });
}

Deno.test("extractFeatures(), its events and its results agree with the compiler", () => {
  void [accepted, refused];
});
