/** What training leaves out at random: as timm spreads its outputs, repeatable, and off in evaluation. */
import { assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { input } from "../../../../engine/ir/create.ts";
import { reduceMean } from "../../../../engine/ir/matrix.ts";
import { RandomStream } from "../../../../engine/nn/random.ts";
import { Parameters } from "../../../../engine/nn/scope.ts";
import { convnext } from "../../../../engine/nn/vision/convnext.ts";
import type { VisionArchitecture } from "../../../../engine/nn/vision/vision_model.ts";
import { visionTransformer } from "../../../../engine/nn/vision/vision_transformer.ts";
import { Session, type Value } from "../../../../engine/runtime/session.ts";
import { goldenJson } from "../../../_golden.ts";
import { ruleImages, ruleWeights } from "../../../_timm.ts";

/** Means and standard deviations of a model's pooled output over copies of one image. */
interface Golden {
  readonly family: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly size: number;
  readonly copies: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const ARCHITECTURES: Readonly<Record<string, VisionArchitecture>> = {
  convnext,
  vision_transformer: visionTransformer,
};
const COPIES = 2000;

/** The pooled outputs of copies of an image in training. */
class Copies implements AsyncDisposable {
  readonly #session: Session;
  readonly #feeds: Record<string, Value> = {};

  private constructor(session: Session, feeds: Record<string, Value>) {
    this.#session = session;
    this.#feeds = feeds;
  }

  static async create(
    { family, kwargs, size }: Omit<Golden, "mean" | "std" | "copies">,
    training = true,
  ): Promise<Copies> {
    const sampleShape = [3, size, size];
    const parameters = new Parameters();
    const model = ARCHITECTURES[family](kwargs, { scope: parameters.scope(), sampleShape });
    const images = input("images", "float32", ["batch", ...sampleShape]);
    const random = new RandomStream(input("seed", "uint32", []));
    const output = model.forward(images, { training, random });
    const axes = model.output === "map" ? [2, 3] : [1];
    const session = await Session.create({ pooled: reduceMean(output, { axes }) });
    const image = ruleImages(sampleShape).data.subarray(0, 3 * size * size);
    const data = new Float32Array(COPIES * image.length);
    for (let copy = 0; copy < COPIES; copy++) {
      data.set(image as Float32Array, copy * image.length);
    }
    const feeds: Record<string, Value> = {
      images: { dtype: "float32", shape: [COPIES, ...sampleShape], data },
    };
    for (const { name, shape } of parameters.list()) {
      feeds[name] = { dtype: "float32", shape, data: ruleWeights(name, shape) };
    }
    return new Copies(session, feeds);
  }

  async run(seed: number): Promise<number[]> {
    const random = { dtype: "uint32", shape: [], data: Uint32Array.of(seed) } as const;
    const { pooled } = await this.#session.run({ ...this.#feeds, seed: random });
    return Array.from(pooled.data, Number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release();
  }
}

function moments(values: readonly number[], width: number, channel: number) {
  const own = values.filter((_, index) => index % width === channel);
  const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
  const square = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (own.length - 1);
  return { mean, std: Math.sqrt(square) };
}

for (const golden of goldenJson<Golden[]>("timm_noise.json")) {
  const { family, kwargs, copies, mean, std } = golden;
  const rates = Object.entries(kwargs).filter(([name]) => /_rate$|block_fn/.test(name));
  Deno.test(`${family} ${JSON.stringify(rates)} spreads outputs as timm's does`, async () => {
    await using noisy = await Copies.create(golden);
    const values = await noisy.run(1);
    const width = mean.length;
    for (let channel = 0; channel < width; channel++) {
      const found = moments(values, width, channel);
      const standardError = std[channel] * Math.sqrt(1 / COPIES + 1 / copies);
      assertAlmostEquals(found.mean, mean[channel], 4.5 * standardError);
      assertAlmostEquals(found.std / std[channel], 1, 0.15);
    }
    assertEquals(await noisy.run(1), values);
    assertNotEquals(await noisy.run(2), values);
  });
}

Deno.test("noise is off in evaluation", async () => {
  const [{ family, kwargs, size }] = goldenJson<Golden[]>("timm_noise.json");
  const rates = ["pos", "attn", "proj"].map((name) => [`${name}_drop_rate`, 0.3]);
  const noisy = { ...kwargs, ...Object.fromEntries(rates), drop_path_rate: 0.3 };
  await using evaluation = await Copies.create(
    { family, size, kwargs: { ...noisy, patch_drop_rate: 0.3 } },
    false,
  );
  await using plain = await Copies.create({
    family,
    size,
    kwargs: { ...kwargs, pos_drop_rate: 0 },
  });
  assertEquals(await evaluation.run(1), await plain.run(1));
});
