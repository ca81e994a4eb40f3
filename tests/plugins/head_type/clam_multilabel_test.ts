/** CLAM's instance loss on bags with several labels, against its own loop in PyTorch. */
import { assertEquals } from "@std/assert";
import { gradients } from "../../../engine/autodiff/backward.ts";
import { gather, slice } from "../../../engine/ir/indexing.ts";
import { reshape } from "../../../engine/ir/layout.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { bagGrid } from "../../../engine/nn/bags.ts";
import { gridScores } from "../../../plugins/head_type/_clam_attention.ts";
import { instanceLoss } from "../../../plugins/head_type/_clam_losses.ts";
import { type GoldenTensor, readTensors } from "../../_golden.ts";
import { evaluate, feedsOf, indices, inputsOf, type Sample } from "../../engine/_run.ts";
import { assertClose, within } from "./_mil.ts";

const CLASSES = 3;
const golden = readTensors("mil/clam_multilabel.safetensors");

function given({ data, shape }: GoldenTensor, declared?: Sample["declared"]): Sample {
  return { values: [...data], shape, declared };
}

/** Each class's part of a tensor of all classes. */
function perClass(all: Tensor): Tensor[] {
  return Array.from(
    { length: CLASSES },
    (_, index) => reshape(slice(all, 0, index, index + 1), all.shape.slice(1)),
  );
}

for (const variant of ["sb", "mb"]) {
  for (const subtyping of [false, true]) {
    const name = `${variant}${subtyping ? "_subtyping" : ""}`;
    Deno.test(`instanceLoss() of several labels per bag is CLAM's loop: ${name}`, async () => {
      const tensors = within(golden, `${name}.`);
      const lengths = [...tensors.lengths.data];
      const [branches, rows] = tensors.scores.shape;
      const samples = [
        given(tensors.scores, [branches, "instances"]),
        given(tensors.projected, ["instances", 4]),
        given(tensors.labels, ["batch", CLASSES]),
        given(tensors.weights),
        given(tensors.biases),
        indices(lengths, [lengths.length], ["batch"]),
        indices(lengths.flatMap((n, bag) => Array(n).fill(bag)), [rows], ["instances"]),
      ];
      const [scores, projected, labels, weights, biases, perBag, index] = inputsOf(samples);
      const grid = bagGrid({ lengths: perBag, index });
      const attended = {
        grid,
        scores: gridScores(scores, grid),
        project: (rows: Tensor) => gather(projected, rows),
      };
      const loss = instanceLoss(attended, labels, {
        k_sample: 4,
        subtyping,
        weights: perClass(weights),
        biases: perClass(biases),
      });
      const slopes = gradients(loss, [projected, weights, biases]);
      const results = await evaluate([loss, ...slopes], feedsOf(samples));
      const names = ["loss", "grad.projected", "grad.weights", "grad.biases"];
      assertEquals(results.length, names.length);
      for (const [at, { values }] of results.entries()) {
        assertClose(values, tensors[names[at]].data, 1e-5, names[at]);
      }
    });
  }
}
