/**
 * Any model that was exported as an `.onnx` file.
 * Importing this module adds `onnx` to the `encoder_type` slot.
 * @module
 */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { DataError } from "../../engine/errors.ts";
import { sha256OfFile } from "../../engine/hub/sha256.ts";
import { type Interpolation, INTERPOLATIONS } from "../../engine/images/preprocessing.ts";
import type { ForeignModelOptions } from "../../engine/foreign/foreign_model.ts";
import { formatShape } from "../../engine/ir/dims.ts";
import {
  choice,
  count,
  either,
  flag,
  type Kind,
  list,
  number,
  options,
  path,
  positive,
  required,
  text,
  whole,
} from "../../registry/options/mod.ts";
import type {
  Encoder,
  EncoderPlugin,
  EncoderReader,
  PretrainedOptions,
  PretrainedWeights,
} from "../../registry/plugin.ts";
import { registry } from "../../registry/registry.ts";
import { chooseOutput, type OnnxFile, readOnnxFile } from "./_onnx_file.ts";

/**
 * Config of the `onnx` encoder.
 * @category Encoders
 */
export interface OnnxConfig {
  /** The `.onnx` file. */
  readonly file: string;
  /** Output to take; `null` where there is only one. @default {null} */
  readonly output: string | null;
  /** Side, or height and width, of the images; `null` for what the file says. @default {null} */
  readonly image_size: number | readonly number[] | null;
  /** Mean of each channel on a scale from 0 to 1; `null` for ImageNet's. @default {null} */
  readonly mean: readonly number[] | null;
  /** Standard deviation of each channel on a scale from 0 to 1. @default {null} */
  readonly std: readonly number[] | null;
  /** How images are resized. @default {"bicubic"} */
  readonly interpolation: Interpolation;
  /** Share of the resized image that the centre crop keeps. @default {1} */
  readonly crop_pct: number;
  /** For an output of tokens: how many precede the patches, class token first. @default {0} */
  readonly num_prefix_tokens: number;
  /** For an output of tokens: whether the first one is a class token. @default {false} */
  readonly has_class_token: boolean;
}

const heightAndWidth: Kind<readonly number[]> = (fallback, description) =>
  list(fallback, description, count, { length: 2 });

const config = options<OnnxConfig>({
  file: path(required, "the .onnx file"),
  output: text(null, "output to take; needed where there are several"),
  image_size: either(
    null,
    "side, or height and width, of the images; what the file says if not given",
    [count, heightAndWidth],
  ),
  mean: list(null, "mean of each channel, pixels from 0 to 1; ImageNet's if not given", number),
  std: list(
    null,
    "standard deviation of each channel, pixels from 0 to 1; ImageNet's if not given",
    positive,
  ),
  interpolation: choice("bicubic", "how images are resized", INTERPOLATIONS),
  crop_pct: positive(1, "share of the resized image that the centre crop keeps", { max: 1 }),
  num_prefix_tokens: whole(
    0,
    "for an output of tokens: how many precede the patches, class token first",
  ),
  has_class_token: flag(false, "for an output of tokens: whether the first one is a class token"),
});

/**
 * Runs a model where the images are read, one session for each reading thread. Its output comes
 * to the head as it is, by its number of dimensions as features, tokens or a map. No gradient flows
 * into it and its weights never change.
 *
 * @example A file whose features are the mean colors
 * ```ts
 * import { onnx } from "@glovita/glovita";
 * import { emit, encode, input, reduceMean } from "@glovita/glovita/engine";
 * import { Parameters } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 *
 * const file = `${await Deno.makeTempDir()}/colors.onnx`;
 * const images = input("images", "float32", ["batch", 3, 32, 32]);
 * await Deno.writeFile(file, encode(emit({ colors: reduceMean(images, { axes: [2, 3] }) })));
 *
 * const options = v.parse(onnx.config, { file });
 * assertEquals(onnx.preprocessing?.(options).imageSize, [32, 32]);
 * const samples = { sampleShape: [3, 32, 32], source: "images" };
 * const context = { scope: new Parameters().scope(), ...samples };
 * assertEquals((await onnx.create(options, context)).embedDim, 3);
 * ```
 *
 * @category Encoders
 */
