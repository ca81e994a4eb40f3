/**
 * A transform as an ONNX graph, so that a model takes images as they are: the runtime then resizes,
 * crops and normalizes, in the same steps.
 * @module
 */
import { GraphWriter, type WrittenAttribute } from "../onnx/graph_writer.ts";
import type { OnnxGraph } from "../onnx/graph.ts";
import type { Interpolation } from "./preprocessing.ts";
import type { ImageOperation, ImageTransform, NormalizeOperation } from "./transform.ts";

/** The ways of resampling that ONNX has, with what it calls them. */
const MODES: { readonly [I in Interpolation]?: "nearest" | "linear" | "cubic" } = {
  nearest: "nearest",
  bilinear: "linear",
  bicubic: "cubic",
};

/** PIL takes the pixel whose square holds the middle of the new one. */
const NEAREST: Attributes = { nearest_mode: "round_prefer_ceil" };
/** PIL smooths what is shrunk, and leaves out what would lie beyond the border. */
const SMOOTH: Attributes = { antialias: 1, exclude_outside: 1 };
/** PIL's cubic. */
const CUBIC: Attributes = { cubic_coeff_a: { kind: "float", value: -0.5 } };

type Attributes = Readonly<Record<string, WrittenAttribute>>;
type Step<O extends ImageOperation["op"]> = Extract<ImageOperation, { readonly op: O }>;
type Resize = Extract<ImageOperation, { readonly op: `resize${string}` }>;

/** An image within the graph. */
interface Pixels {
  /** Name of `uint8 [1, channels, height, width]`. */
  readonly name: string;
  /** Name of its height, `int64 [1]`. */
  readonly height: string;
  /** Name of its width, `int64 [1]`. */
  readonly width: string;
}

/**
 * Writes a transform as a graph. Pixels are resampled as PIL does it, but for the last bit: the
 * runtime rounds otherwise, so that a pixel may be off by one.
 * @param transform The steps; none may be random.
 * @returns A graph from `image`, `uint8 [height, width, 3]`, to `features`,
 *   `float32 [1, channels, height, width]`.
 * @throws {RangeError} if a step has no counterpart in ONNX; the message names it.
 *
 * @example An image as the model wants it
 * ```ts
 * import { encode, Session } from "@glovita/glovita/engine";
 * import { transformGraph } from "@glovita/glovita/images";
 * import { assertEquals } from "@std/assert";
 *
 * const crop = { op: "center_crop", size: [1, 1] } as const;
 * const normalize = { op: "normalize", mean: [0, 0, 0], std: [1, 1, 1] } as const;
 * const graph = transformGraph({ channels: 3, size: [1, 1], operations: [crop, normalize] });
 * const session = await Session.load(encode(graph));
 * const data = Uint8Array.of(0, 0, 0, 255, 0, 255, 0, 0, 0);
 * const { features } = await session.run({ image: { dtype: "uint8", shape: [1, 3, 3], data } });
 * await session.release();
 * assertEquals([features.shape, [...features.data]], [[1, 3, 1, 1], [1, 0, 1]]);
 * ```
 *
 * @category Transforms
 */
export function transformGraph({ channels, size, operations }: ImageTransform): OnnxGraph {
  const writer = new GraphWriter("transform");
  const input = { name: "image", dtype: "uint8", shape: ["height", "width", 3] } as const;
  const [height, width] = [0, 1].map((axis) =>
    writer.add("Shape", ["image"], { start: axis, end: axis + 1 })
  );
  const planes = writer.add("Transpose", [writer.add("Unsqueeze", ["image", writer.int64s([0])])], {
    perm: [0, 3, 1, 2],
  });
  const whole = { name: planes, height, width };
  const last = operations.at(-1);
  const steps = last?.op === "normalize" ? operations.slice(0, -1) : operations;
  const pixels = steps.reduce(
    (now, step) => apply(step, now, writer),
    channels === 1 ? toGrey(whole, writer) : whole,
  );
  normalize(pixels, last?.op === "normalize" ? last : undefined, { channels, writer });
  const sides = size ?? ["image_height", "image_width"];
  const output = { name: "features", dtype: "float32", shape: [1, channels, ...sides] } as const;
  return writer.finish([input], [output]);
}

function apply(step: ImageOperation, image: Pixels, writer: GraphWriter): Pixels {
  switch (step.op) {
    case "center_crop":
      return centerCrop(step, image, writer);
    case "resize":
    case "resize_shorter":
    case "resize_cover":
    case "resize_fit":
      return resize(step, image, writer);
    default:
      throw new RangeError(`"${step.op}" has no counterpart in ONNX`);
  }
}

/** Greyscale as PIL computes it: (19595 R + 38470 G + 7471 B + 32768) / 65536. */
function toGrey({ name, ...sides }: Pixels, writer: GraphWriter): Pixels {
  const weights = writer.int32s([19595, 38470, 7471], [1, 3, 1, 1]);
  const weighted = writer.add("Mul", [writer.cast(name, "int32"), weights]);
  const sum = writer.add("ReduceSum", [weighted, writer.int64s([1])], { keepdims: 1 });
  const rounded = writer.add("Add", [sum, writer.int32s([32768], [1])]);
  const grey = writer.add("Div", [rounded, writer.int32s([65536], [1])]);
  return { name: writer.cast(grey, "uint8"), ...sides };
}

