/**
 * What a user sees of an error, and the exit code that goes with it.
 * @module
 */
import { DataError, DeviceError, PartError, TrainingError } from "../engine/errors.ts";
import { escapeControls } from "../engine/storage/text_file.ts";
import {
  ConfigError,
  DuplicateKeyError,
  PluginError,
  UnknownKeyError,
} from "../registry/errors.ts";
import type { Io } from "./io.ts";

/** Exit codes of the commands. */
export const EXIT = {
  /** All went well. */
  ok: 0,
  /** Data cannot be used, or training cannot go on. */
  data: 1,
  /** The command line or the config is wrong. */
  usage: 2,
  /** A bug. */
  bug: 70,
  /** Stopped with Ctrl+C. */
  interrupted: 130,
  /** Stopped with SIGTERM, as job schedulers do. */
  terminated: 143,
} as const;

/** Characters that are shown of a long line: room for any path that a system can open. */
const SHOWN = { first: 9000, last: 1000 } as const;

const USAGE_ERRORS = [
  ConfigError,
  DeviceError,
  PluginError,
  PartError,
  DuplicateKeyError,
  UnknownKeyError,
  Deno.errors.NotCapable,
];

/**
 * Tells the user what went wrong.
 * @param error What was thrown.
 * @param io Where the lines go.
 * @returns The exit code: 2 for a wrong command line or config and for plugins that are broken, 1
 *   for bad data, 70 for a bug.
 */
export function reportFailure(error: unknown, io: Io): number {
  const problem = error instanceof Error ? error : new Error(String(error));
  if (isA(problem, USAGE_ERRORS)) {
    const code = say(problem.message, EXIT.usage, io);
    if (debugging() && problem.cause instanceof Error) io.err(stackOf(problem.cause));
    return code;
  }
  if (isA(problem, [DataError, TrainingError])) {
    return say(escapeControls(problem.message), EXIT.data, io);
  }
  io.err(`unexpected error: ${problem.message}`);
  if (debugging()) io.err(stackOf(problem));
  else io.err("This should not happen; GLOVITA_DEBUG=1 shows where it comes from.");
  return EXIT.bug;
}

/** By class or by name: a plugin may bring its own copy of the package. */
function isA(error: Error, classes: readonly { readonly name: string }[]): boolean {
  return classes.some((known) => error.name === known.name);
}

function say(message: string, code: number, io: Io): number {
  for (const line of message.split("\n")) io.err(shortened(line));
  return code;
}

/** A line; of a long one, which shows a value or a name as it was given, its beginning and end. */
function shortened(line: string): string {
  if (line.length <= SHOWN.first + SHOWN.last) return line;
  const dropped = line.length - SHOWN.first - SHOWN.last;
  return `${line.slice(0, SHOWN.first)}... (${dropped} characters) ...${line.slice(-SHOWN.last)}`;
}

function stackOf({ stack, message }: Error): string {
  return stack ?? message;
}

function debugging(): boolean {
  try {
    return Deno.env.get("GLOVITA_DEBUG") === "1";
  } catch {
    return false;
  }
}
