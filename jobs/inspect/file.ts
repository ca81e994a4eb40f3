/**
 * Inspects a file of any kind: its content tells which.
 * @module
 */
import { describeWrongFile, FILE_START, fileKind } from "../../engine/storage/file_kind.ts";
import { FileReader } from "../../engine/storage/file_reader.ts";
import { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import { isLazyTensor } from "../../engine/storage/torch/pickle_values.ts";
import { TORCH_KINDS, TorchFile } from "../../engine/storage/torch/reader.ts";
import { FEATURE_KEYS } from "../../engine/slides/slide_file.ts";
import { attempt } from "../../engine/slides/refuse.ts";
import { quoted } from "../../engine/storage/table.ts";
import { type Context, Lines } from "./_context.ts";
import { inspectFeatureFile, isPacked } from "./feature_file.ts";
import { type Hdf5Facts, hdf5Facts } from "./hdf5_facts.ts";
import type { Inspection, OtherInspection } from "./inspection.ts";
import { inspectSlide } from "./slide.ts";
import { inspectWeights } from "./weights.ts";

/**
 * Inspects a file.
 * @param path The file.
 * @param context How it is read.
 * @returns What it is; a file that cannot be read has a problem that says why.
 */
export async function inspectFile(path: string, context: Context): Promise<Inspection> {
  const problems = new Lines();
  const found = await attempt(() => inspectContent(path, context), problems.refuse);
  return found ?? other(path, problems.list);
}

function other(
  path: string,
  problems: readonly string[],
  { datasets }: Pick<Hdf5Facts, "datasets"> = { datasets: [] },
): OtherInspection {
  return { kind: "other", path, datasets, problems, notices: [] };
}

async function inspectContent(path: string, context: Context): Promise<Inspection> {
  const start = startOf(path);
  const kind = fileKind(start);
  if (kind === "hdf5") return await inspectHdf5(path, context);
  if (kind === "safetensors") return await inspectWeights(path, "safetensors", context);
  const torch = kind !== undefined && TORCH_KINDS.includes(kind);
  if (kind === "numpy" || torch && path.toLowerCase().endsWith(".pt") && holdsTensor(path)) {
    return (await inspectSlide(path, context))!;
  }
  if (torch) return await inspectWeights(path, "PyTorch", context);
  const state = describeWrongFile(start, "a feature file or a checkpoint");
  return other(path, [`Cannot inspect "${path}": ${state}`]);
}

function startOf(path: string): Uint8Array {
  using file = FileReader.open(path);
  return file.start(FILE_START);
}

/** Whether a PyTorch file holds one tensor, and not a dictionary of them. */
function holdsTensor(path: string): boolean {
  using file = TorchFile.open(path);
  return isLazyTensor(file.tree);
}

async function inspectHdf5(path: string, context: Context): Promise<Inspection> {
  using file = await Hdf5File.open(path);
  if (isPacked(file, context)) return await inspectFeatureFile(path, context);
  const slide = await inspectSlide(path, context);
  if (slide !== undefined) return slide;
  const facts = await hdf5Facts(file);
  const keys = context.featureKey === undefined ? FEATURE_KEYS : [context.featureKey];
  const held = quoted(facts.datasets.map(({ name }) => name));
  const state = `it has no dataset of features (${keys.join(", ")}), it holds ${held}`;
  return other(path, [`Cannot use "${path}": ${state}`], facts);
}
