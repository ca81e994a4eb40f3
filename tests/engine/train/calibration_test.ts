import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { Loader } from "../../../engine/data/loader.ts";
import { TrainingError } from "../../../engine/errors.ts";
import { calibrate, type CalibratedParameter } from "../../../engine/train/calibration.ts";
import { TrainState } from "../../../engine/train/state.ts";
import { CLASSES, linearModel } from "./_linear.ts";

/** Four samples, of class 0 and 1 in turn. */
function loader(values: readonly number[]): Loader {
  const code = `export const openSource = () => ({
    read: (indices) => ({
      features: Float32Array.from([...indices].flatMap((i) => [${values}].slice(2 * i, 2 * i + 2))),
    }),
    close() {},
  })`;
  return new Loader({
    name: "numbers",
    length: 4,
    labels: { values: Int32Array.of(0, 1, 0, 1), width: 1 },
    sampleShape: [2],
    source: { module: `data:text/javascript,${encodeURIComponent(code)}`, options: {} },
  }, { batchSize: 2, workers: 0 });
}

async function found(batches: number, values: readonly number[]) {
  const plain = linearModel(CLASSES, true);
  // Without dropout, so that gradients are known; the auxiliary losses do not count.
  const model: typeof plain = {
    ...plain,
    forward: (inputs, context) =>
      plain.forward(inputs, {
        ...context,
        training: false,
      }),
  };
  const { parameters } = model;
  const state = await TrainState.create(parameters, 0);
  for (const { name } of parameters) state.parameter(name).data.fill(0);
  const seen: CalibratedParameter[] = [];
  const mask = (parameter: CalibratedParameter) => {
    seen.push(parameter);
    return parameter.name === "head.fc.bias" ? undefined : Uint8Array.of(1, 0, 0, 1);
  };
  const masks = await calibrate({ batches, loader: loader(values), mask }, {
    model,
    parameters,
    state,
    seed: 0,
  });
  return { masks, seen, state };
}

Deno.test("calibrate() averages the gradients of its batches, and changes no value", async () => {
  for (const batches of [1, 2, 9]) {
    const { masks, seen, state } = await found(batches, [1, 0, 0, 2, 3, 0, 0, 4]);
    assertEquals([...masks], [["head.fc.weight", Uint8Array.of(1, 0, 0, 1)]]);
    assertEquals(seen.map(({ name, shape }) => [name, shape]), [
      ["head.fc.weight", [2, 2]],
      ["head.fc.bias", [2]],
    ]);
    // Both classes have probability 1/2: the gradient is the mean of ±x/2 over the samples.
    const [a, b] = batches === 1 ? [1, 2] : [2, 3];
    for (const [at, value] of [-a / 4, b / 4, a / 4, -b / 4].entries()) {
      assertAlmostEquals(seen[0].gradient[at], value, 1e-6);
    }
    assertEquals([...state.parameter("head.fc.weight").data], [0, 0, 0, 0]);
  }
});

Deno.test("calibrate() throws if the loss is not a number", async () => {
  const error = await assertRejects(() => found(2, [1, 0, 0, 2, NaN, 0, 0, 4]), TrainingError);
  assertEquals(
    error.message,
    "Cannot choose what trains: the loss is NaN before training, in batch 1",
  );
});
