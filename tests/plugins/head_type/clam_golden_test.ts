import { assert, assertEquals } from "@std/assert";
import { packBags, padBags } from "../../../engine/data/collate.ts";
import type { Batch } from "../../../engine/data/data.ts";
import { goldenJson, type GoldenTensor, goldenTensors, relativeError } from "../../_golden.ts";
import { type HeadCase, ModelRun } from "./_clam.ts";

interface Golden extends HeadCase {
  readonly steps: readonly {
    readonly loss: number;
    readonly cross_entropy: number;
    readonly instance?: number;
    readonly topk?: number;
  }[];
}

const CASES = [
  "mb_default",
  "mb_instance_subtyping",
  "mb_plain_big",
  "mb_topk",
  "sb_default",
  "sb_everything",
  "sb_instance",
  "sb_plain",
];

/**
 * A softmax does not change when all scores of a bag do, so the gradient of the score's bias is
 * zero in exact arithmetic. What either side computes for it is rounding, which Adam turns into
 * moves of any direction.
 */
const SCORE_BIAS = /attention_c\.bias$|net\.2\.net\.2\.bias$/;

/**
 * Adam divides a gradient by its own size plus 1e-8: where it is that small, its rounding decides
 * about the step. In double precision the same five steps end up to 1.5e-3 away from the reference's
 * float32 at such entries (at most a tenth of a tensor's), and within 1e-4 at the others.
 */
function isFirm(gradient: number): boolean {
  return gradient === 0 || Math.abs(gradient) > 1e-7;
}

type Tensors = Readonly<Record<string, GoldenTensor>>;

function padded({ features, mask }: Tensors) {
  return {
    features: features.data,
    shape: features.shape as [number, number, number],
    mask: Uint8Array.from(mask.data),
  };
}

/** The valid rows, chosen by the mask without the library's help. */
function packedByHand(tensors: Tensors): Batch {
  const { features, mask, lengths, labels } = tensors;
  const width = features.shape[2];
  const kept = [...mask.data.keys()].filter((slot) => mask.data[slot] === 1);
  return {
    features: Float32Array.from(
      kept.flatMap((slot) => [...features.data.subarray(slot * width, (slot + 1) * width)]),
    ),
    rows: kept.length,
    size: lengths.data.length,
    lengths: Int32Array.from(lengths.data),
    labels: Int32Array.from(labels.data),
    indices: Int32Array.from(lengths.data.keys()),
  };
}

/** The valid columns of attention logits `[bags, branches, longest]`, as `[branches, instances]`. */
function packedAttention({ attention_logits, lengths }: Tensors): number[] {
  const [bags, branches, longest] = attention_logits.shape;
  const values: number[] = [];
  for (let branch = 0; branch < branches; branch++) {
    for (let bag = 0; bag < bags; bag++) {
      const start = (bag * branches + branch) * longest;
      values.push(...attention_logits.data.subarray(start, start + lengths.data[bag]));
    }
  }
  return values;
}

function states(tensors: Tensors, prefix: string): Record<string, Float32Array> {
  const entries = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(entries.map(([name, { data }]) => [name.slice(prefix.length), data]));
}

function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  limit: number,
  what: string,
) {
  const error = relativeError(actual, expected);
  assert(error <= limit, `${what}: ${error}`);
}

for (const name of CASES) {
  const golden = goldenJson<Golden>(`clam_${name}.json`);
  const tensors = goldenTensors(`clam_${name}.safetensors`);
  const initial = states(tensors, "state.");

  Deno.test(`clam ${name} has the reference's parameters`, async () => {
    const { model, state } = await ModelRun.create(golden, true);
    assertEquals(state.names().toSorted(), Object.keys(initial).toSorted());
    for (const { name, shape } of model.parameters) {
      assertEquals(shape, tensors[`state.${name}`].shape, name);
    }
  });

  Deno.test(`clam ${name} computes the reference's logits and attention`, async () => {
    await using run = await ModelRun.create(golden, false);
    run.load(initial);
    const { logits, attention } = await run.run(packedByHand(tensors));
    assertClose(logits, tensors.logits.data, 1e-5, "logits");
    assertClose(attention, packedAttention(tensors), 1e-5, "attention");
  });

  Deno.test(`clam ${name} computes the reference's gradients`, async () => {
    await using run = await ModelRun.create(golden, true);
    run.load(initial);
    const results = await run.run(packedByHand(tensors), { gradients: true });
    const expected = states(tensors, "grad.");
    for (const { name, trainable } of run.model.parameters) {
      if (SCORE_BIAS.test(name)) continue;
      const computed = trainable ? results[`grad.${name}`] : expected[name].map(() => 0);
      assertClose(computed, expected[name], 1e-4, name);
    }
  });

  for (const layout of ["packed", "padded"]) {
    Deno.test(`clam ${name} trains like the reference on ${layout} bags`, async () => {
      const batch = packedByHand(tensors);
      const fed = layout === "packed" ? batch : { ...batch, ...packBags(padded(tensors)) };
      await using run = await ModelRun.create(golden, true);
      run.load(initial);
      const losses = await run.train(fed, golden.steps.length, 1e-3);
      for (const [index, expected] of golden.steps.entries()) {
        const { loss, task = loss, instance, topk } = losses[index];
        const ours = { loss, cross_entropy: task, instance, topk };
        for (const [part, value] of Object.entries(expected)) {
          assertClose([ours[part as keyof typeof ours]!], [value], 1e-5, `step ${index} ${part}`);
        }
      }
      const gradients = states(tensors, "grad.");
      for (const [name, values] of Object.entries(states(tensors, "after5."))) {
        if (SCORE_BIAS.test(name)) continue;
        const firm = (_: number, index: number) => isFirm(gradients[name][index]);
        const computed = run.state.parameter(name).data;
        assertClose(computed.filter(firm), values.filter(firm), 1e-4, name);
        assertClose(computed, values, 5e-3, `${name}, loose entries`);
      }
    });
  }

  Deno.test(`clam ${name}: its padded bags are what padBags() makes of the packed ones`, () => {
    const made = padBags(packedByHand(tensors));
    const { features, shape, mask } = padded(tensors);
    assertEquals(made.shape, [...shape] as [number, number, number]);
    assertEquals(made.mask, mask);
    const kept = (_: number, index: number) => mask[Math.floor(index / shape[2])] === 1;
    assertEquals(made.features.filter(kept), features.filter(kept));
  });
}
