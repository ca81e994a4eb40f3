/**
 * Compares heads over bags with the numbers of `testdata/mil`, which PyTorch computed.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { Batch } from "../../../engine/data/data.ts";
import type { Plugin } from "../../../registry/plugin.ts";
import { type GoldenTensor, readJson, readTensors, relativeError } from "../../_golden.ts";
import { bagBatch, type HeadCase, ModelRun } from "./_clam.ts";

/** A case of `cases.json`. */
interface MilCase extends HeadCase {
  readonly head_type: string;
  readonly name: string;
  readonly subtask: "multiclass" | "multilabel" | "regression";
  readonly lengths: readonly number[];
}

type Tensors = Readonly<Record<string, GoldenTensor>>;

/** Largest difference from float64, relative to the largest value. */
const LOGITS = 1e-5;
const GRADIENTS = 1e-4;
/** A gradient that is zero by mathematics comes out as rounding noise. */
const NOISE = 1e-6;

/** Entries whose name begins with a prefix, under the rest of their name. */
export function within(tensors: Tensors, prefix: string): Record<string, GoldenTensor> {
  const entries = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(entries.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** Requires values to be close to expected ones. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  limit: number,
  what: string,
): void {
  const error = relativeError(actual, expected);
  const largest = Math.max(...Array.from(expected, Math.abs), ...Array.from(actual, Math.abs));
  assert(error <= limit || largest <= NOISE, `${what}: ${error}, values up to ${largest}`);
}

/** The bags of a case as one batch. */
function batchOf({ lengths, subtask }: MilCase, { features, labels }: Tensors): Batch {
  const rows = features.shape[0];
  return {
    features: features.data,
    rows,
    size: lengths.length,
    lengths: Int32Array.from(lengths),
    labels: subtask === "multiclass" ? Int32Array.from(labels.data) : labels.data,
    indices: Int32Array.from(lengths.keys()),
  };
}

function load(run: ModelRun, tensors: Tensors): void {
  const state = Object.entries(within(tensors, "state."));
  run.load(Object.fromEntries(state.map(([name, { data }]) => [name, data])));
}

/**
 * Declares the tests of a head: its parameters, logits, attention, loss and gradients are those of
 * PyTorch, and a bag has them in any company.
 */
export function testAgainstPyTorch(plugin: Plugin<"head_type">): void {
  const all = readTensors(`mil/${plugin.key}.safetensors`);
  const cases = readJson<MilCase[]>("mil/cases.json");
  for (const each of cases.filter(({ head_type }) => head_type === plugin.key)) {
    const size = { ...each, head: withoutDropout(plugin, each.head), plugin };
    testCase(size, within(all, `${each.name}.`));
  }
}

/** PyTorch computed the gradients without dropout. */
function withoutDropout({ key }: Plugin, head: HeadCase["head"]): HeadCase["head"] {
  return key === "transmil" ? { ...head, dropout: 0 } : head;
}

function testCase(each: MilCase, tensors: Tensors): void {
  const { head_type, name, embed_dim, num_classes, lengths } = each;
  const label = `${head_type} ${name}`;

  Deno.test(`${label} has the parameters of the published code`, async () => {
    const { model } = await ModelRun.create(each, true);
    const shapes = Object.entries(within(tensors, "state.")).map(([name, { shape }]) =>
      `${name} ${shape}`
    );
    const own = model.parameters.map(({ name, shape }) => `${name} ${shape}`);
    assertEquals(own.toSorted(), shapes.toSorted());
  });

  Deno.test(`${label} computes PyTorch's logits and attention`, async () => {
    await using run = await ModelRun.create(each, false);
    load(run, tensors);
    const { logits, attention } = await run.run(batchOf(each, tensors));
    assertClose(logits, tensors.logits.data, LOGITS, "logits");
    assertEquals(attention === undefined, tensors.attention === undefined);
    if (attention) assertClose(attention, tensors.attention.data, LOGITS, "attention");
  });

  Deno.test(`${label} computes PyTorch's loss and gradients`, async () => {
    await using run = await ModelRun.create(each, true);
    load(run, tensors);
    const results = await run.run(batchOf(each, tensors), { gradients: true });
    assertClose(results.loss, tensors.loss.data, LOGITS, "loss");
    for (const [name, { data }] of Object.entries(within(tensors, "grad."))) {
      assertClose(results[`grad.${name}`], data, GRADIENTS, name);
    }
  });

  Deno.test(`${label} computes each bag alone as in the batch`, async () => {
    await using run = await ModelRun.create(each, false);
    load(run, tensors);
    let start = 0;
    for (const [bag, length] of lengths.entries()) {
      const end = start + length;
      const features = tensors.features.data.slice(start * embed_dim, end * embed_dim);
      const labels = batchOf(each, tensors).labels.slice(
        0,
        each.subtask === "multiclass" ? 1 : num_classes,
      );
      const { logits } = await run.run({ ...bagBatch([length], embed_dim), features, labels });
      const expected = tensors.logits.data.slice(bag * num_classes, (bag + 1) * num_classes);
      assertClose(logits, expected, LOGITS, `bag ${bag}`);
      start = end;
    }
  });
}

/** Declares a test: dropout acts in training, by the step's seed, and only there. */
export function testDropout(plugin: Plugin<"head_type">, head: HeadCase["head"]): void {
  const size = { embed_dim: 5, num_classes: 3, head, plugin };
  Deno.test(`${plugin.key} drops out in training only: ${JSON.stringify(head)}`, async () => {
    const batch = bagBatch([12, 5], 5);
    const losses: number[][] = [];
    for (const training of [true, false]) {
      await using run = await ModelRun.create(size, training);
      const found: number[] = [];
      for (const seed of [1, 1, 2]) found.push((await run.run(batch, { seed })).loss[0]);
      losses.push(found);
    }
    const [[first, again, other], evaluated] = losses;
    assertEquals(again, first);
    assert(other !== first, "another seed gives the same loss");
    assertEquals(new Set(evaluated).size, 1);
  });
}
