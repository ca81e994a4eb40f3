/** What an `.onnx` file must be like to serve as an encoder of images. */
import { DataError } from "../../engine/errors.ts";
import { formatShape } from "../../engine/ir/dims.ts";
import {
  type ModelFacts,
  type ModelPort,
  readModelFacts,
} from "../../engine/foreign/read_model.ts";
import { quote } from "../../registry/errors.ts";

/** An encoder's file. */
export interface OnnxFile {
  /** Path. */
  readonly path: string;
  /** Name of the input that takes images. */
  readonly input: string;
  /** How many images it takes at once, where that is fixed. */
  readonly batch?: number;
  /** Channels of the images; 3 where the file does not say it. */
  readonly channels: number;
  /** Height and width, where they are fixed. */
  readonly size?: readonly [number, number];
  /** Names of the outputs. */
  readonly outputs: readonly string[];
  /** Paths of other files that hold weights. */
  readonly weightFiles: readonly string[];
}

/** Most values of a batch: 1 GiB. */
const MAX_VALUES = 2 ** 28;

/**
 * Reads what a file says, and checks that it takes images.
 * @throws {DataError} if it is missing, is not an ONNX file, or takes something else.
 */
export function readOnnxFile(path: string): OnnxFile {
  const { inputs, outputs, weightFiles } = readModelFacts(path);
  const input = onlyInput(path, inputs);
  const [batch, channels, height, width] = dimensionsOf(path, input);
  const fixed = (dim: number | string) => typeof dim === "number" ? dim : undefined;
  return {
    path,
    input: input.name,
    batch: fixed(batch),
    channels: fixed(channels) ?? 3,
    size: typeof height === "number" && typeof width === "number" ? [height, width] : undefined,
    outputs: outputs.map(({ name }) => name),
    weightFiles,
  };
}

/**
 * Chooses an output.
 * @param file The file.
 * @param name Name of the output, or `null` for the only one.
 * @throws {RangeError} if there is no such output, or there are several.
 */
export function chooseOutput({ path, outputs }: OnnxFile, name: string | null): string {
  if (name === null && outputs.length === 1) return outputs[0];
  if (name !== null && outputs.includes(name)) return name;
  throw new RangeError(
    `expected output to be one of ${outputs.map(quote).join(", ")} of "${path}", ` +
      `received ${name === null ? "none" : quote(name)}`,
  );
}

function onlyInput(path: string, inputs: ModelFacts["inputs"]): ModelPort {
  const [input, ...others] = inputs;
  if (input !== undefined && others.length === 0) return input;
  const names = inputs.map(({ name }) => quote(name)).join(", ");
  throw unusable(path, `it has the inputs ${names || "none"}, expected a single one`);
}

function dimensionsOf(
  path: string,
  { name, dtype, shape }: ModelPort,
): readonly (number | string)[] {
  if (dtype !== "float32") {
    const advice = dtype === "float16" ? "; onnxconverter-common's keep_io_types makes it so" : "";
    throw unusable(path, `its input "${name}" takes ${dtype}, expected float32${advice}`);
  }
  const fixed = shape?.filter((dim) => typeof dim === "number") ?? [];
  if (fixed.reduce((size, dim) => size * dim, 1) > MAX_VALUES) {
    throw unusable(
      path,
      `its input "${name}" has the shape ${formatShape(shape!)}, which is too large`,
    );
  }
  if (shape?.length === 4 && (typeof shape[1] === "string" || [1, 3].includes(shape[1]))) {
    return shape;
  }
  const found = shape === undefined ? "no shape" : `the shape ${formatShape(shape)}`;
  throw unusable(
    path,
    `its input "${name}" has ${found}, expected [batch, channels, height, width] with 1 or 3 ` +
      "channels",
  );
}

function unusable(path: string, state: string): DataError {
  return new DataError(`Cannot use "${path}" as an encoder: ${state}`, { file: path });
}
