/**
 * Writes predictions as CSV, JSON, HDF5 or a PyTorch file.
 * @module
 */
import { extname } from "node:path";
import type { Predictions } from "../../engine/data/predictions.ts";
import { replaceFile, writeFileAtomic, writeJsonAtomic } from "../../engine/storage/atomic.ts";
import { loadHdf5Library } from "../../engine/storage/hdf5/library.ts";
import {
  storedTensor,
  type TorchValue,
  writeTorchFile,
} from "../../engine/storage/torch/torch_file.ts";
import { type Cell, predictedClasses, predictionCsv, predictionTable } from "./prediction_table.ts";

/** Ends of the names that predictions may be written under. */
export const PREDICTION_ENDS = [".csv", ".json", ".h5", ".pt"] as const;

/**
 * Tells whether predictions can be written to a file, by its name.
 * @param path The file.
 *
 * @example By the end of the name
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(["a.csv", "a.PT", "a.xlsx"].map(isPredictionFile), [true, true, false]);
 * ```
 */
export function isPredictionFile(path: string): boolean {
  return PREDICTION_ENDS.some((end) => end === extname(path).toLowerCase());
}

/**
 * Writes predictions, atomically; the end of the name decides the format. A `.pt` file is what
 * GloViTa's inference writes: `preds`, `labels`, `probs` (not for regression) and `case_ids`.
 * @param path The file to replace or create.
 * @param predictions The predictions.
 * @throws {RangeError} if the name has another end.
 * @throws {DataError} if the file cannot be written.
 *
 * @example A table
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/predictions.csv`;
 * const task = { task: "Regression", subtask: "regression", numClasses: 1 } as const;
 * await writePredictions(path, { ...task, ids: ["s, 1"], scores: Float32Array.of(0.1) });
 * assertEquals(await Deno.readTextFile(path), 'id,value\n"s, 1",0.1\n');
 * ```
 */
export async function writePredictions(path: string, predictions: Predictions): Promise<void> {
  switch (extname(path).toLowerCase()) {
    case ".csv":
      return await writeFileAtomic(path, new TextEncoder().encode(predictionCsv(predictions)));
    case ".json":
      return await writeJsonAtomic(path, asRecords(predictions));
    case ".h5":
      return await writeHdf5(path, predictions);
    case ".pt":
      return await writeTorchFile(path, asTorch(predictions));
    default:
      throw new RangeError(
        `expected a name that ends in ${PREDICTION_ENDS.join(", ")}, received "${path}"`,
      );
  }
}

function asRecords(predictions: Predictions): Record<string, Cell>[] {
  const table = [...predictionTable(predictions)];
  return predictions.ids.map((_, row) =>
    Object.fromEntries(table.map(([name, column]) => [name, column[row]]))
  );
}

/** What is predicted, as whole numbers for classes and labels, as it is for regression. */
function decided(predictions: Predictions): Int32Array | Float32Array {
  const { subtask, scores } = predictions;
  if (subtask === "multiclass") return predictedClasses(predictions);
  return subtask === "regression"
    ? scores
    : Int32Array.from(scores, (score) => Number(score > 0.5));
}

/** Samples, or samples and columns. */
function shapeOf({ ids, numClasses, subtask }: Predictions, one: boolean): number[] {
  return one && (subtask === "multiclass" || numClasses === 1)
    ? [ids.length]
    : [ids.length, numClasses];
}

async function writeHdf5(path: string, predictions: Predictions): Promise<void> {
  const { ids, patients, labels, scores, spread, classNames, subtask } = predictions;
  const { h5wasm } = await loadHdf5Library();
  await replaceFile(path, (temporary) => {
    const file = new h5wasm.File(temporary, "w");
    try {
      const count = [ids.length];
      const texts = (name: string, data: readonly string[]) =>
        file.create_dataset({ name, data: [...data], shape: count });
      texts("sample_ids", ids);
      if (patients) texts("patient_ids", patients);
      file.create_dataset({
        name: "preds",
        data: decided(predictions),
        shape: shapeOf(predictions, true),
      });
      if (labels) {
        const data = labels.values;
        file.create_dataset({ name: "labels", data, shape: shapeOf(predictions, true) });
      }
      const matrix = shapeOf(predictions, false);
      if (subtask !== "regression") {
        file.create_dataset({ name: "probs", data: scores, shape: matrix });
      }
      if (spread) file.create_dataset({ name: "spread", data: spread, shape: matrix });
      if (classNames) file.create_attribute("class_names", JSON.stringify(classNames));
    } finally {
      file.close();
    }
  });
}

function asTorch(predictions: Predictions): TorchValue {
  const { ids, labels, scores, subtask } = predictions;
  const numbers = (values: Int32Array | Float32Array) => {
    const shape = shapeOf(predictions, true);
    return values instanceof Float32Array
      ? storedTensor("float32", shape, values)
      : storedTensor("int64", shape, BigInt64Array.from(values, BigInt));
  };
  return {
    preds: numbers(decided(predictions)),
    ...(labels && { labels: numbers(labels.values) }),
    ...(subtask !== "regression" && {
      probs: storedTensor("float32", shapeOf(predictions, false), scores),
    }),
    case_ids: [...ids],
  };
}
