/**
 * Writing an exported model: one file, or two above the 2 GB that a file of this format can have.
 * A file gets its name when it has been checked.
 * @module
 */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { DataError } from "../../engine/errors.ts";
import { encode, encodeWithDataFile, type ModelMetadata } from "../../engine/onnx/encode.ts";
import type { OnnxGraph } from "../../engine/onnx/emit.ts";
import {
  removeQuietly,
  removeTemporariesOf,
  replaceFile,
  writeFileAtomic,
} from "../../engine/storage/atomic.ts";
import { isFile } from "../../engine/storage/is_file.ts";

/** Bytes of constants that fit into one file, the graph beside them. */
const LARGEST_FILE = 2 ** 31 - 2 ** 26;

/** How a model is written. */
export interface ModelFileOptions {
  /** What the model says of itself. */
  readonly metadata: ModelMetadata;
  /**
   * Checks the file, which lies in the folder of its final name; what it throws leaves no file.
   * @param temporary Path of the file.
   */
  check(temporary: string): Promise<void>;
  /** Bytes of constants that fit into one file. @default {nearly 2 GB} */
  readonly largestFile?: number;
}

/**
 * The files of a model.
 * @category Export
 */
export interface ModelFiles {
  /** The `.onnx` file. */
  readonly file: string;
  /** The file of its weights, where they are apart; the model names it. */
  readonly dataFile?: string;
  /** Bytes of both. */
  readonly bytes: number;
}

/**
 * Writes a model.
 * @param path The `.onnx` file, which is replaced where it exists.
 * @param graph The graph, weights inside.
 * @param options Metadata and the check.
 * @returns The files.
 * @throws {DataError} if a file cannot be written.
 */
export async function writeModel(
  path: string,
  graph: OnnxGraph,
  { metadata, check, largestFile = LARGEST_FILE }: ModelFileOptions,
): Promise<ModelFiles> {
  makeFolder(path);
  removeTemporariesOf(path);
  const constants = graph.initializers.reduce((sum, { values }) => sum + values.byteLength, 0);
  if (constants <= largestFile) {
    const bytes = encode(graph, metadata);
    await write(path, bytes, check);
    return { file: path, bytes: bytes.byteLength };
  }
  const dataFile = dataFileOf(path, graph);
  const pair = encodeWithDataFile(graph, basename(dataFile), metadata);
  const wasThere = isFile(dataFile);
  try {
    if (!wasThere) await writeFileAtomic(dataFile, pair.data);
    await write(path, pair.bytes, check);
  } catch (error) {
    if (!wasThere) removeQuietly(dataFile);
    throw error;
  }
  const size = pair.data.reduce((sum, { byteLength }) => sum + byteLength, pair.bytes.byteLength);
  return { file: path, dataFile, bytes: size };
}

async function write(
  path: string,
  bytes: Uint8Array,
  check: ModelFileOptions["check"],
): Promise<void> {
  await replaceFile(path, async (temporary) => {
    await writeFile(temporary, bytes);
    await check(temporary);
  });
}

/** A name that says what the file holds, so that no model finds the weights of another. */
function dataFileOf(path: string, { initializers }: OnnxGraph): string {
  const hash = createHash("sha256");
  for (const { name, values } of initializers) {
    hash.update(name);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  const stem = basename(path, extname(path));
  return join(dirname(path), `${stem}.${hash.digest("hex").slice(0, 12)}.data`);
}

function makeFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (cause) {
    const message = `Cannot write "${path}": the folder "${dirname(path)}" cannot be made`;
    throw new DataError(message, { file: path, cause });
  }
}
