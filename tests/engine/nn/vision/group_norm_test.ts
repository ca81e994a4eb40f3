import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { Parameters } from "../../../../engine/nn/scope.ts";
import { groupNorm, groupNormOf } from "../../../../engine/nn/vision/group_norm.ts";
import { relativeError } from "../../../_golden.ts";
import {
  checkLayerGradients,
  EVALUATION,
  ruleImages,
  ruleWeights,
  runOnRule,
} from "../../../_timm.ts";

Deno.test("groupNorm() normalises each group of each sample", async () => {
  const parameters = new Parameters();
  const norm = groupNorm(parameters.scope(), 64);
  const shape = [64, 2, 3];
  const { y } = await runOnRule(parameters.list(), (x) => ({ y: norm(x, EVALUATION) }), shape);
  const [weight, bias] = ["weight", "bias"].map((name) => ruleWeights(name, [64]));
  const images = ruleImages(shape).data as Float32Array;
  const expected = Array.from(images, (value, index) => {
    const start = index - index % 12; // two channels of 2 by 3
    const group = images.subarray(start, start + 12);
    const mean = group.reduce((sum, each) => sum + each, 0) / 12;
    const variance = group.reduce((sum, each) => sum + (each - mean) ** 2, 0) / 12;
    const c = Math.floor(index / 6) % 64;
    return (value - mean) / Math.sqrt(variance + 1e-5) * weight[c] + bias[c];
  });
  assertEquals([...y.shape], [2, ...shape]);
  assertLess(relativeError(y.data as Float32Array, expected), 1e-5);
});

Deno.test("groupNorm() has the gradient of finite differences", async () => {
  const names = await checkLayerGradients((scope) => {
    const norm = groupNorm(scope, 32);
    return (x) => norm(x, EVALUATION);
  }, [2, 32, 2, 2]);
  assertEquals(names, ["weight", "bias"]);
});

Deno.test("groupNormOf() has groups of one size", async () => {
  const [declared, same] = [groupNormOf(2), groupNorm].map((norm) => {
    const parameters = new Parameters();
    const layer = norm(parameters.scope(), 64);
    return runOnRule(parameters.list(), (x) => ({ y: layer(x, EVALUATION) }), [64, 2, 3]);
  });
  assertEquals((await declared).y.data, (await same).y.data);
  const message = "expected channels in groups of 5, received 64";
  assertThrows(() => groupNormOf(5)(new Parameters().scope(), 64), RangeError, message);
});

Deno.test("groupNorm() throws if channels do not divide into groups", () => {
  const message = "expected channels in 32 groups, received 48";
  assertThrows(() => groupNorm(new Parameters().scope(), 48), RangeError, message);
});
