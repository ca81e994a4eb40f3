/** Transforms as ONNX graphs: against the transform itself, pixel by pixel. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Image } from "../../../engine/images/image.ts";
import { normalizeImage } from "../../../engine/images/normalize.ts";
import {
  type ImageOperation,
  type ImageTransform,
  transformedSize,
  transformImage,
} from "../../../engine/images/transform.ts";
import { transformGraph } from "../../../engine/images/transform_graph.ts";
import { encode } from "../../../engine/onnx/encode.ts";
import { Random } from "../../../engine/random.ts";
import { Session } from "../../../engine/runtime/session.ts";

const normalize = { op: "normalize", mean: [0.48, 0.45, 0.4], std: [0.22, 0.25, 0.3] } as const;

/** Smooth waves with some noise, as photographs have them. */
function image(height: number, width: number): Image {
  const random = new Random(height * 1000 + width);
  const data = Uint8Array.from({ length: height * width * 3 }, (_, at) => {
    const [channel, x, y] = [at % 3, Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
    const wave = Math.sin(x / 5 + channel) + Math.cos(y / 7 - channel);
    return Math.max(0, Math.min(255, 127 + 50 * wave + 40 * (random.float() - 0.5)));
  });
  return { height, width, channels: 3, data };
}

async function byGraph(transform: ImageTransform, { height, width, data }: Image) {
  const session = await Session.load(encode(transformGraph(transform)), { threads: 1 });
  const { features } = await session.run({
    image: { dtype: "uint8", shape: [height, width, 3], data },
  });
  await session.release();
  return features;
}

/** Largest difference of a pixel, and the mean difference, in grey levels. */
async function difference(transform: ImageTransform, given: Image) {
  const expected = transformImage(given, transform);
  const floats = new Float32Array(expected.data.length);
  normalizeImage(expected, transform, floats);
  const { data, shape } = await byGraph(transform, given);
  const [height, width] = transformedSize(transform, [given.height, given.width]);
  assertEquals(shape, [1, 3, height, width]);
  const steps = Array.from(data as Float32Array, (value, at) => {
    const { std } = normalize;
    return Math.abs(value - floats[at]) * std[Math.floor(at / (height * width))] * 255;
  });
  return { most: Math.max(...steps), mean: steps.reduce((a, b) => a + b) / steps.length };
}

const EXACT: readonly (readonly [string, readonly ImageOperation[]])[] = [
  ["a crop", [{ op: "center_crop", size: [9, 12] }]],
  ["a crop larger than the image", [{ op: "center_crop", size: [50, 61], fill: [9, 99, 200] }]],
  ["nearest", [{ op: "resize", size: [17, 23], interpolation: "nearest" }]],
  ["no change", [{ op: "resize_shorter", size: 31, interpolation: "bicubic" }]],
];

Deno.test("transformGraph() crops and normalizes exactly", async () => {
  for (const [name, operations] of EXACT) {
    for (const [height, width] of [[31, 40], [40, 31]] as const) {
      const transform = { channels: 3, operations: [...operations, normalize] };
      const { most } = await difference(transform, image(height, width));
      assert(most < 1e-3, `${name}, ${height}x${width}: ${most}`);
    }
  }
});

const RESIZES: readonly ImageOperation[] = [
  { op: "resize", size: [20, 33], interpolation: "bilinear" },
  { op: "resize", size: [60, 90], interpolation: "bicubic" },
  { op: "resize_shorter", size: 24, interpolation: "bicubic" },
  { op: "resize_shorter", size: 24, interpolation: "bilinear" },
  { op: "resize_cover", size: [24, 36], interpolation: "bicubic" },
  { op: "resize_fit", size: [24, 36], interpolation: "bilinear" },
];

Deno.test("transformGraph() resizes as PIL, to one grey level", async () => {
  for (const operation of RESIZES) {
    for (const [height, width] of [[100, 150], [75, 61], [31, 300]] as const) {
      const crop = { op: "center_crop", size: [20, 20] } as const;
      const transform = { channels: 3, operations: [operation, crop, normalize] };
      const { most, mean } = await difference(transform, image(height, width));
      assert(most < 1.01, `${JSON.stringify(operation)}, ${height}x${width}: ${most}`);
      assert(mean < 0.05, `${JSON.stringify(operation)}, ${height}x${width}: mean ${mean}`);
    }
  }
});

Deno.test("transformGraph() makes greyscale as PIL", async () => {
  const given = image(5, 4);
  const operations = [{ op: "normalize", mean: [0], std: [1] }] as const;
  const { data, shape } = await byGraph({ channels: 1, operations }, given);
  const grey = Array.from({ length: 20 }, (_, at) => {
    const [r, g, b] = given.data.subarray(3 * at);
    return (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
  });
  assertEquals(shape, [1, 1, 5, 4]);
  assertEquals(Array.from(data as Float32Array, (value) => Math.round(value * 255)), grey);
});

Deno.test("transformGraph() refuses what ONNX cannot do", () => {
  const lanczos = { op: "resize", size: [2, 2], interpolation: "lanczos" } as const;
  const flip = { op: "flip", axis: "horizontal" } as const;
  assertThrows(
    () => transformGraph({ channels: 3, operations: [lanczos] }),
    RangeError,
    '"lanczos" is not a way ONNX resamples',
  );
  assertThrows(
    () => transformGraph({ channels: 3, operations: [flip] }),
    RangeError,
    '"flip" has no counterpart in ONNX',
  );
});
