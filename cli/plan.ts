/**
 * `glovita_plan`: looks at data and writes a config that trains on it.
 * @module
 */
import { resolve } from "node:path";
import { writeJsonAtomic } from "../engine/storage/atomic.ts";
import { isFile } from "../engine/storage/is_file.ts";
import type { Decision } from "../jobs/plan/decision.ts";
import { DATASETS } from "../jobs/plan/keys.ts";
import { getAt, type PlainObject, setAt, splitPath } from "../registry/config/objects.ts";
import { ConfigError, quote } from "../registry/errors.ts";
import { count, flag, path } from "../registry/options/mod.ts";
import type { PluginSources } from "./command.ts";
import { EXIT, reportFailure } from "./failure.ts";
import { consoleIo, type Io } from "./io.ts";
import {
  DATA_SECTION,
  dataOptions,
  type JobCommand,
  type PreparedJob,
  prepareJob,
} from "./job_command.ts";
import { splitGlobals } from "./tokens.ts";

/** Parts of the command that tests replace. */
export interface PlanCommandOptions extends Partial<PluginSources> {
  /** Where lines go. @default {consoleIo} */
  readonly io?: Io;
}

const COMMAND: JobCommand = {
  name: "glovita_plan",
  description:
    "Looks at data and writes a config for glovita_train, with a reason for each number.",
  words: "[DIR]",
  examples: [
    "glovita_plan h5_files --labels_file dataset.csv --split_file splits/task_100",
    "glovita_plan features --labels_file clini.csv --slides_file slide.csv \\",
    "  --label_columns tumor --folds 5 --output tumor.json",
    "glovita_plan --data.dataset precomputed_features \\",
    "  --train_features_file train.h5 --val_features_file val.h5",
  ],
  sections: [DATA_SECTION, {
    path: "",
    description: "The plan",
    entries: {
      output: path("config.json", "File of the config."),
      overwrite: flag(false, "Whether an existing file is replaced."),
      folds: count(null, "Number of folds of a cross-validation; those of the splits, if any.", {
        max: 1000,
      }),
    },
  }],
  base: { data: { dataset: DATASETS.slides } },
  finds: { "data.num_classes": 1 },
};

/**
 * Runs the command.
 * @param args The words of the command line.
 * @param options Parts that tests replace.
 * @returns The exit code.
 */
export async function planCommand(
  args: readonly string[],
  options: PlanCommandOptions = {},
): Promise<number> {
  const { io = consoleIo, loadBuiltIns = () => import("../plugins/mod.ts") } = options;
  try {
    const sources = { registry: options.registry, loadBuiltIns };
    const prepared = await prepareJob(args, COMMAND, { io, sources });
    return prepared === undefined ? EXIT.ok : await run(prepared, args, io);
  } catch (error) {
    return reportFailure(error, io);
  }
}

async function run(prepared: PreparedJob, args: readonly string[], io: Io): Promise<number> {
  const { registry, tree } = prepared;
  const output = String(tree.output);
  const folds = typeof tree.folds === "number" ? tree.folds : undefined;
  if (!tree.overwrite && isFile(output)) {
    const message = `expected a new file, ${quote(output)} exists: --overwrite replaces it`;
    throw new ConfigError([{ path: "output", message }]);
  }
  const { dataset, ...options } = givenData(prepared);
  const { plan } = await import("../jobs/plan/plan.ts");
  const part = { slot: "dataset", key: String(dataset), options } as const;
  const { config, decisions, notices } = await plan([part], { folds, registry });
  await writeJsonAtomic(output, config);
  for (const notice of notices) io.err(`note: ${notice}`);
  for (const line of table(decisions)) io.out(line);
  const plugins = splitGlobals(args).plugins.map((specifier) => ` --plugin ${specifier}`).join("");
  io.out(`wrote ${output}; next: glovita_train --config ${output}${plugins}`);
  return EXIT.ok;
}

/** The fields of `data` that somebody set, and the folder. */
function givenData(prepared: PreparedJob): PlainObject {
  const { given, paths, tree } = prepared;
  const data: PlainObject = { dataset: dataOptions(prepared).dataset };
  for (const path of given) {
    const [section, ...names] = splitPath(path);
    if (section === "data") setAt(data, names, getAt(tree, [section, ...names]));
  }
  const [folder, ...others] = paths;
  const fail = (message: string) => new ConfigError([{ path: "DIR", message }]);
  if (others.length > 0) throw fail(`expected one folder, received ${paths.map(quote).join(", ")}`);
  if (folder === undefined) {
    if (data.dataset !== DATASETS.slides || data.data_root_dir !== undefined) return data;
    throw fail("expected a folder of feature files, before the flags");
  }
  const { data_root_dir: root } = data;
  if (typeof root === "string" && resolve(root) !== resolve(folder)) {
    throw fail(`expected no folder beside --data_root_dir ${root}, received ${quote(folder)}`);
  }
  return { ...data, data_root_dir: folder };
}

/** Widest value of the table; a longer one takes its line's reason with it. */
const VALUE_WIDTH = 24;

/** The decisions, a line each. */
function table(decisions: readonly Decision[]): string[] {
  const rows = decisions.map(({ path, value, reason }) => [path, shown(value), reason] as const);
  const [first, second] = [0, 1].map((at) => Math.max(0, ...rows.map((row) => row[at].length)));
  const width = Math.min(second, VALUE_WIDTH);
  return rows.map(([path, value, reason]) =>
    `${path.padEnd(first)}  ${value.padEnd(width)}  ${reason}`
  );
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.join(" ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

if (import.meta.main) Deno.exit(await planCommand(Deno.args));
