/**
 * Commands as processes of their own, for tests that kill them.
 * @module
 */
import { fileURLToPath } from "node:url";

/** Names of the commands' modules. */
export type Command = "train" | "extract_features" | "export" | "infer" | "pack" | "study";

const PERMISSIONS = ["read", "write", "ffi", "env", "sys"].map((name) => `--allow-${name}`);

/** What a finished process said. */
export interface Finished {
  readonly code: number;
  readonly signal: string | null;
  readonly out: string[];
  readonly err: string[];
}

/** A process under way. */
export interface Running {
  /** Resolves when a line of stdout fits; rejects with what was said if none does. */
  until(pattern: RegExp): Promise<void>;
  /** Sends a signal. */
  kill(signal: Deno.Signal): void;
  /** Resolves when it ends. */
  readonly finished: Promise<Finished>;
}

/** Where a process runs. */
export interface Place {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `glovita_train`. */
export function startTrain(args: readonly string[], place?: Place): Running {
  return startCommand("train", args, place);
}

/** Starts a command. */
export function startCommand(
  command: Command,
  args: readonly string[],
  { cwd, env }: Place = {},
): Running {
  const script = fileURLToPath(new URL(`../../cli/${command}.ts`, import.meta.url));
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", ...PERMISSIONS, script, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { NO_COLOR: "1", ...env },
    cwd,
  }).spawn();
  const out: string[] = [];
  const err: string[] = [];
  const waiting: { readonly pattern: RegExp; readonly found: () => void }[] = [];
  const hear = (line: string) => {
    out.push(line);
    for (const { pattern, found } of waiting) if (pattern.test(line)) found();
  };
  const heard = [
    readLines(process.stdout, hear),
    readLines(process.stderr, (line) => err.push(line)),
  ];
  const finished = Promise.all([process.status, ...heard])
    .then(([{ code, signal }]) => ({ code, signal, out, err }));
  return {
    finished,
    kill: (signal) => process.kill(signal),
    async until(pattern) {
      if (out.some((line) => pattern.test(line))) return;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.push({ pattern, found: resolve });
      finished.then(() =>
        reject(new Error(`No line fits ${pattern}:\n${[...out, ...err].join("\n")}`))
      );
      await promise;
    },
  };
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  hear: (line: string) => void,
): Promise<void> {
  let rest = "";
  // The types of browsers, which pages are checked with, have another idea of it.
  const decoder = new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>;
  for await (const text of stream.pipeThrough(decoder)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) hear(line);
  }
  if (rest !== "") hear(rest);
}

/** Runs `glovita_train` to its end. */
export async function runProcess(args: readonly string[], cwd?: string): Promise<Finished> {
  return await startTrain(args, { cwd }).finished;
}

/** Runs a command to its end. */
export async function runCommand(
  command: Command,
  args: readonly string[],
  cwd?: string,
): Promise<Finished> {
  return await startCommand(command, args, { cwd }).finished;
}
