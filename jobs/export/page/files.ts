/**
 * The files of a page: what is written, what is copied from packages, and in which order, so that a
 * folder that has its `index.html` is whole.
 * @module
 */
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError } from "../../../engine/errors.ts";
import { firstLine } from "../../../engine/first_line.ts";
import { replaceFile, writeError, writeFileAtomic } from "../../../engine/storage/atomic.ts";
import { isDeno } from "../../../engine/platform/host.ts";
import { loadMagma } from "../../attention/magma.ts";
import type { TrainFiles } from "../train_graph.ts";
import { ONNXRUNTIME_LICENSE } from "./_licenses.ts";
import type { PageAbout } from "./about.ts";
import bundle from "./bundle.json" with { type: "json" };
import { pageHtml } from "./html.ts";

/** Folder of what is copied from packages. */
export const RUNTIME_FOLDER = "runtime";

/** As `deno.json` has it, which is not part of every package. */
export const ONNXRUNTIME_WEB = "npm:onnxruntime-web@1.30.0";

/** What runs on processors. */
const WASM = ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"];
/** What runs on graphics processors. */
const WEBGPU = ["ort.webgpu.bundle.min.mjs", "ort-wasm-simd-threaded.asyncify.wasm"];
/** What reads HDF5. */
const HDF5 = ["hdf5_hl.js", "hdf5_util.js", "file_handlers.js"];

/** A page. */
export interface Page {
  /** What it knows of its model. */
  readonly about: Omit<PageAbout, "runtime" | "webgpu" | "colors" | "train">;
  /** How its model is trained, where the page can. */
  readonly train?: TrainFiles;
}

/**
 * Writes everything of a page but `model.onnx`, which is there.
 * @param folder The folder.
 * @param page What it is about.
 * @throws {DataError} if a file cannot be written.
 */
export async function writePage(folder: string, { about, train }: Page): Promise<void> {
  const runtime = await copyRuntime(join(folder, RUNTIME_FOLDER), about.input);
  const colorOf = await loadMagma();
  const colors = Array.from({ length: 256 }, (_, at) => hex(colorOf(100 * at / 255))).join("");
  const whole: PageAbout = {
    ...about,
    ...{ runtime: runtime.version, webgpu: runtime.webgpu, colors },
    ...(train && { train: train.about }),
  };
  const write = (name: string, content: string | Uint8Array) =>
    writeFileAtomic(
      join(folder, name),
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
  if (train !== undefined) {
    await makeFolder(join(folder, "train"));
    await write("train/step.onnx", train.step);
    await write("train/model.onnx", train.model);
    await write("train/values.bin", new Uint8Array(train.values.buffer));
    await write("train.html", pageHtml(whole, "train"));
  }
  await write("about.json", JSON.stringify(whole));
  await write("page.js", bundle.code);
  await write("index.html", pageHtml(whole, "predict"));
}

function hex(channels: readonly number[]): string {
  return channels.map((value) => value.toString(16).padStart(2, "0")).join("");
}

/**
 * Copies what a page runs on out of the packages.
 * @param folder Where to; it is made.
 * @param input What the page's model takes.
 * @returns Version of onnxruntime-web, and whether graphics processors are used.
 * @throws {DataError} if a package cannot be loaded, or a file cannot be written.
 */
export async function copyRuntime(
  folder: string,
  input: PageAbout["input"],
): Promise<{ readonly version: string; readonly webgpu: boolean }> {
  await makeFolder(folder);
  // A graphics processor gains nothing where the model is a head over single rows.
  const webgpu = input !== "features";
  const { version, path } = await loadOnnxruntimeWeb();
  for (const name of webgpu ? [...WASM, ...WEBGPU] : WASM) await copy(path, name, folder);
  const license = new TextEncoder().encode(ONNXRUNTIME_LICENSE);
  await writeFileAtomic(join(folder, "LICENSE.onnxruntime.txt"), license);
  if (input !== "images") {
    const hdf5 = dirname(fileURLToPath(import.meta.resolve("h5wasm/node")));
    for (const name of HDF5) await copy(join(hdf5, "..", "esm"), name, folder);
    await copy(join(hdf5, "..", ".."), "LICENSE.txt", folder, "LICENSE.h5wasm.txt");
  }
  return { version, webgpu };
}

/**
 * Finds onnxruntime-web. It has 139 MB, so that it is not a part of what is downloaded with glovita:
 * the name is put together where a page is written.
 */
async function loadOnnxruntimeWeb(): Promise<{ readonly version: string; readonly path: string }> {
  const name: string = isDeno ? ONNXRUNTIME_WEB : "onnxruntime-web";
  try {
    const { env } = await import(name);
    const path = dirname(fileURLToPath(import.meta.resolve(name)));
    return { version: String(env.versions.web), path };
  } catch (cause) {
    const state = `${name} cannot be downloaded (${firstLine(cause)})`;
    throw new DataError(`Cannot write the page: ${state}`, { cause });
  }
}

async function copy(from: string, name: string, folder: string, as = name): Promise<void> {
  await replaceFile(join(folder, as), async (temporary) => {
    await copyFile(join(from, name), temporary);
  });
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw writeError(error, path);
  }
}
