/** Encoders of pathology: the flags that docs/encoders.md gives for each, against timm. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { parseTokens } from "../../../cli/tokens.ts";
import { sizeOf } from "../../../engine/ir/dims.ts";
import { poolTokens } from "../../../engine/nn/pooling.ts";
import { type Parameter, Parameters } from "../../../engine/nn/scope.ts";
import { registry } from "../../../mod.ts";
import { timm, type TimmConfig } from "../../../plugins/encoder_type/timm.ts";
import { imageTransforms } from "../../../registry/builder/images.ts";
import { type ExtractConfig, resolveExtractConfig } from "../../../registry/config/extract.ts";
import { readBlocks } from "../../docs/_pages.ts";
import { goldenJson, relativeError } from "../../_golden.ts";
import { EVALUATION, runOnRule, shapesOf } from "../../_timm.ts";
import { type Fingerprint, fingerprint } from "./_fingerprint.ts";

/** What timm gives for the arguments that the authors of an encoder name. */
interface Golden {
  readonly name: string;
  readonly depth: number;
  /** Tokens before the patches. */
  readonly prefix: number;
  readonly fingerprint: Fingerprint;
  /** All parameters but those of the blocks behind the first. */
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  /** Two blocks on small images: class token beside the mean of the patches, every 16th number. */
  readonly reduced?: {
    readonly image_size: number;
    readonly model_kwargs: Readonly<Record<string, unknown>>;
    readonly joint: readonly (readonly number[])[];
  };
}

const PAGE = new URL("../../../docs/encoders.md", import.meta.url);

/** The config of each encoder, from the flags of the page. */
const configs = new Map(
  readBlocks(Deno.readTextFileSync(PAGE)).filter(({ language }) => language === "flags")
    .map(({ text }) => {
      const [title, ...lines] = text.split("\n");
      return [title.replace(/^# /, ""), configOf(lines.join(" "))] as const;
    }),
);

function configOf(words: string): ExtractConfig {
  const common = "data:generic-image-dataset-config --data.num_classes 2 " +
    "--model.encoder.encoder_type timm --model.encoder.weights_file FILE ";
  const { flags, issues } = parseTokens((common + words).split(/\s+/), registry);
  assertEquals(issues, []);
  return resolveExtractConfig({ flags }, registry).config;
}

function encoderOf(name: string): TimmConfig {
  const { encoder_type: _, ...config } = configs.get(name)!.model.encoder;
  return config as unknown as TimmConfig;
}

async function build(config: TimmConfig, side: number) {
  const parameters = new Parameters();
  const sampleShape = [3, side, side];
  const context = { scope: parameters.scope(), sampleShape, source: "images" };
  const encoder = await timm.create(config, context);
  return { encoder, parameters: parameters.list(), sampleShape };
}

const numbersIn = (parameters: readonly Parameter[]) =>
  parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);

const goldens = goldenJson<Golden[]>("pathology.json");

Deno.test("docs/encoders.md gives the flags of every encoder of pathology that was compared", () => {
  assertEquals([...configs.keys()].sort(), goldens.map(({ name }) => name).sort());
});

for (const golden of goldens) {
  const { name } = golden;
  const side = name === "CONCH" ? 448 : 224;

  Deno.test(`the flags of ${name} build timm's model`, async () => {
    const { encoder, parameters } = await build(encoderOf(name), side);
    const shapes = shapesOf(parameters);
    for (const [parameter, shape] of Object.entries(golden.parameters)) {
      assertEquals(shapes[parameter], shape, parameter);
    }
    assertEquals(fingerprint(parameters), golden.fingerprint);
    assertEquals(encoder.numPrefixTokens, golden.prefix);
    assert(encoder.hasClassToken);
  });

  const { reduced } = golden;
  if (reduced === undefined) continue;
  Deno.test(`two blocks by the flags of ${name} give timm's features`, async () => {
    const config = encoderOf(name);
    const model_kwargs = { ...config.model_kwargs, ...reduced.model_kwargs };
    const built = await build({ ...config, model_kwargs }, reduced.image_size);
    assertLess(numbersIn(built.parameters), golden.fingerprint[1]);
    const { joint } = await runOnRule(built.parameters, (images) => {
      const tokens = built.encoder.forward(images, EVALUATION);
      return { joint: poolTokens(tokens, "joint", built.encoder.numPrefixTokens!) };
    }, built.sampleShape);
    const found = (joint.data as Float32Array).filter((_, index) => index % 16 === 0);
    assertLess(relativeError(found, reduced.joint.flat()), 1e-4);
  });
}

/** Mean of the first channel, where it is not ImageNet's. */
const FIRST_MEANS: Readonly<Record<string, number>> = {
  CONCH: 0.48145466,
  "H-optimus-0": 0.707223,
  "H-optimus-1": 0.707223,
  "H0-mini": 0.707223,
  "Hibou-B": 0.7068,
  "Midnight-12k": 0.5,
};

Deno.test("the flags of encoders of pathology resize and normalise as their authors do", () => {
  const bilinear = ["UNI", "UNI2-h", "Phikon", "Phikon-v2", "Midnight-12k"];
  for (const [name, config] of configs) {
    const size = name === "CONCH" ? 448 : 224;
    const resized = name === "Prov-GigaPath" ? 256 : size;
    const { eval: transform } = imageTransforms({ config, registry })!;
    const interpolation = bilinear.includes(name) ? "bilinear" : "bicubic";
    assertEquals(transform.operations.slice(0, 2), [
      { op: "resize_shorter", size: resized, interpolation },
      { op: "center_crop", size: [size, size] },
    ], name);
    const { mean, std } = config.data.augmentation as { mean: number[]; std: number[] };
    assertEquals(transform.operations.at(-1), { op: "normalize", mean, std }, name);
    assertEquals(mean[0], FIRST_MEANS[name] ?? 0.485, name);
    const joint = /^(Virchow|Midnight)/.test(name);
    assertEquals(config.method, joint ? "joint" : name === "CONCH" ? "avg" : "cls_token", name);
  }
});
