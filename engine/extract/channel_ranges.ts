/**
 * Measuring how large the channels of what goes into an encoder's linear layers become.
 * @module
 */
import { sizeOf } from "../ir/dims.ts";
import { channelRanges } from "../onnx/channel_ranges.ts";
import type { OnnxGraph } from "../onnx/emit.ts";
import { encodeWithConstantsApart, type OnnxModel } from "../onnx/encode.ts";
import { Random } from "../random.ts";
import { Session } from "../runtime/session.ts";

/** Waves in the sample. */
const WAVES = 16;
/** Length of the shortest wave in pixels. */
const SHORTEST = 3;

/** How to run the graph. */
export interface RangeOptions {
  /** Shape of what the input takes. @default {the input's own, symbols as 1} */
  readonly shape?: readonly number[];
  /** Encodes the graph. @default {encodeWithConstantsApart} */
  readonly encode?: (graph: OnnxGraph) => OnnxModel;
}

/**
 * Runs an encoder on a sample that is made up, and notes the largest magnitude in every channel of
 * what goes into its wide linear layers. Which channels stand out is a matter of weights more than of
 * samples; that the sample is always the same keeps features free of where the work began.
 * @param graph The graph.
 * @param options How to run it.
 * @returns Largest magnitudes by the names of tensors; none for a graph without wide layers, or with
 *   other inputs than one of floats.
 */
export async function measureChannels(
  graph: OnnxGraph,
  { shape, encode = encodeWithConstantsApart }: RangeOptions = {},
): Promise<ReadonlyMap<string, Float32Array>> {
  const [input, ...others] = graph.inputs;
  if (input?.dtype !== "float32" || others.length > 0) return new Map();
  const dims = shape ?? input.shape.map((dim) => typeof dim === "number" ? dim : 1);
  const ranges = channelRanges(graph);
  if (ranges.tensors.length === 0) return new Map();
  const session = await Session.load(encode(ranges.graph));
  try {
    const sample = { dtype: "float32", shape: dims, data: waves(dims) } as const;
    const outputs = await session.run({ [input.name]: sample });
    const names = ranges.graph.outputs.map(({ name }) => name);
    return new Map(
      ranges.tensors.map((tensor, i) => [tensor, outputs[names[i]].data as Float32Array]),
    );
  } finally {
    await session.release();
  }
}

/** Waves of all lengths in all directions, long ones larger, as in photographs; of variance 1. */
function waves(shape: readonly number[]): Float32Array<ArrayBuffer> {
  const [width = 1, height = 1] = shape.toReversed();
  const values = new Float32Array(sizeOf(shape));
  const plane = width * height;
  const random = new Random(0);
  const uniform = () => random.float();
  const longest = Math.max(width, height, 2 * SHORTEST);
  for (let start = 0; start < values.length; start += plane) {
    let variance = 0;
    for (let wave = 0; wave < WAVES; wave++) {
      const length = SHORTEST * (longest / SHORTEST) ** uniform();
      const turn = 2 * Math.PI * uniform();
      const phase = 2 * Math.PI * uniform();
      const amplitude = Math.sqrt(length);
      const across = 2 * Math.PI / length * Math.cos(turn);
      const down = 2 * Math.PI / length * Math.sin(turn);
      variance += amplitude ** 2 / 2;
      for (let i = 0; i < plane; i++) {
        const y = Math.floor(i / width);
        values[start + i] += amplitude * Math.sin(phase + across * (i - y * width) + down * y);
      }
    }
    const scale = 1 / Math.sqrt(variance);
    for (let i = start; i < start + plane; i++) values[i] *= scale;
  }
  return values;
}
