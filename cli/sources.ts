/**
 * What a command line names and a command reads before it resolves its config: config files and run
 * directories.
 * @module
 */
import { basename } from "node:path";
import { DataError } from "../engine/errors.ts";
import { firstLine } from "../engine/first_line.ts";
import { parseJson } from "../engine/storage/json_file.ts";
import { decodeText } from "../engine/storage/text_file.ts";
import { RunDirectory } from "../engine/train/run_directory.ts";
import { ConfigError, quote } from "../registry/errors.ts";
import { isPlainObject, type PlainObject } from "../registry/config/objects.ts";

/**
 * Reads a config file.
 * @param file Path as the user gave it.
 * @param flag Flag that named it, for messages.
 * @returns The tree.
 * @throws {ConfigError} if there is no such file, or no JSON object in it.
 */
export async function readConfigFile(file: string, flag: string): Promise<PlainObject> {
  const fail = (reason: string, cause?: unknown): ConfigError =>
    new ConfigError([{ path: flag, message: `expected ${reason}` }], { cause });
  if (file === "") throw fail("the path of a JSON file, received nothing");
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = await Deno.readFile(file);
  } catch (error) {
    const state = error instanceof Deno.errors.NotFound ? "does not exist" : firstLine(error);
    throw fail(`a JSON file, received ${quote(file)}: ${state}`, error);
  }
  try {
    const tree = parseJson(decodeText(bytes, file));
    if (isPlainObject(tree)) return tree;
  } catch (error) {
    if (error instanceof DataError) {
      throw new ConfigError([{ path: flag, message: error.message }], { cause: error });
    }
    throw fail(`JSON in ${quote(file)}, received something else: ${firstLine(error)}`, error);
  }
  throw fail(`a JSON object in ${quote(file)}, received another value`);
}

/** A run that is to be continued. */
export interface ContinuedRun {
  /** Its config, as it was run. */
  readonly file: PlainObject;
  /** Where it is. */
  readonly directory: RunDirectory;
}

/**
 * Reads the config of a run that is to be continued.
 * @param path Run directory as the user gave it.
 * @returns The run and its config.
 * @throws {ConfigError} if the directory holds no readable config.
 */
export async function readRunConfig(path: string): Promise<ContinuedRun> {
  const flag = "training.resume";
  const directory = new RunDirectory(path);
  const file = directory.file("resolvedConfig");
  const found = RunDirectory.find(path);
  if (found?.kind === "run") return { file: await readConfigFile(file, flag), directory };
  const message = `expected a run directory with ${basename(file)}, received ${quote(path)}`;
  const hint = found === undefined ? "" : `, did you mean ${quote(found.runs[0].path)}?`;
  throw new ConfigError([{ path: flag, message: message + hint }]);
}
