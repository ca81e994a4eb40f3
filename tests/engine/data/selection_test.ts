import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import type { Labels } from "../../../engine/data/data.ts";
import { selectFraction, stratifiedFolds } from "../../../engine/data/selection.ts";

/** Labels with so many samples of each class, classes interleaved. */
function labelsOf(...counts: number[]): Labels {
  const left = [...counts];
  const values: number[] = [];
  while (left.some((count) => count > 0)) {
    left.forEach((count, label) => {
      if (count > 0) values.push(label);
      left[label]--;
    });
  }
  return { values: Int32Array.from(values), width: 1 };
}

function countClasses(labels: Labels, samples: Iterable<number>, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const sample of samples) counts[labels.values[sample]]++;
  return counts;
}

Deno.test("selectFraction() keeps class proportions by largest remainder", () => {
  const labels = labelsOf(70, 20, 10);
  const select = (fraction: number) =>
    countClasses(labels, selectFraction(labels, fraction, { seed: 1 }), 3);
  assertEquals(select(0.1), [7, 2, 1]);
  assertEquals(select(0.5), [35, 10, 5]);
  assertEquals(select(13), [9, 3, 1]);
  assertEquals(select(1), [70, 20, 10]);
});

Deno.test("selectFraction() keeps one sample of each class if it can", () => {
  const labels = labelsOf(97, 1, 2);
  const select = (fraction: number) =>
    countClasses(labels, selectFraction(labels, fraction, { seed: 1 }), 3);
  assertEquals(select(3), [1, 1, 1]);
  assertEquals(select(0.05), [3, 1, 1]);
  assertEquals(select(0.02), [2, 0, 0]);
  assertEquals(select(0.001), [1, 0, 0]);
});

Deno.test("selectFraction() gives ascending, distinct samples by seed", () => {
  const labels = labelsOf(30, 30);
  for (const stratified of [true, false]) {
    const selected = selectFraction(labels, 0.5, { seed: 4, stratified });
    assertEquals(selected, selected.toSorted());
    assertEquals(new Set(selected).size, 30);
    assertEquals(selected, selectFraction(labels, 0.5, { seed: 4, stratified }));
    assertNotEquals(selected, selectFraction(labels, 0.5, { seed: 5, stratified }));
  }
});

Deno.test("selectFraction() selects growing sets", () => {
  const labels = labelsOf(60, 40);
  const tenth = selectFraction(labels, 0.1, { seed: 2 });
  const half = new Set(selectFraction(labels, 0.5, { seed: 2 }));
  assert(tenth.every((sample) => half.has(sample)));
});

Deno.test("selectFraction() selects targets that are not classes at random", () => {
  const labels = { values: new Float32Array(40), width: 2 };
  assertEquals(selectFraction(labels, 0.25, { seed: 0 }).length, 5);
  assertEquals(selectFraction(labels, 1, { seed: 0 }).length, 20);
});

Deno.test("selectFraction() throws on what is not a fraction", () => {
  const labels = labelsOf(5, 5);
  for (const fraction of [0, -1, 1.5, 11, NaN, Infinity]) {
    assertThrows(
      () => selectFraction(labels, fraction, { seed: 0 }),
      RangeError,
      `Cannot select ${fraction} of 10 samples`,
    );
  }
});

Deno.test("stratifiedFolds() balances folds in total and per class", () => {
  const labels = labelsOf(23, 11, 4);
  const folds = stratifiedFolds(labels, 5, 7);
  for (const label of [undefined, 0, 1, 2]) {
    const sizes = [0, 0, 0, 0, 0];
    folds.forEach((fold, sample) => {
      if (label === undefined || labels.values[sample] === label) sizes[fold]++;
    });
    assert(Math.max(...sizes) - Math.min(...sizes) <= 1, sizes.join());
  }
});

Deno.test("stratifiedFolds() depends on the seed", () => {
  const labels = labelsOf(20, 20);
  assertEquals(stratifiedFolds(labels, 4, 1), stratifiedFolds(labels, 4, 1));
  assertNotEquals(stratifiedFolds(labels, 4, 1), stratifiedFolds(labels, 4, 2));
});

Deno.test("stratifiedFolds() divides targets that are not classes at random", () => {
  const folds = stratifiedFolds({ values: new Float32Array(21), width: 1 }, 2, 3);
  assertEquals(folds.reduce((sum, fold) => sum + fold), 10);
  assertNotEquals(folds, Int32Array.from({ length: 21 }, (_, i) => i % 2));
});

Deno.test("stratifiedFolds() throws on impossible numbers of folds", () => {
  for (const folds of [0, 1, 2.5, 5]) {
    assertThrows(
      () => stratifiedFolds(labelsOf(2, 2), folds, 0),
      RangeError,
      `Cannot divide 4 samples into ${folds} folds`,
    );
  }
});
