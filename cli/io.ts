/**
 * What a command writes to, so that tests can listen.
 * @module
 */

/** Where the lines of a command go. */
export interface Io {
  /** Writes a line of results. */
  out(line: string): void;
  /** Writes a line of notes and errors. */
  err(line: string): void;
  /** Whether a person watches, so that a progress bar makes sense. */
  readonly terminal: boolean;
}

/** The console. */
export const consoleIo: Io = {
  out: (line) => console.log(line),
  err: (line) => console.error(line),
  get terminal() {
    return Deno.stdout.isTerminal() && Deno.stderr.isTerminal();
  },
};
