/**
 * The command `glovita`, for use outside of a checkout.
 *
 * ```sh
 * deno install --global --name glovita --no-prompt --allow-read --allow-write --allow-ffi \
 *   --allow-env --allow-sys jsr:@glovita/glovita/cli
 * glovita --help
 * ```
 *
 * Importing this module runs nothing and needs no permission.
 *
 * @example From a program, with the lines that it writes
 * ```ts
 * import { glovita } from "@glovita/glovita/cli";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const io = { out: (line: string) => lines.push(line), err: console.error, terminal: false };
 * assertEquals(await glovita(["train", "--version"], { io }), 0);
 * assertEquals(lines.length, 1);
 * ```
 * @module
 */
import { VERSION } from "../engine/version.ts";
import { ConfigError, didYouMean, quote } from "../registry/errors.ts";
import { type Command, type CommandOptions, COMMANDS } from "./commands.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { consoleIo, type Io } from "./io.ts";

export type { CommandOptions, Io };

/** What the names of the deno tasks begin with. */
const PREFIX = "glovita_";

/**
 * Runs a command line: the name of a command, and what the command takes.
 * @param args The words after `glovita`.
 * @param options Where lines go; the console by default.
 * @returns The exit code: 0, or 2 for a command that does not exist, or the command's own.
 *
 * @example A command that does not exist
 * ```ts
 * import { glovita } from "@glovita/glovita/cli";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const io = { out: console.log, err: (line: string) => lines.push(line), terminal: false };
 * assertEquals(await glovita(["trian"], { io }), 2);
 * assertEquals(lines[0].endsWith('received "trian", did you mean "train"?'), true);
 * ```
 */
export async function glovita(
  args: readonly string[],
  { io = consoleIo }: CommandOptions = {},
): Promise<number> {
  const [word, ...rest] = args;
  if (word === undefined || word === "--help" || word === "-h") return showHelp(word, io);
  if (word === "--version") {
    io.out(`glovita ${VERSION}`);
    return EXIT.ok;
  }
  try {
    const run = await commandOf(word).load();
    return await run(rest, { io });
  } catch (error) {
    return reportFailure(error, io);
  }
}

/** Shows the help, as an error where nothing was typed. */
function showHelp(word: string | undefined, io: Io): number {
  const write = word === undefined ? io.err : io.out;
  write(renderHelp());
  return word === undefined ? EXIT.usage : EXIT.ok;
}

function renderHelp(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return [
    "Usage: glovita COMMAND [options]",
    "",
    "Trains vision heads and encoders, extracts features, and evaluates what was trained.",
    "",
    "Commands",
    ...COMMANDS.map(({ name, description }) => `  ${name.padEnd(width)}  ${description}`),
    "",
    "Options",
    "  --help, -h  This text; after a command, the flags of that command.",
    "  --version   The version.",
  ].join("\n");
}

/** The command that a word names: `train`, or `glovita_train` as the deno task is called. */
function commandOf(word: string): Command {
  const spelled = word.replaceAll("-", "_");
  const name = spelled.startsWith(PREFIX) ? spelled.slice(PREFIX.length) : spelled;
  const names = COMMANDS.map(({ name }) => name);
  const found = COMMANDS.find((command) => command.name === name);
  if (found !== undefined) return found;
  throw new ConfigError([{
    path: "command",
    message: `expected one of ${names.map(quote).join(", ")}, received ${quote(word)}` +
      didYouMean(name, names),
  }]);
}

if (import.meta.main) Deno.exit(await glovita(Deno.args));
