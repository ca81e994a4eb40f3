/**
 * Plugin modules of strangers that break while they are used, and commands that use them.
 * @module
 */
import { join } from "node:path";
import { trainCommand } from "../../cli/train.ts";
import "../../plugins/mod.ts";
import { Registry, registry as builtIn } from "../../registry/registry.ts";
import { SLOT_NAMES } from "../../registry/slots.ts";
import { type Files, type Flags, runFlags, words } from "../_training.ts";
import { listener } from "./_fakes.ts";

/** What every module begins with. */
const BEGIN = `
import * as v from "valibot";
import * as engine from "@glovita/glovita/engine";
const { add, div, gemm, mul, reduceMean, reduceSum, reshape, sign, sub } = engine;
const config = v.strictObject({});
`;

/** A plugin of the key `mine`; its product is an expression of `context`. */
export function plugin(slot: string, product: string): string {
  return `
    export const ${slot} = {
      slot: "${slot}", key: "mine", description: "mine", config,
      create(options, context) { return ${product}; },
    };`;
}

/** A head with a linear layer `fc`, whose `forward` has these statements. */
export function head(forward: string, input = "embedding"): string {
  return plugin(
    "head_type",
    `(() => {
    const fc = context.scope.linear("fc", context.embedDim, context.numClasses);
    return { input: "${input}", forward({ features, bags, labels }, mode) { ${forward} } };
  })()`,
  );
}

/** Gradient descent that keeps a state `m`, of which some members are others. */
export function optimizer(members: string): string {
  return plugin(
    "optimizer",
    `({
    storesStep: false, hyperparameters: {},
    state: () => ({ m: { shape: "parameter" } }),
    scalars: (step, lr) => ({ lr }),
    update: ({ parameter, gradient, state, scalars: { lr } }) =>
      ({ parameter: sub(parameter, mul(gradient, lr)), state }),
    ${members}
  })`,
  );
}

/** A metric whose accumulators have these members. */
export function metric(members: string): string {
  return plugin(
    "metric",
    `({
    higherIsBetter: true,
    accumulator: () => ({ update() {}, compute: () => ({ Mine: 1 }), ${members} }),
  })`,
  );
}

/** A dataset of 12 samples of 6 values, with these members of splits and statements of `read`. */
export function dataset(members: string, read: string): string {
  const product = `({
    task: "Classification", subtask: "multiclass", numClasses: 3,
    open: async (name) => name === "test" ? undefined : {
      name, length: 12, sampleShape: [6],
      labels: { values: Int32Array.from({ length: 12 }, (_, i) => i % 3), width: 1 },
      source: { module: import.meta.url, options: {} },
      ${members}
    },
  })`;
  return `${plugin("dataset", product)}
    export const openSource = () => ({ close() {}, read(indices) { ${read} } });`;
}

/** A command that uses a module. */
export interface Use {
  /** Text of the module: one or more plugins. */
  readonly text: string;
  /** Flags besides those of a short run. */
  readonly flags: Flags;
  /** Flags of a short run to leave out. */
  readonly without?: readonly string[];
}

/** Writes the module, and gives the words of a command line that names it. */
export async function pluginWords(folder: string, text: string): Promise<string[]> {
  const module = join(folder, "mine.ts");
  await Deno.writeTextFile(module, BEGIN + text);
  return ["--plugin", module];
}

/** Writes the module, and gives the words of a command that uses it. */
export async function wordsOf(files: Files, { text, flags, without = [] }: Use): Promise<string[]> {
  const given = Object.entries(runFlags(files, flags)).filter(([name]) => !without.includes(name));
  return [...await pluginWords(files.folder, text), ...words(Object.fromEntries(given))];
}

/** Trains by the command, in this process and with a registry of its own. */
export async function trainWith(
  files: Files,
  use: Use,
): Promise<{ readonly code: number; readonly err: readonly string[] }> {
  const io = listener();
  const code = await trainCommand(await wordsOf(files, use), {
    io,
    registry: builtInRegistry(),
    listen: () => () => {},
  });
  return { code, err: io.errLines };
}

/** The built-in plugins, alone. */
function builtInRegistry(): Registry {
  const registry = new Registry();
  for (const slot of SLOT_NAMES) {
    for (const key of builtIn.list(slot)) registry.add(builtIn.get(slot, key));
  }
  return registry;
}
