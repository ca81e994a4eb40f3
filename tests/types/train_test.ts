/** What the compiler accepts of training, and what it knows of its results. */
import {
  buildModel,
  clam,
  ConfigError,
  configure,
  DataError,
  type Model,
  precomputed,
  type ResolvedConfig,
  train,
  type TrainEvent,
  trainEvents,
} from "../../mod.ts";

/** The compiler reads it, nobody runs it. */
async function accepted(config: ResolvedConfig): Promise<unknown> {
  const { signal } = new AbortController();
  const [fold] = await train(config, { signal, onEvent: (event: TrainEvent) => void event.type });
  const numbers: number[] = [fold.bestValue, fold.bestEpoch, fold.fold];
  const names: string[] = [fold.directory, fold.bestMetric];
  const curve: number[] = fold.history.map(({ epoch, val }) => epoch + val.val_loss);
  await train([configure(clam, { variant: "sb" }), { training: { epochs: 2 } }]);
  for await (const event of trainEvents([configure(precomputed, { feature_dim: 3 })])) {
    if (event.type === "epoch") numbers.push(event.train.train_loss, event.seconds);
    if (event.type === "notice") names.push(event.message);
    if (event.type === "batch") numbers.push(event.loss);
  }
  const model: Model = await buildModel(config, { sampleShape: [3], bags: true });
  return [numbers, names, curve, model];
}

/** Each marked line is an error that the compiler finds. */
async function refused(config: ResolvedConfig): Promise<void> {
  // @ts-expect-error: a misspelled option of a plugin
  await train([configure(clam, { varian: "sb" })]);
  // @ts-expect-error: a misspelled field
  await train([{ training: { epoch: 3 } }]);
  // @ts-expect-error: a config as it stands in a file, which resolveConfig() reads
  await train({ data: { dataset: "precomputed_features" } });
  // @ts-expect-error: a signal is not a controller
  await train(config, { signal: new AbortController() });
  // @ts-expect-error: an event that does not exist
  await train(config, { onEvent: (event) => event.type === "finished" });
  // @ts-expect-error: batches have no metrics
  await train(config, { onEvent: (event) => event.type === "batch" && event.val });
  // @ts-expect-error: results cannot be changed
  (await train(config))[0].bestValue = 1;
  // @ts-expect-error: events come one by one
  trainEvents(config, { onEvent: () => {} });
}

/** Errors are told apart by class, and have fields. */
function explain(error: unknown): readonly (string | number | undefined)[] {
  if (error instanceof ConfigError) {
    return error.issues.flatMap(({ path, message }) => [path, message]);
  }
  if (error instanceof DataError) return [error.file, error.dataset, error.index];
  return [];
}

Deno.test("train(), its events and its results agree with the compiler", () => {
  void [accepted, refused, explain];
});
