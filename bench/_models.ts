/** What benchmarks train, and random batches of it. */
import * as v from "valibot";
import type { Batch } from "../engine/data/data.ts";
import { Parameters } from "../engine/nn/scope.ts";
import type { Random } from "../engine/random.ts";
import type { Model } from "../engine/train/model.ts";
import { classification } from "../plugins/head_type/classification.ts";
import { clam } from "../plugins/head_type/clam.ts";
import type { Plugin } from "../registry/plugin.ts";

/** A head on its own, with the defaults of its plugin. */
function headModel(
  plugin: Plugin<"head_type">,
  { options = {}, embedDim, numClasses, bags }: {
    readonly options?: Readonly<Record<string, unknown>>;
    readonly embedDim: number;
    readonly numClasses: number;
    readonly bags: boolean;
  },
): Model {
  const task = { task: "Classification", subtask: "multiclass", numClasses } as const;
  const parameters = new Parameters();
  const scope = parameters.scope().child("head");
  const head = plugin.create(v.parse(plugin.config, options), { ...task, scope, embedDim });
  return {
    ...task,
    bags,
    sampleShape: [embedDim],
    parameters: parameters.list(),
    forward: (inputs, context) => head.forward(inputs, context),
  };
}

/** A linear layer over single samples. */
export function linearModel(embedDim: number, numClasses: number): Model {
  const options = { dropout: 0, init_std: null };
  return headModel(classification, { options, embedDim, numClasses, bags: false });
}

/** A head over bags of two classes. */
export function bagModel(plugin: Plugin<"head_type">, embedDim: number): Model {
  return headModel(plugin, { embedDim, numClasses: 2, bags: true });
}

/** CLAM-SB (size small), two classes. */
export function clamModel(embedDim: number): Model {
  const options = { variant: "sb" };
  return headModel(clam, { options, embedDim, numClasses: 2, bags: true });
}

/** Standard normal numbers. */
export function normals(random: Random, length: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) values[i] = random.normal();
  return values;
}

/** Samples of standard normal numbers with random labels. */
export function randomSamples(
  random: Random,
  { size, width, numClasses }: {
    readonly size: number;
    readonly width: number;
    readonly numClasses: number;
  },
): Batch {
  return {
    features: normals(random, size * width),
    rows: size,
    size,
    labels: Int32Array.from({ length: size }, () => random.integer(numClasses)),
    indices: new Int32Array(size),
  };
}

/** Bags of standard normal numbers with labels 0 and 1 in turn. */
export function randomBags(random: Random, lengths: readonly number[], width: number): Batch {
  const rows = lengths.reduce((a, b) => a + b, 0);
  return {
    features: normals(random, rows * width),
    rows,
    size: lengths.length,
    lengths: Int32Array.from(lengths),
    labels: Int32Array.from(lengths, (_, bag) => bag % 2),
    indices: Int32Array.from(lengths.keys()),
  };
}
