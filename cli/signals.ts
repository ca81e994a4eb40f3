/**
 * Stopping a command with Ctrl+C, or as job schedulers do: once lets it end in order, twice ends it
 * at once, also while it is busy.
 * @module
 */
import { EXIT } from "./failure.ts";
import type { Io } from "./io.ts";
import { startWatchdog } from "./_watchdog.ts";

/** Signals that stop a command. */
export type StopSignal = "SIGINT" | "SIGTERM";

/**
 * Listens for the signals of the operating system.
 * @returns A function that stops listening.
 */
export type Listen = (onSignal: (signal: StopSignal) => void) => () => void;

/** How a command is stopped. */
export interface StopOptions {
  /** Where the user is told. */
  readonly io: Io;
  /** What is still finished, for the user. */
  readonly last: string;
  /** Listens for signals. @default {listenForSignals} */
  readonly listen?: Listen;
}

/**
 * Does work until it is done or a signal stops it.
 * @param work The work; it ends soon after its signal aborts.
 * @param options How it is stopped.
 * @returns The signal that stopped it; `undefined` where it was done.
 * @throws {Error} what the work throws, unless that is the abort.
 */
export async function untilStopped(
  work: (signal: AbortSignal) => Promise<unknown>,
  { io, last, listen = listenForSignals }: StopOptions,
): Promise<StopSignal | undefined> {
  const abort = new AbortController();
  let stopped: StopSignal | undefined;
  const unlisten = listen((signal) => {
    if (stopped !== undefined) Deno.exit(exitCode(stopped));
    stopped = signal;
    io.err(`${signal}: stopping after this ${last}; once more stops at once`);
    abort.abort();
  });
  try {
    await work(abort.signal);
  } catch (error) {
    if (stopped === undefined || !isAbort(error, abort.signal)) throw error;
  } finally {
    unlisten();
  }
  return stopped;
}

/**
 * The exit code of a command that a signal stopped.
 * @param signal The signal.
 */
export function exitCode(signal: StopSignal): number {
  return signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
}

function listenForSignals(onSignal: (signal: StopSignal) => void): () => void {
  const signals = (["SIGINT", "SIGTERM"] as const)
    .filter((signal) => signal === "SIGINT" || Deno.build.os !== "windows");
  const listeners = signals.map((signal) => {
    const listener = () => onSignal(signal);
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  const endWatch = startWatchdog(signals);
  return () => {
    endWatch();
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  };
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error instanceof Error && error.name === "AbortError");
}
