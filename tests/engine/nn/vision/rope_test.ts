import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { constant } from "../../../../engine/ir/create.ts";
import { Parameters } from "../../../../engine/nn/scope.ts";
import { rope, type RopeKind, type RopeOptions } from "../../../../engine/nn/vision/rope.ts";
import { evaluate } from "../../../../engine/runtime/evaluate.ts";
import { checkLayerGradients, ruleNumbers } from "../../../_timm.ts";

const OPTIONS: RopeOptions = {
  width: 8,
  heads: 2,
  depth: 2,
  grid: [2, 3],
  prefixTokens: 1,
  temperature: 100,
  half: false,
  offset: 0,
  indexing: "ij",
};
const SHAPE = [1, 2, 7, 8];
const TOKEN = 8;

/** The tokens of the first head, before and after they are turned. */
async function turned(kind: RopeKind, options: Partial<RopeOptions>) {
  const rotate = rope(new Parameters().scope(), kind, { ...OPTIONS, ...options })(0);
  const x = Float32Array.from(ruleNumbers("input", 7 * 2 * TOKEN));
  const { data } = await evaluate(rotate(constant(x, SHAPE)));
  const tokens = (values: ArrayLike<number>) =>
    Array.from(
      { length: 7 },
      (_, token) => Array.from({ length: TOKEN }, (_, at) => values[token * TOKEN + at]),
    );
  return { before: tokens(x), after: tokens(data as Float32Array) };
}

const length = (values: readonly number[]) => Math.hypot(...values);

for (const [kind, half] of [["cat", false], ["dinov3", true]] as const) {
  Deno.test(`rope() leaves prefix tokens, and lengths: ${kind}`, async () => {
    const { before, after } = await turned(kind, { half });
    assertEquals(after[0], before[0]);
    const changes = before.map((token, at) => Math.abs(length(token) - length(after[at])));
    assertLess(Math.max(...changes), 1e-5);
  });
}

Deno.test("rope() turns neighbours by row and column times a band", async () => {
  const { before, after } = await turned("cat", {});
  const token = 6; // row 1, column 2
  const angles = [1, 1 * 100 ** -0.5, 2, 2 * 100 ** -0.5]; // rows, then columns
  for (const [pair, angle] of angles.entries()) {
    const [a, b] = before[token].slice(2 * pair);
    assertAlmostEquals(
      after[token][2 * pair],
      a * Math.cos(angle) - b * Math.sin(angle),
      1e-6,
    );
    assertAlmostEquals(
      after[token][2 * pair + 1],
      b * Math.cos(angle) + a * Math.sin(angle),
      1e-6,
    );
  }
});

Deno.test("rope() scales positions to another grid, after an offset, columns first", async () => {
  const options = { offset: 1, reference: [4, 6], indexing: "xy" } as const;
  const { before, after } = await turned("cat", options);
  const [a, b] = before[6];
  const angle = (2 + 1) / 3 * 6;
  assertAlmostEquals(after[6][0], a * Math.cos(angle) - b * Math.sin(angle), 1e-5);
});

Deno.test("rope() turns halves by the middles of patches, as DINOv3", async () => {
  const { before, after } = await turned("dinov3", { half: true });
  const angle = 2 * Math.PI * (2 * (2 + 0.5) / 3 - 1) / 100 ** 0.5; // column 2, second period
  const [a, b] = [before[6][3], before[6][7]];
  assertAlmostEquals(after[6][3], a * Math.cos(angle) - b * Math.sin(angle), 1e-6);
  assertAlmostEquals(after[6][7], b * Math.cos(angle) + a * Math.sin(angle), 1e-6);
});

for (const half of [false, true]) {
  Deno.test(`rope() has the gradients of finite differences: half ${half}`, async () => {
    const names = await checkLayerGradients(
      (scope) => rope(scope, "mixed", { ...OPTIONS, half })(1),
      SHAPE,
    );
    assertEquals(names, ["freqs"]);
  });
}
