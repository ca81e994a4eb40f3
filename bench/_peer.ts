/** Runs the same work in PyTorch, in one long-lived process that answers line by line. */
import process from "node:process";
import { describeMachine } from "./_machine.ts";

let described = false;

/** A Python process that measures what it is asked for. */
export class Peer {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#writer = process.stdin.getWriter();
    this.#lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /**
   * Prints what machine this is, once, and starts a script if there is a Python with PyTorch and h5py:
   * `GLOVITA_PYTHON`, or `python3`.
   * @param script Name of the script beside this file.
   * @returns The process, or `undefined`, with a line that says why.
   */
  static async start(script: string): Promise<Peer | undefined> {
    if (!described) console.log(describeMachine());
    described = true;
    const python = Deno.env.get("GLOVITA_PYTHON") ?? "python3";
    const path = new URL(script, import.meta.url).pathname;
    try {
      const peer = Peer.spawn(python, ["-u", path], "null");
      if (await peer.ask({ task: "hello" }) !== undefined) return peer;
      await peer.close();
    } catch {
      // No such program.
    }
    console.log(`PyTorch is not at hand (${python}): only our own numbers follow.`);
    return undefined;
  }

  /** Starts a program that answers requests, one JSON object per line. */
  static spawn(program: string, args: string[], stderr: "null" | "inherit" = "inherit"): Peer {
    return new Peer(
      new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr }).spawn(),
    );
  }

  /** Sends a request and waits for its answer. */
  async ask(request: Readonly<Record<string, unknown>>): Promise<PeerAnswer | undefined> {
    try {
      await this.#writer.write(new TextEncoder().encode(JSON.stringify(request) + "\n"));
      while (!this.#rest.includes("\n")) {
        const { value, done } = await this.#lines.read();
        if (done) return undefined;
        this.#rest += value;
      }
    } catch {
      return undefined;
    }
    const end = this.#rest.indexOf("\n");
    const answer = JSON.parse(this.#rest.slice(0, end));
    this.#rest = this.#rest.slice(end + 1);
    return answer;
  }

  /** Ends the process. */
  async close(): Promise<void> {
    await this.#writer.close().catch(() => undefined);
    await this.#process.status;
    await this.#lines.cancel().catch(() => undefined);
  }
}

/** In which precision PyTorch computes. */
export const PRECISIONS = [
  { label: "fp32", bf16: false },
  { label: "bf16", bf16: true },
] as const;

/** What the process answers. */
export interface PeerAnswer {
  /** Milliseconds of what was asked for. */
  readonly ms: number;
  /** Largest resident memory so far, in MB. */
  readonly peak_mb: number;
  /** What it computes on, where the script looks for a GPU. */
  readonly device?: string;
}

/** Middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Prints a line: our median, the peer's, and how many times faster we are (median of the pairs). */
export function compare(name: string, ours: readonly number[], theirs: readonly number[]): void {
  const mine = `${name}: glovita ${median(ours).toFixed(1)} ms (min ${
    Math.min(...ours).toFixed(1)
  })`;
  if (theirs.length === 0) {
    console.log(mine);
    return;
  }
  const ratio = median(ours.map((own, index) => theirs[index] / own));
  console.log(
    `${mine}, PyTorch ${median(theirs).toFixed(1)} ms (min ${Math.min(...theirs).toFixed(1)}), ` +
      `${ratio.toFixed(2)}x as fast`,
  );
}

/** Largest resident memory of this process so far in MB. */
export function peakMemory(): number {
  return process.resourceUsage().maxRSS / 1024;
}
