import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Group, groupFolds, groupParts } from "../../../engine/slides/divide.ts";
import { Random } from "../../../engine/random.ts";

/** Patients of two classes, a third of them of the second one, with one to four slides each. */
function patients(count: number, seed = 1): Group[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, at) => {
    const slides = 1 + random.integer(4);
    return { id: `p${at}`, counts: at % 3 === 0 ? [0, slides] : [slides, 0] };
  });
}

/** Samples of a class in a fold, as a share of all of that class. */
function share(groups: readonly Group[], folds: Int32Array, fold: number, at: number): number {
  const sum = (chosen: readonly Group[]) => chosen.reduce((all, { counts }) => all + counts[at], 0);
  return sum(groups.filter((_, index) => folds[index] === fold)) / sum(groups);
}

Deno.test("groupFolds() keeps classes in proportion, whatever the seed", () => {
  for (let seed = 0; seed < 50; seed++) {
    const groups = patients(60, seed);
    const folds = groupFolds(groups, 4, seed);
    for (const fold of [0, 1, 2, 3]) {
      for (const at of [0, 1]) {
        const found = share(groups, folds, fold, at);
        assert(Math.abs(found - 0.25) < 0.06, `seed ${seed}, fold ${fold}, class ${at}: ${found}`);
      }
    }
  }
});

Deno.test("groupFolds() depends on the seed, and on nothing else", () => {
  const groups = patients(40);
  assertEquals(groupFolds(groups, 5, 7), groupFolds(groups, 5, 7));
  assert(groupFolds(groups, 5, 7).join() !== groupFolds(groups, 5, 8).join());
});

Deno.test("groupFolds() leaves no fold without a patient", () => {
  for (const count of [2, 3, 5, 9]) {
    const folds = groupFolds(patients(count), count, 3);
    assertEquals([...new Set(folds)].length, count);
  }
});

Deno.test("groupFolds() divides several binary targets and rare classes", () => {
  const groups = Array.from({ length: 40 }, (_, at) => ({
    id: `${at}`,
    counts: [1, Number(at % 2 === 0), Number(at % 10 === 0)],
  }));
  const folds = groupFolds(groups, 4, 0);
  for (const fold of [0, 1, 2, 3]) {
    assertEquals(share(groups, folds, fold, 2), 0.25);
    assertEquals(share(groups, folds, fold, 1), 0.25);
  }
});

Deno.test("groupFolds() refuses more folds than patients", () => {
  const { message } = assertThrows(() => groupFolds(patients(3), 4, 0), RangeError);
  assertEquals(message, "Cannot divide 3 patients into 4 folds: expected 2 to 3 folds");
});

Deno.test("groupParts() cuts shares of each kind of patient", () => {
  for (let seed = 0; seed < 50; seed++) {
    const groups = patients(60, seed);
    const parts = groupParts(groups, [0.2, 0.1], seed);
    const counts = (part: number) => {
      const chosen = groups.filter((_, index) => parts[index] === part);
      return [chosen.length, chosen.filter(({ counts }) => counts[1] > 0).length];
    };
    assertEquals([counts(0), counts(1), counts(-1)], [[12, 4], [6, 2], [42, 14]]);
  }
});

Deno.test("groupParts() gives a small share a patient, and leaves some", () => {
  const groups = patients(4);
  assertEquals([...groupParts(groups, [0.01], 0)].filter((part) => part === 0).length, 1);
  assertEquals([...groupParts(groups, [0, 0], 0)], [-1, -1, -1, -1]);
  assertEquals([...groupParts([], [0.5], 0)], []);
  const { message } = assertThrows(() => groupParts(groups, [0.5, 0.5], 0), RangeError);
  assertEquals(message, "Cannot choose 0.5 and 0.5 of 4 patients: none is left");
});
