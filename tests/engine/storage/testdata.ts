/** Where the test files are, and what they hold. */
import { fileURLToPath } from "node:url";

/** Folder of HDF5 files that h5py wrote. */
export const H5_FOLDER: string = fileURLToPath(new URL("../../testdata/h5", import.meta.url));

/** One good file of the manifest. */
export interface GoodFile {
  readonly layout: "instance" | "fixed_bags" | "variable_bags";
  readonly shape?: readonly number[];
  readonly dtype: string;
  readonly labels: readonly number[];
  readonly row3?: readonly number[];
  readonly lengths?: readonly number[];
  readonly first_of_bag2?: readonly number[];
}

/** `manifest.json` of the HDF5 files. */
export interface Manifest {
  readonly good: Readonly<Record<string, GoodFile>>;
  readonly bad: Readonly<Record<string, string>>;
}

/** Reads the manifest. */
export function readManifest(): Manifest {
  return JSON.parse(Deno.readTextFileSync(`${H5_FOLDER}/manifest.json`));
}

/** Folder of HDF5 files with all kinds of layouts. */
export const LAYOUT_FOLDER: string = fileURLToPath(
  new URL("../../testdata/hdf5_layouts", import.meta.url),
);

/** What a file of {@linkcode LAYOUT_FOLDER} holds. */
export interface LayoutFile {
  readonly dataset: string;
  readonly shape: readonly number[];
  readonly first: readonly number[];
  readonly sum: number;
}

/** Reads the manifest of the layouts. */
export function readLayouts(): Readonly<Record<string, LayoutFile>> {
  return JSON.parse(Deno.readTextFileSync(`${LAYOUT_FOLDER}/manifest.json`));
}

/** Folder of HDF5 files with every kind of number, storage, link and text. */
export const KINDS_FOLDER: string = fileURLToPath(
  new URL("../../testdata/hdf5_kinds", import.meta.url),
);

/** What h5py reads from a file of {@linkcode KINDS_FOLDER}. */
export interface KindFile {
  readonly dataset: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** Reads the manifest of the kinds. */
export function readKinds(): Readonly<Record<string, KindFile>> {
  return JSON.parse(Deno.readTextFileSync(`${KINDS_FOLDER}/manifest.json`));
}

/** Folder of files that PyTorch and safetensors wrote. */
export const TORCH_FOLDER: string = fileURLToPath(
  new URL("../../testdata/torch", import.meta.url),
);

/** Makes a folder that is removed when the test ends. */
export class TemporaryFolder implements Disposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "glovita_" });

  /** Path of a file in the folder. */
  file(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Removes the folder and everything in it. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Folder of workbooks. */
export const TABLE_FOLDER: string = fileURLToPath(
  new URL("../../testdata/tables", import.meta.url),
);

/** Folder of NumPy arrays. */
export const NPY_FOLDER: string = fileURLToPath(new URL("../../testdata/npy", import.meta.url));
