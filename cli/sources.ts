/**
 * What a command line names and a command reads before it resolves its config: config files and run
 * directories.
 * @module
 */
import { DataError } from "../engine/errors.ts";
import { parseJson } from "../engine/storage/json_file.ts";
import { decodeText } from "../engine/storage/text_file.ts";
import { ConfigError, quote } from "../registry/errors.ts";
import { isPlainObject, type PlainObject } from "../registry/config/objects.ts";

/** Name of the file in a run directory that a run can be continued from. */
const RESOLVED_CONFIG = "resolved_config.json";

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

/**
 * Reads the config of a run that is to be continued.
 * @param directory Run directory as the user gave it.
 * @returns The run's resolved config.
 * @throws {ConfigError} if the directory holds no readable config.
 */
export async function readRunConfig(directory: string): Promise<PlainObject> {
  const flag = "training.resume";
  const file = `${directory.replace(/[/\\]+$/, "")}/${RESOLVED_CONFIG}`;
  if (await isFile(file)) return await readConfigFile(file, flag);
  const fold = `${directory.replace(/[/\\]+$/, "")}/0`;
  const hint = await isFile(`${fold}/${RESOLVED_CONFIG}`) ? `, did you mean ${quote(fold)}?` : "";
  throw new ConfigError([{
    path: flag,
    message: `expected a run directory with ${RESOLVED_CONFIG}, received ${
      quote(directory)
    }${hint}`,
  }]);
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0];
}
