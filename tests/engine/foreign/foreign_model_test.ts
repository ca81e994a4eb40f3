import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { input } from "../../../engine/ir/create.ts";
import { cast, exp, mul, sub } from "../../../engine/ir/elementwise.ts";
import { reshape } from "../../../engine/ir/layout.ts";
import { reduceMean } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { encode } from "../../../engine/onnx/encode.ts";
import {
  ForeignModel,
  type ForeignModelOptions,
  probeModel,
} from "../../../engine/foreign/foreign_model.ts";
import { TemporaryFolder } from "../storage/testdata.ts";
import { IMAGES, images, largestDifference, modelFile, readGolden } from "../onnx/_models.ts";

const BATCHES: Readonly<Record<string, number>> = { features_batch_1: 1, features_batch_4: 4 };

function optionsOf(name: string, output: string, sampleShape: readonly number[]) {
  const batch = BATCHES[name];
  return { file: modelFile(name), input: "pixels", output, sampleShape, batch, threads: 1 };
}

async function run(options: ForeignModelOptions, samples: Float32Array<ArrayBuffer>) {
  const model = await ForeignModel.open(options);
  try {
    return await model.run(samples);
  } finally {
    await model.release();
  }
}

Deno.test("ForeignModel.run() gives what PyTorch gives, for any number of samples", async () => {
  for (const [name, { input, outputs }] of Object.entries(readGolden())) {
    for (const [output, golden] of Object.entries(outputs)) {
      const options = optionsOf(name, output, input);
      assertEquals((await probeModel(options)).shape, golden.shape);
      for (const count of [IMAGES, 1, 5]) {
        const { shape, values } = await run(options, images(input, count));
        const expected = golden.values.slice(0, golden.values.length / IMAGES * count);
        assertEquals([...shape], golden.shape);
        // Half precision rounds to 2^-11; kernels sum in other orders.
        const tolerance = name === "half_inside" ? 5e-3 : 1e-6;
        assertLess(largestDifference(values, expected), tolerance, `${name} ${output} ${count}`);
      }
    }
  }
});

Deno.test("ForeignModel.run() runs models that are made here, and converts float16", async () => {
  using folder = new TemporaryFolder();
  const file = folder.file("a.onnx");
  const x = input("x", "float32", ["batch", 3]);
  Deno.writeFileSync(file, encode(emit({ exp: exp(x), half: cast(mul(x, 0.1), "float16") })));
  const samples = images([3]);
  const { values } = await run({ file, input: "x", output: "exp", sampleShape: [3] }, samples);
  assertLess(largestDifference(values, [...samples].map(Math.exp)), 1e-6);
  const half = await run({ file, input: "x", output: "half", sampleShape: [3] }, samples);
  assertLess(largestDifference(half.values, [...samples].map((v) => v / 10)), 5e-5);
});

Deno.test("ForeignModel.run() reads weights from a file of their own", async () => {
  const samples = images([3, 4, 4], 1);
  const { values } = await run(optionsOf("external", "features", [3, 4, 4]), samples);
  // The weights are 0, 0.01, 0.02, …, row by row, two columns.
  const column = (c: number) =>
    samples.reduce((sum, value, i) => sum + value * (2 * i + c) / 100, 0);
  assertLess(largestDifference(values, [column(0), column(1)]), 1e-5);
});

Deno.test("probeModel() runs the file where it does not tell the truth about its output", async () => {
  // The file says that the map is as high and wide as the image.
  assertEquals(await probeModel(optionsOf("map", "map", [3, 21, 33])), { shape: [4, 10, 16] });
  assertEquals(await probeModel(optionsOf("ir_3", "map", [3, 4, 4])), { shape: [3, 4, 4] });
});

/** Writes a graph over `x`, `[batch, 3]`, whose output is `y`. */
function write(folder: TemporaryFolder, graph: (x: Tensor) => Tensor): ForeignModelOptions {
  const file = folder.file("a.onnx");
  Deno.writeFileSync(file, encode(emit({ y: graph(input("x", "float32", ["batch", 3])) })));
  return { file, input: "x", output: "y", sampleShape: [3], threads: 1 };
}

Deno.test("probeModel() refuses an output that has not one row per sample, even for one", async () => {
  using folder = new TemporaryFolder();
  const options = write(folder, (x) => reduceMean(x, { axes: [0] }));
  await assertRejects(
    () => probeModel(options),
    DataError,
    `Cannot use "${options.file}": output "y" has the shape [3] for 2 samples, expected one row`,
  );
});

const ONE_AT_A_TIME: Readonly<
  Record<string, readonly [(x: Tensor) => Tensor, shape: number[], reason: string]>
> = {
  "fails on two": [(x) => reshape(x, [1, 3]), [3], "it fails on two"],
  "gives one row of all": [
    (x) => reduceMean(x, { axes: [0], keepdims: true }),
    [3],
    "it fails on two",
  ],
  "mixes the samples": [
    (x) => sub(x, reduceMean(x, { axes: [0], keepdims: true })),
    [3],
    "its rows depend on the samples beside them",
  ],
};

for (const [what, [graph, shape, reason]] of Object.entries(ONE_AT_A_TIME)) {
  Deno.test(`probeModel() gives a model that ${what} one sample at a time`, async () => {
    using folder = new TemporaryFolder();
    const options = write(folder, graph);
    const probe = await probeModel(options);
    assertEquals(probe, { shape, batch: 1, reason });
    const samples = images([3]);
    const { values } = await run({ ...options, batch: probe.batch }, samples);
    const rows = Array.from({ length: IMAGES }, (_, i) => samples.slice(3 * i, 3 * i + 3));
    for (const [i, sample] of rows.entries()) {
      const single = await run({ ...options, batch: 1 }, sample);
      assertEquals(values.slice(3 * i, 3 * i + 3), single.values);
    }
  });
}

Deno.test("probeModel() leaves batches to models that do not mix their samples", async () => {
  using folder = new TemporaryFolder();
  for (
    const graph of [(x: Tensor) => exp(x), (x: Tensor) => mul(x, 1e30), (x: Tensor) => mul(x, 0)]
  ) {
    assertEquals(await probeModel(write(folder, graph)), { shape: [3] });
  }
  assertEquals((await probeModel(optionsOf("features_batch_4", "features", [3, 8, 8]))).batch, 4);
});

Deno.test("ForeignModel refuses outputs that are not floating-point numbers", async () => {
  using folder = new TemporaryFolder();
  const file = folder.file("a.onnx");
  const x = input("x", "float32", ["batch", 3]);
  Deno.writeFileSync(file, encode(emit({ y: cast(x, "int64") })));
  await assertRejects(
    () => probeModel({ file, input: "x", output: "y", sampleShape: [3] }),
    DataError,
    `Cannot use "${file}": output "y" is int64, expected floating-point numbers`,
  );
});

Deno.test("ForeignModel.run() says which samples a model fails on", async () => {
  const error = await assertRejects(
    () => probeModel(optionsOf("tokens", "tokens", [3, 12, 12])),
    DataError,
  );
  const prefix = `Cannot run "${modelFile("tokens")}" on samples of the shape [2, 3, 12, 12]: `;
  assertEquals([error.message.startsWith(prefix), error.message.includes("\n")], [true, false]);
});
