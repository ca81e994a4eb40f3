/**
 * What a command writes to, so that tests can listen.
 * @module
 */
import { escapeControls } from "../engine/storage/text_file.ts";

/** Where the lines of a command go. */
export interface Io {
  /** Writes a line of results. */
  out(line: string): void;
  /** Writes a line of notes and errors. */
  err(line: string): void;
  /** Whether a person watches, so that a progress bar makes sense. */
  readonly terminal: boolean;
}

/**
 * Writes a note: one line, whatever names are in it.
 * @param io Where it goes.
 * @param message What to say.
 */
export function writeNote(io: Pick<Io, "err">, message: string): void {
  io.err(`note: ${escapeControls(message)}`);
}

/** The console. A stream that takes nothing more, such as a full disk, does not end the work. */
export const consoleIo: Io = {
  out: (line) => writeQuietly(console.log, line),
  err: (line) => writeQuietly(console.error, line),
  get terminal() {
    return Deno.stdout.isTerminal() && Deno.stderr.isTerminal();
  },
};

function writeQuietly(write: (line: string) => void, line: string): void {
  try {
    write(line);
  } catch {
    // There is nobody to be told; the exit code still says how the work went.
  }
}
