import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { ForeignModel } from "../../../engine/foreign/foreign_model.ts";
import { preciseModel } from "../../../engine/foreign/precise_model.ts";
import { input } from "../../../engine/ir/create.ts";
import { add } from "../../../engine/ir/elementwise.ts";
import { gelu } from "../../../engine/ir/activations.ts";
import { reshape } from "../../../engine/ir/layout.ts";
import { layerNormalization, matMul } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { linear } from "../../../engine/nn/scope.ts";
import { bakeInputs } from "../../../engine/onnx/bake.ts";
import { emit, type OnnxGraph } from "../../../engine/onnx/emit.ts";
import { encode, encodeWithDataFile } from "../../../engine/onnx/encode.ts";
import { EXACT_INTEGERS } from "../../_integer_kernels.ts";
import { normals } from "../onnx/_linear_layers.ts";
import { modelFile } from "../onnx/_models.ts";
import { inFolder } from "../../_training.ts";

const WIDTH = 384;
const SAMPLE = [2, 4, 96];

/** Two tokens per sample through a normalisation and two layers, one of them as `MatMul` and `Add`. */
function graphOf(activation: (x: Tensor) => Tensor, opset: number): OnnxGraph {
  const vector = (name: string) => input(name, "float32", [WIDTH]);
  const square = (name: string) => input(name, "float32", [WIDTH, WIDTH]);
  const samples = input("samples", "float32", ["batch", ...SAMPLE]);
  const tokens = reshape(samples, ["batch", 2, WIDTH]);
  const even = layerNormalization(tokens, vector("scale"), vector("shift"), 1e-6);
  const hidden = activation(add(matMul(even, square("w1")), vector("b1")));
  const rows = linear(hidden, square("w2"), vector("b2"));
  const constants = new Map(
    ["scale", "shift", "b1", "b2"].map((name, seed) => [
      name,
      { shape: [WIDTH], values: normals(WIDTH, seed).map((value) => Math.exp(value)) },
    ]),
  );
  for (const [seed, name] of ["w1", "w2"].entries()) {
    const values = normals(WIDTH * WIDTH, 9 + seed).map((value) => value / 20);
    constants.set(name, { shape: [WIDTH, WIDTH], values });
  }
  return { ...bakeInputs(emit({ rows }), constants), opset };
}

const options = (file: string) => ({
  ...{ file, input: "samples", output: "rows", sampleShape: SAMPLE, threads: 1 },
});

async function run(
  settings: Parameters<typeof ForeignModel.open>[0],
): Promise<Float32Array<ArrayBuffer>> {
  const model = await ForeignModel.open(settings);
  const { values } = await model.run(normals(5 * 2 * WIDTH));
  await model.release();
  return values;
}

Deno.test({
  name: "preciseModel() computes what the file does, less precisely",
  ignore: !EXACT_INTEGERS,
  fn: () =>
    inFolder(async (folder) => {
      const graph = graphOf((x) => gelu(x, "tanh"), 21);
      const files = ["newer", "older", "apart"].map((name) => join(folder, `${name}.onnx`));
      const { bytes, data } = encodeWithDataFile(graph, "apart.data");
      Deno.writeFileSync(files[0], encode(graph));
      Deno.writeFileSync(files[1], encode(graphOf((x) => add(x, 1), 17)));
      Deno.writeFileSync(files[2], bytes);
      Deno.writeFileSync(
        join(folder, "apart.data"),
        new Uint8Array(await new Blob([...data] as BlobPart[]).arrayBuffer()),
      );
      for (const file of files) {
        const whole = await run(options(file));
        const norm = Math.hypot(...whole);
        for (
          const [precision, least, most] of [["high", 1e-6, 1e-3], ["medium", 1e-3, 3e-2]] as const
        ) {
          const model = await preciseModel(options(file), precision);
          const values = await run({ ...options(file), model });
          const error = Math.hypot(...whole.map((value, i) => value - values[i])) / norm;
          assert(error > least && error < most, `${precision} ${error}`);
        }
      }
    }),
});

Deno.test("preciseModel() leaves files alone that it cannot make faster", () =>
  inFolder(async (folder) => {
    const file = join(folder, "old.onnx");
    Deno.writeFileSync(file, encode({ ...graphOf((x) => add(x, 1), 17), opset: 12 }));
    assertEquals(await preciseModel(options(file), "high"), undefined);
    const small = { ...options(modelFile("grey")), sampleShape: [1, 1, 1] };
    assertEquals(await preciseModel(small, "medium"), undefined);
  }));
