/**
 * Looks at feature files, folders of slides, checkpoints and runs: what they are, and why training
 * would refuse them.
 * @module
 */
import { statSync } from "node:fs";
import type { LabelKind } from "../../engine/features/feature_file.ts";
import { attempt } from "../../engine/slides/refuse.ts";
import { readError } from "../../engine/storage/file_reader.ts";
import type { ConfigPart } from "../../registry/configure.ts";
import { type Registry, registry as defaultRegistry } from "../../registry/registry.ts";
import { Lines } from "./_context.ts";
import { inspectFile } from "./file.ts";
import { inspectFolder } from "./folder.ts";
import type { Inspection, InspectProgress } from "./inspection.ts";
import { contextOf } from "./options.ts";

/**
 * How an inspection reads.
 * @category Inspection
 */
export interface InspectOptions {
  /**
   * Parts of a config whose dataset says how data is read: tables, columns and splits of
   * `slide_features`, names inside the files of `precomputed_features`.
   * @default {none: folders are looked at without tables}
   */
  readonly config?: readonly ConfigPart[];
  /** What labels in packed feature files are. @default {as the dataset says, or "class"} */
  readonly labels?: LabelKind;
  /** Whether all values are read, to find NaN, Inf and damage. @default {true} */
  readonly scan?: boolean;
  /** Where the dataset is looked up. @default {registry} */
  readonly registry?: Registry;
  /** Stops the work between two reads. */
  readonly signal?: AbortSignal;
  /** Told how far the work is. */
  readonly onProgress?: (progress: InspectProgress) => void;
}

/**
 * Inspects a file or folder. What is wrong with the data is not thrown but listed, as much of it as
 * can be found: `problems` is empty for what training takes.
 * @param path A feature file, a folder of them, a checkpoint, or the directory of a run.
 * @param options How it is read.
 * @returns What it is: a union by `kind`, of plain values.
 * @throws {ConfigError} if the options are wrong.
 *
 * @example A row that holds NaN
 * ```ts
 * import { inspect } from "@glovita/glovita";
 * import { FeatureWriter } from "@glovita/glovita/features";
 * import { assertEquals } from "@std/assert";
 *
 * const file = `${await Deno.makeTempDir()}/bags.h5`;
 * const writer = await FeatureWriter.create(file, { embedDim: 2, precision: 32 });
 * writer.appendBag(Float32Array.of(1, 2, 3, NaN), 0); // two instances
 * writer.appendBag(Float32Array.of(5, 6), 1);
 * writer.close();
 *
 * const found = await inspect(file);
 * assertEquals(found.problems, [`Cannot use "${file}": dataset "features", row 1 holds NaN`]);
 * if (found.kind === "feature_file") assertEquals(found.instances?.max, 2);
 * ```
 *
 * @category Inspection
 */
export async function inspect(path: string, options: InspectOptions = {}): Promise<Inspection> {
  const context = contextOf(options, options.registry ?? defaultRegistry);
  const problems = new Lines();
  const found = await attempt(
    () => isFolder(path) ? inspectFolder(path, context) : inspectFile(path, context),
    problems.refuse,
  );
  return found ?? { kind: "other", path, datasets: [], problems: problems.list, notices: [] };
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw readError(error, path);
  }
}
