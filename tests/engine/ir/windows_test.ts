import { assert, assertEquals, assertThrows } from "@std/assert";
import { input } from "../../../engine/ir/create.ts";
import * as w from "../../../engine/ir/windows.ts";
import { relativeError } from "../../_golden.ts";
import { evaluateOn, type Sample, sample } from "../_run.ts";

const two = (value: w.Pair) => typeof value === "number" ? [value, value] : value;

/** `at(n, c, row, column)` of a sample, 0 outside of the image. */
function reader({ values, shape: [, channels, height, width] }: Sample) {
  return (n: number, c: number, row: number, column: number) =>
    row < 0 || column < 0 || row >= height || column >= width
      ? 0
      : values[((n * channels + c) * height + row) * width + column];
}

/** Values of all positions, row-major. */
function tabulate(
  [batch, channels, height, width]: readonly number[],
  of: (n: number, c: number, row: number, column: number) => number,
): number[] {
  const values: number[] = [];
  for (let n = 0; n < batch; n++) {
    for (let c = 0; c < channels; c++) {
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) values.push(of(n, c, row, column));
      }
    }
  }
  return values;
}

/** The convolution by its definition, in float64. */
function convolution(x: Sample, weight: Sample, shape: readonly number[], options: w.ConvOptions) {
  const { stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
  const [steps, inner, [top, left]] = [two(stride), two(dilation), two(padding as w.Pair)];
  const [outputs, inputs, height, width] = weight.shape;
  const [pixel, factor] = [reader(x), reader(weight)];
  return tabulate(shape, (n, m, row, column) => {
    const first = Math.floor(m / (outputs / groups)) * inputs;
    let sum = 0;
    for (let c = 0; c < inputs; c++) {
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) {
          const [y, z] = [
            row * steps[0] - top + i * inner[0],
            column * steps[1] - left + j * inner[1],
          ];
          sum += factor(m, c, i, j) * pixel(n, first + c, y, z);
        }
      }
    }
    return sum;
  });
}

const convolutions: [x: number[], weight: number[], y: number[], options: w.ConvOptions][] = [
  [[2, 3, 4, 5], [2, 3, 1, 1], [2, 2, 4, 5], {}],
  [[1, 2, 5, 7], [3, 2, 1, 1], [1, 3, 3, 4], { stride: 2 }],
  [[2, 2, 5, 4], [3, 2, 3, 3], [2, 3, 5, 4], { padding: 1 }],
  [[1, 3, 9, 8], [4, 3, 7, 7], [1, 4, 5, 4], { stride: 2, padding: 3 }],
  [[1, 1, 6, 7], [2, 1, 2, 3], [1, 2, 4, 3], { dilation: [2, 3], padding: [0, 1] }],
  [[1, 4, 5, 5], [6, 2, 3, 3], [1, 6, 3, 3], { groups: 2, stride: 2, padding: 1 }],
  [[2, 3, 7, 6], [3, 1, 7, 7], [2, 3, 7, 6], { groups: 3, padding: 3 }],
];

for (const [x, weight, y, options] of convolutions) {
  Deno.test(`conv() of [${x}] with [${weight}] follows its definition`, async () => {
    const [images, factors] = [sample(x), sample(weight, { seed: 2 })];
    const bias = sample([weight[0]], { seed: 3 });
    const expected = convolution(images, factors, y, options);
    const of = (withBias: boolean) =>
      evaluateOn(
        (x, w1, b) => w.conv(x, w1, withBias ? { ...options, bias: b } : options),
        images,
        factors,
        bias,
      );
    const plain = await of(false);
    assertEquals(plain.shape, y);
    assert(relativeError(plain.values, expected) <= 1e-6);
    const area = y[2] * y[3];
    const shifted = expected.map((value, i) =>
      value + bias.values[Math.floor(i / area) % weight[0]]
    );
    assert(relativeError((await of(true)).values, shifted) <= 1e-6);
  });
}

Deno.test("conv() pads every side on its own", async () => {
  const [x, weight] = [sample([1, 1, 4, 4]), sample([1, 1, 3, 3], { seed: 2 })];
  const result = await evaluateOn(
    (x, w1) => w.conv(x, w1, { padding: [2, 0, 0, 1] }),
    x,
    weight,
  );
  assertEquals(result.shape, [1, 1, 4, 3]);
  const whole = convolution(x, weight, [1, 1, 6, 6], { padding: 2 });
  const part = whole.filter((_, i) => i < 24 && i % 6 >= 2 && i % 6 < 5);
  assert(relativeError(result.values, part) <= 1e-6);
});

