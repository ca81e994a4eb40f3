/**
 * Exported files as Python sees them; runs where GLOVITA_PYTHON names a Python with onnx and
 * onnxruntime.
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import type { Value } from "../../../engine/runtime/session.ts";
import { exportModel } from "../../../jobs/export/export.ts";
import { inFolder } from "../../_training.ts";
import {
  farthest,
  feedsFor,
  saidBy,
  trainBags,
  type Trained,
  trainFeatures,
  trainImages,
} from "./_models.ts";

const python = Deno.env.get("GLOVITA_PYTHON");

/** Checks a file, runs it, and prints its scores and what it says of itself. */
const SCRIPT = `
import json, sys
import numpy as np, onnx, onnxruntime
path, feeds = sys.argv[1], json.load(open(sys.argv[2]))
model = onnx.load(path)
onnx.checker.check_model(path, full_check=True)
feeds = {name: np.array(data, dtype=dtype).reshape(shape) for name, (dtype, shape, data) in feeds.items()}
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
scores = session.run(["scores"], feeds)[0]
props = {p.key: p.value for p in model.metadata_props}
print(json.dumps([scores.ravel().tolist(), props]))
`;

async function inPython(file: string, feeds: Readonly<Record<string, Value>>, folder: string) {
  const given = join(folder, "feeds.json");
  const plain = Object.entries(feeds).map(([name, { dtype, shape, data }]) =>
    [name, [dtype, shape, Array.from(data as Float32Array, Number)]] as const
  );
  await Deno.writeTextFile(given, JSON.stringify(Object.fromEntries(plain)));
  const { code, stdout, stderr } = await new Deno.Command(python!, {
    args: ["-c", SCRIPT, file, given],
    env: { OMP_NUM_THREADS: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const [scores, props] = JSON.parse(new TextDecoder().decode(stdout));
  return { scores: scores as number[], props: props as Record<string, string> };
}

const MODELS: Readonly<Record<string, (folder: string) => Promise<Trained>>> = {
  features: trainFeatures,
  "CLAM-SB": (folder) => trainBags(folder, { "model.head.variant": "sb" }),
  "CLAM-MB": (folder) => trainBags(folder, { "model.head.variant": "mb" }),
  ABMIL: (folder) => trainBags(folder, { "model.head.head_type": "abmil" }),
  ViT: (folder) => trainImages(folder, "test_vit"),
  ResNet: (folder) => trainImages(folder, "test_resnet"),
};

for (const [name, make] of Object.entries(MODELS)) {
  Deno.test({
    name: `onnx.checker and Python's onnxruntime take an exported ${name} (needs GLOVITA_PYTHON)`,
    ignore: python === undefined,
    fn: async () => {
      await inFolder(async (folder) => {
        const run = await make(folder);
        const feeds = feedsFor(run, run.bags ? [3, 11] : [7]);
        const expected = await saidBy(run, feeds);
        for (const precision of [32, 16] as const) {
          const output = join(folder, `model_${precision}.onnx`);
          await exportModel({ exp_dir: run.directory, output, precision });
          const { scores, props } = await inPython(output, feeds, folder);
          assert(farthest(scores, expected.scores) < (precision === 32 ? 1e-4 : 5e-3));
          assertEquals([props.precision, props.subtask], [String(precision), "multiclass"]);
          assertEquals(JSON.parse(props.sample_shape), run.sampleShape);
        }
      });
    },
  });
}

Deno.test({
  name: "onnx.checker takes a file with preprocessing, and folds as one (needs GLOVITA_PYTHON)",
  ignore: python === undefined,
  fn: async () => {
    await inFolder(async (folder) => {
      const run = await trainImages(folder, "test_vit", { "training.cv_folds": "2" });
      const { file } = await exportModel({
        ...{ exp_dir: join(run.directory, ".."), with_preprocessing: true },
      });
      const image = { dtype: "uint8", shape: [50, 70, 3], data: new Uint8Array(10500) } as const;
      const { scores, props } = await inPython(file, { image }, folder);
      assert(Math.abs(scores[0] + scores[1] - 1) < 1e-5);
      assertEquals([props.input, JSON.parse(props.checkpoints).length], ["image", 2]);
      assertEquals(JSON.parse(props.class_names), ["bright", "dark"]);
      assertEquals(JSON.parse(props.transform).operations.at(-1).op, "normalize");
    });
  },
});