export const onnx: EncoderPlugin<OnnxConfig> = {
  slot: "encoder_type",
  key: "onnx",
  description: "a model exported as an .onnx file, frozen",
  config,
  preprocessing({ file, image_size, mean, std, interpolation, crop_pct }) {
    const { channels, size } = readOnnxFile(file);
    const [height, width = height] = [image_size ?? size ?? []].flat();
    if (size && (size[0] !== height || size[1] !== width)) {
      throw new RangeError(
        `expected image_size to be ${size.join(" ")} as in "${file}", received ${height} ${width}`,
      );
    }
    return {
      channels,
      imageSize: height === undefined ? undefined : [height, width],
      mean: mean ?? undefined,
      std: std ?? undefined,
      interpolation,
      cropPct: crop_pct,
    };
  },
  async create(config, { sampleShape, source }) {
    const file = readOnnxFile(config.file);
    const output = chooseOutput(file, config.output);
    checkSamples(file, sampleShape, source);
    const model = { file: file.path, input: file.input, output, sampleShape, batch: file.batch };
    // Here and not above: only an encoder in use loads the runtime.
    const { probeModel } = await import("../../engine/foreign/foreign_model.ts");
    const { wrapSource } = await import("../../engine/foreign/model_source.ts");
    const { shape: inputShape, batch, reason } = await probeModel(model);
    const reader = (options: ForeignModelOptions): EncoderReader => ({
      inputShape,
      fixed: true,
      batch,
      bytes: PACKED * sizeOfFiles(file),
      wrap: (inner, { threads = 1 } = {}) => wrapSource({ ...options, inner, threads }),
    });
    const options = { ...model, batch };
    return {
      ...layoutOf(inputShape, config),
      reader: {
        ...reader(options),
        async withMatmulPrecision(precision) {
          const { preciseModel } = await import("../../engine/foreign/precise_model.ts");
          const precise = await preciseModel(options, precision);
          return precise && reader({ ...options, model: precise });
        },
      },
      pretrained: async (options) => ({
        ...await weightsOf(file, options),
        notices: reason === undefined ? [] : [`"${file.path}" gets one image at a time: ${reason}`],
      }),
      forward: (rows) => rows,
    };
  },
};

function checkSamples(file: OnnxFile, sampleShape: readonly number[], source: string): void {
  const { path, channels, size: [height, width] = ["height", "width"] } = file;
  const wanted = [channels, height, width];
  const fits = sampleShape.length === 3 &&
    wanted.every((dim, axis) => typeof dim === "string" || dim === sampleShape[axis]);
  if (fits) return;
  throw new DataError(
    `Cannot use "${source}": its samples are ${sampleShape.join("×")}, "${path}" takes ` +
      `images of ${wanted.join("×")}`,
    { file: source },
  );
}

/** By its number of dimensions, an output is features, tokens or a map. */
function layoutOf(
  shape: readonly number[],
  { file, num_prefix_tokens, has_class_token }: OnnxConfig,
): Pick<Encoder, "output" | "embedDim" | "numPrefixTokens" | "hasClassToken"> {
  const tokens = shape.length === 2 ? shape[0] : 0;
  if (num_prefix_tokens > tokens || (has_class_token && num_prefix_tokens === 0)) {
    throw new RangeError(
      `expected num_prefix_tokens to count the class token among ${tokens} tokens, ` +
        `received ${num_prefix_tokens}`,
    );
  }
  switch (shape.length) {
    case 1:
      return { output: "features", embedDim: shape[0] };
    case 2:
      return {
        output: "tokens",
        embedDim: shape[1],
        numPrefixTokens: num_prefix_tokens,
        hasClassToken: has_class_token,
      };
    case 3:
      return { output: "map", embedDim: shape[0] };
    default:
      throw new DataError(
        `Cannot use "${file}" as an encoder: its output is ${formatShape(["batch", ...shape])}, ` +
          "expected 2, 3 or 4 dimensions",
        { file },
      );
  }
}

/** Weights are held beside what the runtime packs of them for its kernels. */
const PACKED = 2;

function sizeOfFiles({ path, weightFiles }: OnnxFile): number {
  return [path, ...weightFiles].reduce((sum, file) => sum + statSync(file).size, 0);
}

/** The weights stay in their file; what identifies them is its hash. */
async function weightsOf(
  { path, weightFiles }: OnnxFile,
  { signal }: PretrainedOptions,
): Promise<Omit<PretrainedWeights, "notices">> {
  const hashes: string[] = [];
  for (const file of [path, ...weightFiles]) hashes.push(await sha256OfFile(file, signal));
  const sha256 = hashes.length === 1
    ? hashes[0]
    : createHash("sha256").update(hashes.join("\n")).digest("hex");
  return { values: new Map(), file: path, sha256 };
}

registry.add(onnx);