Deno.test("convTranspose() is the transpose of conv()", async () => {
  const options = { stride: [2, 1], padding: [1, 0], groups: 2 } as const;
  const [x, y] = [sample([1, 4, 6, 5]), sample([1, 2, 3, 4], { seed: 2 })];
  const weight = sample([2, 2, 3, 2], { seed: 3 });
  const forward = await evaluateOn((x, w1) => w.conv(x, w1, options), x, weight);
  assertEquals(forward.shape, y.shape);
  const backward = await evaluateOn(
    (y, w1) => w.convTranspose(y, w1, { ...options, outputPadding: [1, 0] }),
    y,
    weight,
  );
  assertEquals(backward.shape, x.shape);
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, value, i) => sum + value * b[i], 0);
  assert(
    relativeError([dot(backward.values, x.values)], [dot(forward.values, y.values)]) <= 1e-6,
  );
});

/** 1 … 25 in five rows. */
const counted: Sample = {
  values: Array.from({ length: 25 }, (_, i) => i + 1),
  shape: [1, 1, 5, 5],
};

// What torch.nn.functional.max_pool2d and avg_pool2d (PyTorch 2.13) give for the same.
const maxima: [kernel: w.Pair, options: w.PoolOptions, sign: number, expected: number[]][] = [
  [2, {}, 1, [7, 9, 17, 19]],
  [3, { stride: 2, padding: 1 }, -1, [-1, -2, -4, -6, -7, -9, -16, -17, -19]],
  [2, { ceilMode: true }, -1, [-1, -3, -5, -11, -13, -15, -21, -23, -25]],
  [2, { stride: 3, padding: 1, ceilMode: true }, 1, [1, 4, 16, 19]],
];
const means: [kernel: w.Pair, options: w.AveragePoolOptions, expected: number[]][] = [
  [2, { ceilMode: true }, [4, 6, 7.5, 14, 16, 17.5, 21.5, 23.5, 25]],
  [2, { ceilMode: true, countIncludePad: false }, [4, 6, 7.5, 14, 16, 17.5, 21.5, 23.5, 25]],
  [3, { stride: 2, padding: 1 }, [16, 33, 28, 69, 117, 87, 76, 123, 88].map((sum) => sum / 9)],
  [
    3,
    { stride: 2, padding: 1, countIncludePad: false },
    [4, 5.5, 7, 11.5, 13, 14.5, 19, 20.5, 22],
  ],
  [
    4,
    { stride: 3, padding: 2, ceilMode: true },
    [1, 3, 1.25, 7, 16, 70 / 12, 43 / 12, 94 / 12, 25 / 9],
  ],
  [
    4,
    { stride: 3, padding: 2, ceilMode: true, countIncludePad: false },
    [4, 6, 7.5, 14, 16, 17.5, 21.5, 23.5, 25],
  ],
  [2, { stride: 3, ceilMode: true }, [4, 7, 19, 22]],
  [2, { stride: 3, padding: 1, ceilMode: true }, [0.25, 1.75, 6.75, 16]],
];

for (const [kernel, options, sign, expected] of maxima) {
  Deno.test(`maxPool() of windows ${kernel} ${JSON.stringify(options)} is PyTorch's`, async () => {
    const x = { ...counted, values: counted.values.map((value) => sign * value) };
    assertEquals((await evaluateOn((x) => w.maxPool(x, kernel, options), x)).values, expected);
  });
}

for (const [kernel, options, expected] of means) {
  Deno.test(`averagePool() of windows ${kernel} ${JSON.stringify(options)} is PyTorch's`, async () => {
    const result = await evaluateOn((x) => w.averagePool(x, kernel, options), counted);
    assert(relativeError(result.values, expected) <= 1e-6, result.values.join(" "));
  });
}

Deno.test("pad2d() adds zeros, takes away and mirrors", async () => {
  const x: Sample = { values: [1, 2, 3, 4, 5, 6], shape: [1, 1, 2, 3] };
  const padded = await evaluateOn((x) => w.pad2d(x, [1, 0, -1, 1]), x);
  assertEquals(padded.shape, [1, 1, 2, 4]);
  assertEquals(padded.values, [0, 0, 0, 0, 1, 2, 3, 0]);
  const mirrored = await evaluateOn((x) => w.pad2d(x, [1, 2, 0, 1], "reflect"), {
    ...x,
    declared: ["batch", 1, 2, 3],
  });
  assertEquals(mirrored.shape, [1, 1, 3, 6]);
  assertEquals(mirrored.values, [6, 5, 4, 5, 6, 5, 3, 2, 1, 2, 3, 2, 6, 5, 4, 5, 6, 5]);
});

Deno.test("pad2d() throws if an image is too small to mirror", () => {
  const x = input("x", "float32", ["batch", 1, 2, 3]);
  const message = "Cannot mirror 2 rows or columns of [batch, 1, 2, 3]";
  assertThrows(() => w.pad2d(x, [0, 0, 2, 0], "reflect"), RangeError, message);
});
