import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import type { Predictions } from "../../../engine/data/predictions.ts";
import { Hdf5File } from "../../../engine/storage/hdf5/hdf5.ts";
import { isLazyTensor, toFloat32, TorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { isPredictionFile, writePredictions } from "../../../jobs/predict/write_predictions.ts";
import { inFolder } from "../../_training.ts";

const PREDICTIONS: Predictions = {
  task: "Classification",
  subtask: "multiclass",
  numClasses: 2,
  classNames: ['a "x"', "b,c"],
  ids: ["s1", "line\nbreak"],
  patients: ["p", "q"],
  labels: { values: Int32Array.of(1, 0), width: 1 },
  scores: Float32Array.of(0.25, 0.75, 0.1, 0.9),
};

Deno.test("a CSV file quotes what it must", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "p.csv");
    await writePredictions(path, PREDICTIONS);
    assertEquals(
      await Deno.readTextFile(path),
      'id,patient,label,label_name,predicted,predicted_name,"prob_a ""x""","prob_b,c"\n' +
        's1,p,1,"b,c",1,"b,c",0.25,0.75\n' +
        '"line\nbreak",q,0,"a ""x""",1,"b,c",0.1,0.9\n',
    );
  });
});

Deno.test("a JSON file is a list of rows", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "p.json");
    await writePredictions(path, PREDICTIONS);
    const [first] = JSON.parse(await Deno.readTextFile(path));
    assertEquals(first, {
      ...{ id: "s1", patient: "p", label: 1, label_name: "b,c" },
      ...{ predicted: 1, predicted_name: "b,c", 'prob_a "x"': 0.25, "prob_b,c": 0.75 },
    });
  });
});

Deno.test("an HDF5 file has names, classes and probabilities", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "p.h5");
    await writePredictions(path, { ...PREDICTIONS, spread: PREDICTIONS.scores });
    using file = await Hdf5File.open(path);
    assertEquals(file.texts("sample_ids"), PREDICTIONS.ids);
    assertEquals(file.texts("patient_ids"), PREDICTIONS.patients);
    assertEquals([...(await file.dataset("preds")).readNumbers()], [1, 1]);
    assertEquals([...(await file.dataset("labels")).readNumbers()], [1, 0]);
    for (const name of ["probs", "spread"]) {
      const dataset = await file.dataset(name);
      assertEquals(dataset.header.shape, [2, 2]);
      assertEquals(dataset.readRows(), PREDICTIONS.scores);
    }
    assertEquals(file.text("class_names"), JSON.stringify(PREDICTIONS.classNames));
  });
});

Deno.test("a PyTorch file is what GloViTa's inference writes", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "p.pt");
    const read = async (predictions: Predictions) => {
      await writePredictions(path, predictions);
      using file = TorchFile.open(path);
      const entries = [...file.tree as ReadonlyMap<string, unknown>].map(([name, value]) => {
        if (!isLazyTensor(value as never)) return [name, value];
        const tensor = value as Parameters<typeof isLazyTensor>[0] & {
          read(name: string): Parameters<typeof toFloat32>[0];
        };
        const stored = tensor.read(name);
        return [name, [stored.dtype, stored.shape, [...toFloat32(stored).data]]];
      });
      return Object.fromEntries(entries);
    };
    assertEquals(await read(PREDICTIONS), {
      preds: ["int64", [2], [1, 1]],
      labels: ["int64", [2], [1, 0]],
      probs: ["float32", [2, 2], [...PREDICTIONS.scores]],
      case_ids: PREDICTIONS.ids,
    });
    const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
    assertEquals(await read({ ...task, ids: ["a"], scores: Float32Array.of(1.5) }), {
      preds: ["float32", [1], [1.5]],
      case_ids: ["a"],
    });
  });
});

Deno.test("another end of the name is refused, and nothing is written", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "p.xlsx");
    const { message } = await assertRejects(() => writePredictions(path, PREDICTIONS), RangeError);
    assertEquals(
      message,
      `expected a name that ends in .csv, .json, .h5, .pt, received "${path}"`,
    );
    assertEquals([...Deno.readDirSync(folder)], []);
    assertEquals(["a.csv", "a.json", "a.h5", "a.pt", "a", "a.hdf5"].map(isPredictionFile), [
      ...[true, true, true, true, false, false],
    ]);
  });
});
