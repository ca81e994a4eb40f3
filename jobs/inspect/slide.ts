/**
 * Inspects the feature file of one slide.
 * @module
 */
import { extname } from "node:path";
import { type OpenSlide, openSlide } from "../../engine/slides/slide_file.ts";
import { attempt } from "../../engine/slides/refuse.ts";
import { type Context, Lines } from "./_context.ts";
import { hdf5Facts } from "./hdf5_facts.ts";
import type { SlideInspection } from "./inspection.ts";
import { type FileScan, type ScanHooks, scanValues } from "./value_scan.ts";

/**
 * Inspects a file.
 * @param path The file.
 * @param context How it is read.
 * @returns What it is; `undefined` for an HDF5 file without features.
 * @throws {DataError} if it cannot be read.
 */
export async function inspectSlide(
  path: string,
  context: Context,
): Promise<SlideInspection | undefined> {
  using slide = await openSlide(path, context.featureKey);
  if (slide === undefined) return undefined;
  const { header, hdf5 } = slide;
  const { key, dtype, shape, instances, embedDim } = header;
  const { signal, onProgress } = context;
  const problems = new Lines();
  const onRows = (done: number) =>
    onProgress({ step: "values", path, done, total: header.instances });
  const scan = context.scan
    ? await attempt(() => scanSlide(slide, { signal, onRows }), problems.refuse)
    : undefined;
  if (scan?.problem !== undefined) problems.add(scan.problem);
  if (header.kind === "empty") problems.add(`Cannot use "${path}": it holds no instances`);
  const facts = hdf5 ? await hdf5Facts(hdf5) : { datasets: [], attributes: {} };
  return {
    kind: "slide",
    path,
    format: hdf5 ? "HDF5" : extname(path).toLowerCase() === ".npy" ? "NumPy" : "PyTorch",
    ...(key !== undefined && { key }),
    ...{ dtype, shape, instances, embedDim },
    ...facts,
    ...(scan && { scan: { rows: scan.rows, nanRows: scan.nanRows, infRows: scan.infRows } }),
    problems: problems.list,
    notices: [
      ...hdf5?.notices ?? [],
      ...hdf5 ? ["it has no labels: taken for the features of one slide"] : [],
    ],
  };
}

/**
 * Reads all features of a slide.
 * @param slide The open slide.
 * @param hooks What is told meanwhile.
 * @returns What was found.
 * @throws {DataError} if they cannot be read.
 */
export async function scanSlide(slide: OpenSlide, hooks: ScanHooks = {}): Promise<FileScan> {
  const { path, key, shape, kind, instances: rows, embedDim: width } = slide.header;
  if (kind === "empty") return { rows: 0, nanRows: 0, infRows: 0 };
  // Tensors of PyTorch, and what has other than two dimensions, are read at once in any case.
  const whole = shape.length !== 2 || extname(path).toLowerCase() === ".pt";
  const read: OpenSlide["read"] = (ranges, target) => slide.read(ranges, target);
  return await scanValues({ path, key, rows, width, whole, read }, hooks);
}
