/**
 * Exported files as Python sees them; runs where GLOVITA_PYTHON names a Python with onnx and
 * onnxruntime.
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import type { Value } from "../../../engine/runtime/session.ts";
import { exportModel } from "../../../jobs/export/export.ts";
import { inFolder } from "../../_training.ts";
import { casesFor, exportedFrom, MODELS, requireSame, trainImages } from "./_models.ts";

const python = Deno.env.get("GLOVITA_PYTHON");

/** Checks a file, runs it on one list of inputs after the other, and prints all outputs and its metadata. */
const SCRIPT = `
import json, sys
import numpy as np, onnx, onnxruntime
path, every = sys.argv[1], json.load(open(sys.argv[2]))
model = onnx.load(path)
onnx.checker.check_model(path, full_check=True)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
names = [output.name for output in session.get_outputs()]
said = []
for feeds in every:
    feeds = {name: np.array(data, dtype=dtype).reshape(shape) for name, (dtype, shape, data) in feeds.items()}
    said.append({name: values.ravel().tolist() for name, values in zip(names, session.run(names, feeds))})
props = {p.key: p.value for p in model.metadata_props}
opset = [o.version for o in model.opset_import if o.domain == ""]
print(json.dumps([said, props, [opset, model.ir_version]]))
`;

type Feeds = Readonly<Record<string, Value>>;

async function inPython(file: string, feeds: readonly Feeds[], folder: string) {
  const given = join(folder, "feeds.json");
  const plain = feeds.map((one) =>
    Object.fromEntries(
      Object.entries(one).map(([name, { dtype, shape, data }]) =>
        [name, [dtype, shape, Array.from(data as Float32Array, Number)]] as const
      ),
    )
  );
  await Deno.writeTextFile(given, JSON.stringify(plain));
  const { code, stdout, stderr } = await new Deno.Command(python!, {
    args: ["-c", SCRIPT, file, given],
    env: { OMP_NUM_THREADS: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const [said, props, format] = JSON.parse(new TextDecoder().decode(stdout));
  const { opset, ir } = JSON.parse(props.versions);
  assertEquals(format, [[opset], ir]);
  return {
    said: said as Record<string, number[]>[],
    props: props as Record<string, string>,
  };
}

for (const [name, make] of Object.entries(MODELS)) {
  Deno.test({
    name: `onnx.checker and Python's onnxruntime take exported ${name} (needs GLOVITA_PYTHON)`,
    ignore: python === undefined,
    fn: async () => {
      await inFolder(async (folder) => {
        const run = await make(folder);
        const cases = await casesFor(run);
        const feeds = cases.map(({ feeds }) => feeds);
        for (const precision of [32, 16] as const) {
          const output = join(folder, `model_${precision}.onnx`);
          const { registry } = run;
          await exportModel({ exp_dir: exportedFrom(run), output, precision }, { registry });
          const { said, props } = await inPython(output, feeds, folder);
          assertEquals(said.length, cases.length);
          for (const [at, found] of said.entries()) {
            const { sizes, expected } = cases[at];
            const tolerance = precision === 32 ? 1e-4 : 5e-3;
            requireSame(found, expected, { tolerance, of: `${precision} bits, ${sizes}` });
          }
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
      const { said: [{ scores }], props } = await inPython(file, [{ image }], folder);
      assert(Math.abs(scores[0] + scores[1] - 1) < 1e-5);
      assertEquals([props.input, JSON.parse(props.checkpoints).length], ["image", 2]);
      assertEquals(JSON.parse(props.class_names), ["bright", "dark"]);
      assertEquals(JSON.parse(props.transform).operations.at(-1).op, "normalize");
    });
  },
});
