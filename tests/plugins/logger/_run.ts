/** Runs that loggers are told of. */
import type { RunInfo } from "../../../registry/plugin.ts";

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
