import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { reshape } from "../../../engine/ir/layout.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import { deriveSeed, Random } from "../../../engine/random.ts";
import type { Subtask } from "../../../engine/train/interfaces.ts";
import {
  drawBeta,
  drawMix,
  mixFeeds,
  type Mixing,
  mixInputs,
} from "../../../engine/train/mixing.ts";
import { batchFeeds, type Model, modelGraph } from "../../../engine/train/model.ts";
import { descent, training } from "./_models.ts";

/** A step of PyTorch's: `tests/testdata/mixing/make_mixing.py`. */
interface TorchStep {
  readonly features: number[];
  readonly labels: number[];
  readonly partners: number[];
  readonly share: number;
  readonly shares?: number[];
  readonly before: number[];
  readonly loss: number;
  readonly weight: number[];
  readonly bias: number[];
}

const STEPS: Readonly<Record<string, TorchStep>> = JSON.parse(
  Deno.readTextFileSync(new URL("../../testdata/mixing/steps.json", import.meta.url)),
);

/** Three outputs, linear in the values of a sample; refuses to be shown labels. */
function linear(subtask: Subtask, sampleShape: readonly number[]): Model {
  const parameters = new Parameters();
  const width = sampleShape.reduce((product, side) => product * side, 1);
  const fc = parameters.scope().linear("fc", width, 3);
  return {
    task: "Classification",
    subtask,
    numClasses: 3,
    bags: false,
    sampleShape,
    parameters: parameters.list(),
    forward({ features, labels }, context) {
      assertEquals(labels, undefined);
      return { logits: fc(reshape(features, ["batch", width]), context) };
    },
  };
}

const KINDS: Readonly<Record<string, readonly [Subtask, Mixing, readonly number[]]>> = {
  mixup: ["multiclass", { mixup: 1 }, [2]],
  multilabel: ["multilabel", { mixup: 1 }, [2]],
  cutmix: ["multiclass", { cutmix: 1 }, [1, 2, 3]],
};

Deno.test("a step on mixed samples is that of PyTorch, with label smoothing", async () => {
  for (const [name, [subtask, mixing, sampleShape]] of Object.entries(KINDS)) {
    const { features, labels, before, shares, ...expected } = STEPS[name];
    const model = linear(subtask, sampleShape);
    const { loss, output } = modelGraph(model, { training: true, labelSmoothing: 0.1, mixing });
    const options = { parameterOptions: () => ({ lrScale: 1, weightDecay: 0 }) };
    const { state, step } = await training({ ...model, ...output, loss }, descent, options);
    state.parameter("fc.weight").data.set(before);
    state.parameter("fc.bias").data.set([0.1, -0.2, 0.3]);
    const targets = subtask === "multiclass" ? Int32Array.from(labels) : Float32Array.from(labels);
    const batch = {
      ...{ features: Float32Array.from(features), rows: 4, size: 4, labels: targets },
      indices: Int32Array.of(0, 1, 2, 3),
    };
    const mix = {
      partners: Int32Array.from(expected.partners),
      share: expected.share,
      ...(shares && { shares: Float32Array.from(shares) }),
    };
    const feeds = { ...batchFeeds(batch, model, 0), ...mixFeeds(mix, sampleShape) };
    const result = await step.run(feeds, 0.5);
    assertAlmostEquals(Number(result.loss.data[0]), expected.loss, 1e-6);
    for (const [key, values] of [["weight", expected.weight], ["bias", expected.bias]] as const) {
      const { data } = state.parameter(`fc.${key}`);
      for (const [i, value] of values.entries()) assertAlmostEquals(data[i], value, 1e-6);
    }
    await step.release();
  }
});

Deno.test("drawBeta() has the mean and the variance of the Beta distribution, whatever alpha is", () => {
  const random = new Random(3);
  for (const alpha of [0.05, 0.2, 1, 4]) {
    const values = Float64Array.from({ length: 20000 }, () => drawBeta(alpha, random));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
    assertAlmostEquals(mean, 0.5, 0.01);
    assertAlmostEquals(variance, 1 / (4 * (2 * alpha + 1)), 0.005);
  }
  const tiny = Array.from({ length: 100 }, () => drawBeta(1e-6, random));
  assert(tiny.every((value) => value === 0 || value === 1));
});

Deno.test("drawMix() draws the same for a seed, and a partner for each sample", () => {
  const batch = { seed: 9, size: 32, sampleShape: [5] };
  const mix = drawMix({ mixup: 0.2 }, batch);
  assertEquals(drawMix({ mixup: 0.2 }, batch), mix);
  assertNotEquals(drawMix({ mixup: 0.2 }, { ...batch, seed: 10 }), mix);
  assertEquals([...mix.partners].sort((a, b) => a - b), [...Array(32).keys()]);
  assertEquals(mix.shares, undefined);
});

Deno.test("drawMix() with cutmix gives the share of the pixels that are a sample's own", () => {
  const sampleShape = [3, 8, 10];
  for (let seed = 0; seed < 200; seed++) {
    const { share, shares } = drawMix({ cutmix: 1 }, { seed, size: 2, sampleShape });
    assert(shares!.every((value) => value === 0 || value === 1));
    assertAlmostEquals(shares!.reduce((sum, value) => sum + value, 0) / 80, share, 1e-6);
    assert(share >= 0.5);
    // A box of more than half is the sample itself.
    assert(isBox(shares!, 0, 10) || isBox(shares!, 1, 10));
  }
});

/** Whether the pixels of a value fill a box. */
function isBox(pixels: Float32Array, value: number, width: number): boolean {
  const found = [...pixels.keys()].filter((at) => pixels[at] === value);
  if (found.length === 0) return true;
  const [rows, columns] = [
    found.map((at) => Math.floor(at / width)),
    found.map((at) => at % width),
  ];
  const side = (places: number[]) => Math.max(...places) - Math.min(...places) + 1;
  return side(rows) * side(columns) === found.length;
}

Deno.test("drawMix() takes mixup for half of the batches where there is cutmix, too", () => {
  let mixed = 0;
  for (let batch = 0; batch < 400; batch++) {
    const seed = deriveSeed(1, "mix", 0, batch);
    const { share, shares } = drawMix({ mixup: 1, cutmix: 1 }, {
      ...{ seed, size: 2 },
      sampleShape: [3, 4, 4],
    });
    if (shares!.every((value) => Math.abs(value - share) < 1e-6 && value < 1)) mixed++;
  }
  assertAlmostEquals(mixed / 400, 0.5, 0.1);
});

Deno.test("mixInputs() asks for shares of pixels only where there is cutmix", () => {
  const { share, shares } = mixInputs({ mixup: 0.2 }, [3, 4, 5]);
  assertEquals(shares, share);
  assertEquals(mixInputs({ cutmix: 1 }, [3, 4, 5]).shares.shape, [4, 5]);
});
