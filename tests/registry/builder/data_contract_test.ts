import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { SourceModule, Split } from "../../../engine/data/data.ts";
import { ContractError } from "../../../engine/fault.ts";
import { ones } from "../../../engine/nn/initializers.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import type { PretrainedWeights, TaskInfo } from "../../../registry/plugin.ts";
import {
  requireFittingWeights,
  requireSource,
  requireSplit,
  requireWeights,
} from "../../../registry/builder/data_contract.ts";

const task: TaskInfo = { task: "Classification", subtask: "multiclass", numClasses: 3 };
const split: Split = {
  name: "train.h5",
  length: 4,
  labels: { values: new Int32Array(4), width: 1 },
  sampleShape: [6],
  source: { module: "file:///rows.ts", options: {} },
};

/** What a requirement says. */
function refusal(require: () => unknown): string {
  return assertThrows(require, ContractError).message.replace(/^expected /, "");
}

Deno.test("requireSplit() accepts facts that fit each other, and no split", () => {
  assertEquals(requireSplit(undefined, task), undefined);
  const bags: Split = { ...split, bagLengths: Int32Array.of(1, 2, 3, 4) };
  for (const each of [split, bags]) assertStrictEquals(requireSplit(each, task), each);
  const labels = { values: new Float32Array(12), width: 3 };
  for (const subtask of ["multilabel", "regression"] as const) {
    requireSplit({ ...split, labels }, { ...task, subtask });
  }
});

Deno.test("requireSplit() says what does not fit", () => {
  const refused: [unknown, string][] = [
    [null, "a split, received null"],
    [{ ...split, name: undefined }, "a split with a name, received nothing"],
    [{ ...split, length: 0 }, 'the length of split "train.h5" to be at least 1, received 0'],
    [
      { ...split, sampleShape: 6 },
      'the sampleShape of split "train.h5" as a list of sizes, received 6',
    ],
    [
      { ...split, labels: { values: new Float32Array(4), width: 1 } },
      'the labels of split "train.h5" as Int32Array, received a Float32Array',
    ],
    [
      { ...split, labels: undefined },
      'the labels of split "train.h5" as Int32Array, received nothing',
    ],
    [
      { ...split, labels: { values: new Int32Array(4), width: 2 } },
      'labels of split "train.h5" of width 1, received 2',
    ],
    [
      { ...split, labels: { values: new Int32Array(5), width: 1 } },
      '4 labels of split "train.h5", received 5',
    ],
    [
      { ...split, bagLengths: new Int32Array(3) },
      '4 bagLengths of split "train.h5", received 3',
    ],
    [{ ...split, source: {} }, 'the source of split "train.h5" with a module, received nothing'],
  ];
  for (const [given, message] of refused) {
    assertEquals(refusal(() => requireSplit(given as Split, task)), message);
  }
});

Deno.test("requireSource() wants a module", () => {
  assertStrictEquals(requireSource(split.source, "a source"), split.source);
  const url = { module: new URL("file:///rows.ts") } as unknown as SourceModule;
  assertEquals(
    refusal(() => requireSource(url, "a source")),
    "a source with a module, received " +
      "an URL",
  );
});

Deno.test("requireWeights() wants values by name", () => {
  const weights = { values: new Map([["w", new Float32Array(1)]]), file: "w", notices: [] };
  assertStrictEquals(requireWeights(weights), weights);
  const refused: [unknown, string][] = [
    [undefined, '"values" as a Map, received nothing'],
    [{ ...weights, values: {} }, '"values" as a Map, received an object'],
    [{ ...weights, values: new Map([["w", [1]]]) }, '"w" as a Float32Array, received an Array'],
    [{ ...weights, notices: undefined }, '"notices" as a list, received nothing'],
  ];
  for (const [given, message] of refused) {
    assertEquals(refusal(() => requireWeights(given as PretrainedWeights)), message);
  }
});

Deno.test("requireFittingWeights() wants the sizes of parameters", () => {
  const parameters = new Parameters();
  parameters.scope().parameter("w", [2, 3], ones);
  const fit = (name: string, size: number) => () =>
    requireFittingWeights(new Map([[name, new Float32Array(size)]]), parameters.list());
  fit("w", 6)();
  requireFittingWeights(new Map(), parameters.list());
  assertEquals(refusal(fit("w", 5)), '"w" [2, 3], received 5 values');
  assertEquals(refusal(fit("v", 6)), 'weights of parameters, received "v", which is none');
});
