/**
 * The commands of `glovita`: one line for each. A command is a file of its own, which is loaded when
 * the command is run.
 * @module
 */
import type { Io } from "./io.ts";

/** Parts of a command that its caller may replace. */
export interface CommandOptions {
  /** Where lines go. */
  readonly io?: Io;
}

/**
 * Runs a command.
 * @param args The words after its name.
 * @param options Parts that the caller replaces.
 * @returns The exit code.
 */
export type RunCommand = (args: readonly string[], options?: CommandOptions) => Promise<number>;

/** A command, before it is loaded. */
export interface Command {
  /** Name, as it is typed after `glovita`. */
  readonly name: string;
  /** What it does, in one line. */
  readonly description: string;
  /** Loads it. */
  readonly load: () => Promise<RunCommand>;
}

/** All commands, in the order in which they are used. */
export const COMMANDS: readonly Command[] = [
  {
    name: "download",
    description: "Download the weights of encoders.",
    load: async () => (await import("./download.ts")).downloadCommand,
  },
  {
    name: "extract_features",
    description: "Run an encoder over a dataset and write feature files.",
    load: async () => (await import("./extract_features.ts")).extractCommand,
  },
  {
    name: "infer",
    description: "Predict with trained models and write a table.",
    load: async () => (await import("./infer.ts")).inferCommand,
  },
  {
    name: "inspect",
    description: "Say what data, checkpoints and runs are, and what is wrong.",
    load: async () => (await import("./inspect.ts")).inspectCommand,
  },
  {
    name: "plan",
    description: "Look at data and write a config that trains on it.",
    load: async () => (await import("./plan.ts")).planCommand,
  },
  {
    name: "pack",
    description: "Pack a directory of slides into one file of bags per split.",
    load: async () => (await import("./pack.ts")).packCommand,
  },
  {
    name: "preview",
    description: "Show what the policies make of a few images.",
    load: async () => (await import("./preview.ts")).previewCommand,
  },
  {
    name: "train",
    description: "Train a head on feature files or images.",
    load: async () => (await import("./train.ts")).trainCommand,
  },
  {
    name: "study",
    description: "Train a config at many points: a grid, a list or random draws.",
    load: async () => (await import("./study.ts")).studyCommand,
  },
  {
    name: "runs",
    description: "List trained runs with their numbers.",
    load: async () => (await import("./runs.ts")).runsCommand,
  },
  {
    name: "report",
    description: "Show what came of runs, as a page or as images.",
    load: async () => (await import("./report.ts")).reportCommand,
  },
  {
    name: "export",
    description: "Write a trained model to one ONNX file.",
    load: async () => (await import("./export.ts")).exportCommand,
  },
  {
    name: "serve",
    description: "Serve the page of an exported model on this machine.",
    load: async () => (await import("./serve.ts")).serveCommand,
  },
  {
    name: "plot_umap",
    description: "Plot feature files, neighbours next to each other.",
    load: async () => (await import("./plot_umap.ts")).plotUmapCommand,
  },
];
