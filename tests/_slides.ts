/**
 * Folders of slides: small ones as CLAM, TRIDENT and STAMP write them, and made ones.
 * @module
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { storedTensor, writeTorchFile } from "../engine/storage/torch/torch_file.ts";
import { writeHdf5 } from "./_training.ts";

/** Folders `clam`, `trident` and `stamp`, and what is in them. */
export const SLIDES: string = fileURLToPath(new URL("./testdata/slides", import.meta.url));

/** Options of the dataset for each of the folders, and the folder of the features. */
export const PRODUCERS = {
  clam: {
    root: join(SLIDES, "clam", "features", "h5_files"),
    labels_file: join(SLIDES, "clam", "dataset.csv"),
    split_file: join(SLIDES, "clam", "splits", "task_100"),
  },
  trident: {
    root: join(SLIDES, "trident"),
    labels_file: join(SLIDES, "trident", "k=all.tsv"),
    split_column: "fold_0",
  },
  stamp: {
    root: join(SLIDES, "stamp"),
    labels_file: join(SLIDES, "stamp", "clini.csv"),
    slides_file: join(SLIDES, "stamp", "slide.csv"),
    label_columns: ["tumor"],
    split_file: join(SLIDES, "stamp", "splits.json"),
  },
} as const;

/** Numbers of a bag: instance after instance, value `bag + instance / 10 + dimension / 100`. */
export function bagValues(bag: number, instances: number, width = 2): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: instances * width },
    (_, at) => bag + Math.floor(at / width) / 10 + (at % width) / 100,
  );
}

/** Writes the slide of a shape into an HDF5 file. */
export async function writeSlide(
  path: string,
  shape: readonly number[],
  { data, key = "features" }: { readonly data?: Float32Array; readonly key?: string } = {},
): Promise<string> {
  await Deno.mkdir(dirname(path), { recursive: true });
  const size = shape.reduce((a, b) => a * b, 1);
  await writeHdf5(path, { [key]: { data: data ?? new Float32Array(size), shape: [...shape] } });
  return path;
}

/** Writes the slide of a shape into a PyTorch file. */
export async function writeTensor(
  path: string,
  shape: readonly number[],
  data: Float32Array = new Float32Array(shape.reduce((a, b) => a * b, 1)),
): Promise<string> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await writeTorchFile(path, storedTensor("float32", shape, data));
  return path;
}

/** Writes a table. */
export async function writeTable(path: string, ...lines: readonly string[]): Promise<string> {
  await Deno.writeTextFile(path, lines.join("\n") + "\n");
  return path;
}

/** Slides `s0`, `s1`, …, two for each patient, every other patient of class `b`; and their table. */
export async function writeCohort(folder: string, patients: number): Promise<string> {
  const lines = ["case_id,slide_id,label"];
  for (let patient = 0; patient < patients; patient++) {
    for (const half of [0, 1]) {
      const slide = 2 * patient + half;
      await writeSlide(join(folder, `s${slide}.h5`), [3, 2], { data: bagValues(slide, 3) });
      lines.push(`p${patient},s${slide},${patient % 2 ? "b" : "a"}`);
    }
  }
  return await writeTable(join(folder, "labels.csv"), ...lines);
}
