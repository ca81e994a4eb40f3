import { assertEquals, assertLess, assertThrows } from "@std/assert";
import * as v from "valibot";
import { constant, scalar } from "../../../engine/ir/create.ts";
import { transpose } from "../../../engine/ir/layout.ts";
import { matMul } from "../../../engine/ir/matrix.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { Parameters } from "../../../engine/nn/scope.ts";
import { evaluate } from "../../../engine/runtime/evaluate.ts";
import { cayley, dropRotations, skewMatrices } from "../../../plugins/peft/_rotations.ts";
import { oft } from "../../../plugins/peft/oft.ts";
import { relativeError } from "../../_golden.ts";
import { ruleNumbers } from "../../_timm.ts";
import { testAgainstPyTorch } from "./_golden_peft.ts";

testAgainstPyTorch(oft);

function shapeFor(inputs: number, oft_r: number): readonly number[] {
  const parameters = new Parameters();
  const peft = oft.create(v.parse(oft.config, { oft_r }), {});
  peft.encoder(parameters.scope()).child("blocks.0.attn").linear("qkv", inputs, 2);
  return parameters.list().at(-1)!.shape;
}

Deno.test("oft takes the number of blocks that divides the inputs and is nearest", () => {
  assertEquals(shapeFor(768, 8), [8, 96 * 95 / 2]);
  assertEquals(shapeFor(12, 5), [4, 3]); // Of 4 and 6 the smaller one.
  assertEquals(shapeFor(30, 14), [15, 1]);
  const message = "expected oft_r to leave blocks of several of the 6 inputs";
  assertThrows(() => shapeFor(6, 8), RangeError, message);
});

Deno.test("cayley() rotates by small and by large angles", async () => {
  for (const scale of [0, 1e-3, 1, 12]) {
    const entries = Float32Array.from(ruleNumbers("q", 3 * 28), (x) => scale * x);
    const rotations = cayley(skewMatrices(constant(entries, [3, 28]), 8));
    const { data } = await evaluate(matMul(rotations, transpose(rotations, [0, 2, 1])));
    const one = Float32Array.from({ length: 3 * 64 }, (_, i) => Number(i % 64 % 9 === 0));
    assertLess(relativeError(data as Float32Array, one), 1e-4, `${scale}`);
  }
});

Deno.test("dropRotations() leaves out a share of the blocks, other ones in each step", async () => {
  const rotations = constant(new Float32Array(10 * 4).fill(7), [10, 2, 2]);
  const chosen = new Set<string>();
  for (const seed of [1, 2, 3]) {
    const random = new RandomStream(scalar(seed, "uint32"));
    const { data } = await evaluate(dropRotations(rotations, 0.35, { training: true, random }));
    const blocks = Array.from({ length: 10 }, (_, i) => [...data.slice(4 * i, 4 * i + 4)].join());
    assertEquals(blocks.filter((block) => block === "1,0,0,1").length, 3);
    assertEquals(blocks.filter((block) => block === "7,7,7,7").length, 7);
    chosen.add(blocks.join(" "));
  }
  assertEquals(chosen.size, 3);
});