function resize(step: Resize, image: Pixels, writer: GraphWriter): Pixels {
  const mode = MODES[step.interpolation];
  if (mode === undefined) {
    throw new RangeError(`"${step.interpolation}" is not a way ONNX resamples`);
  }
  const { height, width } = sizeAfter(step, image, writer);
  const attributes = {
    mode,
    coordinate_transformation_mode: "half_pixel",
    ...(mode === "nearest" ? NEAREST : SMOOTH),
    ...(mode === "cubic" && CUBIC),
  };
  const channels = channelsOf(image, writer);
  // PIL resamples rows, then columns, and rounds in between.
  const pass = (name: string, sides: readonly string[]) => {
    const sizes = writer.add("Concat", [writer.int64s([1]), channels, ...sides], { axis: 0 });
    return toBytes(writer.add("Resize", [name, "", "", sizes], attributes), writer);
  };
  const rows = pass(writer.cast(image.name, "float32"), [image.height, width]);
  const name = writer.cast(pass(rows, [height, width]), "uint8");
  return { name, height, width };
}

/** Rounds halves up and keeps to what a byte holds, as PIL; the numbers stay floats. */
function toBytes(name: string, writer: GraphWriter): string {
  const half = writer.add("Add", [name, writer.float32s([0.5], [])]);
  const limits = [writer.float32s([0], []), writer.float32s([255], [])];
  return writer.add("Clip", [writer.add("Floor", [half]), ...limits]);
}

function channelsOf({ name }: Pixels, writer: GraphWriter): string {
  return writer.add("Shape", [name], { start: 1, end: 2 });
}

/** Height and width after a resize, in the arithmetic of its Python original. */
function sizeAfter(
  step: Resize,
  { height, width }: Pixels,
  writer: GraphWriter,
): { readonly height: string; readonly width: string } {
  switch (step.op) {
    case "resize":
      return { height: writer.int64s([step.size[0]]), width: writer.int64s([step.size[1]]) };
    case "resize_shorter": {
      const size = writer.int64s([step.size]);
      const shorter = writer.add("Min", [height, width]);
      const scaled = (side: string) =>
        writer.add("Div", [writer.add("Mul", [side, size]), shorter]);
      return { height: scaled(height), width: scaled(width) };
    }
    case "resize_cover":
    case "resize_fit":
      return keepRatio(step, { height, width }, writer);
  }
}

/** timm's ResizeKeepRatio. */
function keepRatio(
  { op, size }: Step<"resize_cover" | "resize_fit">,
  { height, width }: Pick<Pixels, "height" | "width">,
  writer: GraphWriter,
): { readonly height: string; readonly width: string } {
  const double = (name: string) => writer.cast(name, "double");
  const ratio = (side: string, wanted: number) =>
    writer.add("Div", [double(side), double(writer.int64s([wanted]))]);
  const ratios = [ratio(height, size[0]), ratio(width, size[1])];
  const chosen = writer.add(op === "resize_fit" ? "Max" : "Min", ratios);
  const scaled = (side: string) => {
    const rounded = writer.add("Round", [writer.add("Div", [double(side), chosen])]);
    return writer.add("Max", [writer.cast(rounded, "int64"), writer.int64s([1])]);
  };
  return { height: scaled(height), width: scaled(width) };
}

/** The middle; where the image is too small, it gets a border, the odd pixel at its end. */
function centerCrop(
  { size, fill }: Step<"center_crop">,
  { name, height, width }: Pixels,
  writer: GraphWriter,
): Pixels {
  const sides = [[height, size[0]], [width, size[1]]] as const;
  const [zero, two] = [writer.int64s([0]), writer.int64s([2])];
  const before = sides.map(([side, wanted]) => {
    const room = writer.add("Sub", [side, writer.int64s([wanted])]);
    const half = writer.add("Round", [
      writer.add("Div", [writer.cast(room, "double"), writer.cast(two, "double")]),
    ]);
    const missing = writer.add("Max", [writer.add("Neg", [room]), zero]);
    const border = writer.add("Div", [missing, two]);
    const cut = writer.add("Max", [writer.cast(half, "int64"), zero]);
    return writer.add("Sub", [border, cut]);
  });
  const after = sides.map(([side, wanted], axis) =>
    writer.add("Sub", [
      writer.add("Sub", [writer.int64s([wanted]), side]),
      before[axis],
    ])
  );
  const pads = writer.add("Concat", [zero, zero, ...before, zero, zero, ...after], { axis: 0 });
  const [heightAfter, widthAfter] = size.map((side) => writer.int64s([side]));
  const bordered = fill === undefined
    ? writer.add("Pad", [name, pads])
    : padWith(fill, { name, pads }, writer);
  return { name: bordered, height: heightAfter, width: widthAfter };
}

/** ONNX pads with one number for all channels: what is padded is the difference to the color. */
function padWith(
  fill: readonly number[],
  { name, pads }: { readonly name: string; readonly pads: string },
  writer: GraphWriter,
): string {
  const color = writer.int32s(fill, [1, fill.length, 1, 1]);
  const difference = writer.add("Sub", [writer.cast(name, "int32"), color]);
  const padded = writer.add("Add", [writer.add("Pad", [difference, pads]), color]);
  return writer.cast(padded, "uint8");
}

function normalize(
  { name }: Pixels,
  operation: NormalizeOperation | undefined,
  { channels, writer }: { readonly channels: number; readonly writer: GraphWriter },
): void {
  const perChannel = (values: readonly number[] | undefined, other: number) =>
    writer.float32s(
      Array.from({ length: channels }, (_, channel) => values?.[channel] ?? other),
      [1, channels, 1, 1],
    );
  const scaled = writer.add("Div", [writer.cast(name, "float32"), writer.float32s([255], [1])]);
  const centered = writer.add("Sub", [scaled, perChannel(operation?.mean, 0)]);
  writer.add("Div", [centered, perChannel(operation?.std, 1)], {}, "features");
}
