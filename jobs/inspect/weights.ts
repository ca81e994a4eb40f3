/**
 * Inspects files of weights: checkpoints, and weights from elsewhere.
 * @module
 */
import { attempt } from "../../engine/slides/refuse.ts";
import {
  elementCount,
  isTensorType,
  type LazyTensor,
  readFloat32,
} from "../../engine/storage/tensor_types.ts";
import { indexOfNonFinite } from "../../engine/storage/number_format.ts";
import { type StateDict, WeightsFile } from "../../engine/storage/weights_file.ts";
import { type Context, counted, Lines } from "./_context.ts";
import type { WeightsInspection } from "./inspection.ts";
import { runOfCheckpoint } from "./runs.ts";

/**
 * Inspects a file.
 * @param path The file.
 * @param format What its content says it is.
 * @param context How it is read.
 * @throws {DataError} if it cannot be read, or holds no weights.
 */
export async function inspectWeights(
  path: string,
  format: WeightsInspection["format"],
  context: Context,
): Promise<WeightsInspection> {
  using file = WeightsFile.open(path);
  const problems = new Lines();
  const [first, ...rest] = file.stateDicts;
  const main = rest.reduce((most, dict) => sizeOf(dict) > sizeOf(most) ? dict : most, first);
  if (context.scan) await scanTensors(path, main, { problems, context });
  const epoch = file.entry("epoch");
  const run = await runOfCheckpoint(path, problems);
  return {
    ...{ kind: "weights", path, format, keys: main.keys },
    others: file.stateDicts.filter((dict) => dict !== main).map(({ keys }) => keys.join(".")),
    tensors: Array.from(main.tensors, ([name, { dtype, shape }]) => ({ name, dtype, shape })),
    parameters: sizeOf(main),
    ...(typeof epoch === "number" && { epoch }),
    ...(run && { run }),
    problems: problems.list,
    notices: [],
  };
}

/** Tensors of one place are the same. */
function distinct({ tensors }: StateDict): Map<string, LazyTensor> {
  const places = new Set<string>();
  return new Map([...tensors].filter(([, { place }]) => {
    const isNew = !places.has(place);
    places.add(place);
    return isNew;
  }));
}

function sizeOf(dict: StateDict): number {
  return [...distinct(dict).values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

/** Reads one tensor after the other. */
async function scanTensors(
  path: string,
  dict: StateDict,
  { problems, context: { signal, onProgress } }: {
    readonly problems: Lines;
    readonly context: Context;
  },
): Promise<void> {
  const tensors = distinct(dict);
  const bad: string[] = [];
  let done = 0;
  for (const [name, tensor] of tensors) {
    signal?.throwIfAborted();
    done++;
    // Whole numbers are always finite.
    if (!isTensorType(tensor.dtype) || !tensor.dtype.includes("float")) continue;
    const values = await attempt(() => readFloat32(tensor, name).data, problems.refuse);
    const index = values === undefined ? -1 : indexOfNonFinite(values);
    if (index >= 0) bad.push(`"${name}" holds ${Number.isNaN(values![index]) ? "NaN" : "Inf"}`);
    onProgress({ step: "values", path, done, total: tensors.size });
  }
  if (bad.length === 0) return;
  const others = bad.length === 1 ? "" : `; ${counted(bad.length, "tensor")} hold NaN or Inf`;
  problems.add(`Cannot use "${path}": ${bad[0]}${others}`);
}
