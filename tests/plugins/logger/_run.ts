/** Runs that loggers are told of. */
import type { EpochValues, RunInfo } from "../../../registry/plugin.ts";

export type { EpochValues };

/** What a run tells its logger at the start; lines for the user are pushed onto `lines`. */
export function runInfo(
  directory: string,
  changes: Partial<RunInfo> & { readonly lines?: string[] } = {},
): RunInfo {
  const { lines, ...given } = changes;
  return {
    directory,
    config: { training: { epochs: 2, seed: null }, task: { metrics: ["acc", "f1"] } },
    addLog: {},
    dataset: "samples",
    group: "group",
    runtimeInfo: { glovita: "0.1.0" },
    earlier: [],
    notify: (line) => void lines?.push(line),
    ...given,
  };
}

/** A grey pixel as a PNG file. */
export const PNG = Uint8Array.fromBase64(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==",
);

/** Epochs 0 to `count` - 1, with the numbers of {@linkcode numbersOf}. */
export function epochs(count: number): EpochValues[] {
  return Array.from({ length: count }, (_, epoch) => ({ epoch, values: numbersOf(epoch) }));
}

/** Numbers of an epoch that a float32 holds exactly. */
export function numbersOf(epoch: number): Record<string, number> {
  return { train_loss: 1 / 2 ** epoch, val_Accuracy: epoch / 4, lr: 0.5 };
}

const python = Deno.env.get("GLOVITA_PYTHON");

/** Whether `GLOVITA_PYTHON` names a Python that has a module. */
export function hasPython(module: string): boolean {
  if (!python) return false;
  const find =
    `import importlib.util, sys; sys.exit(importlib.util.find_spec("${module}") is None)`;
  return new Deno.Command(python, { args: ["-c", find] }).outputSync().success;
}

/** Runs a script of the test data with that Python, and parses what it prints. */
export function runPython(script: string, ...args: string[]): unknown {
  const path = new URL(`../../testdata/loggers/${script}`, import.meta.url).pathname;
  const { stdout, stderr, success } = new Deno.Command(python!, { args: [path, ...args] })
    .outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
