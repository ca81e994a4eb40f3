import { applyOne } from "../../../engine/ir/create.ts";
import { add, mul } from "../../../engine/ir/elementwise.ts";
import { where } from "../../../engine/ir/logic.ts";
import { reshape, transpose } from "../../../engine/ir/layout.ts";
import { matMul, reduceMean, reduceSum, softmax } from "../../../engine/ir/matrix.ts";
import type { Tensor } from "../../../engine/ir/node.ts";
import { membership } from "../../../engine/nn/bags.ts";
import { constantInitializer, normal } from "../../../engine/nn/initializers.ts";
import type { Head, HeadContext, HeadInput, ModelOutput } from "../../../registry/plugin.ts";
import type { ForwardContext } from "../../../engine/nn/scope.ts";
import { assertFails, plain } from "./_broken.ts";

const TARGETS = "accepts targets of some kind";
const OUTPUTS = "gives finite logits, one row per sample";
const STEADY = "draws no random numbers in evaluation";
const COMPANY = "computes a sample alone as in a batch";
const SLOPES = "has the gradients of finite differences";
const SAVED = "computes the same bits when saved and built again";

/** What a head makes of its logits, right or wrong. */
type Change = (
  logits: Tensor,
  input: HeadInput,
  mode: ForwardContext,
) => Tensor | Partial<ModelOutput>;

/** A linear head whose output is changed. */
const linearHead = (change: Change, parts: Partial<Head> = {}) =>
  plain("head_type", (_, { scope, embedDim, numClasses }) => {
    const layer = scope.linear("fc", embedDim, numClasses);
    return {
      input: "embedding",
      forward(input, mode) {
        const logits = layer(input.features, mode);
        const changed = change(logits, input, mode);
        return "node" in changed ? { logits: changed } : { logits, ...changed };
      },
      ...parts,
    };
  });

Deno.test("headChecks accept a linear head, with dropout and an auxiliary loss", async () => {
  await assertFails(linearHead((logits) => logits), {});
  const noisy = linearHead((logits, _, { training, random }) => {
    if (!training) return logits;
    return {
      logits: random.dropout(logits, 0.5),
      losses: { size: reduceMean(mul(logits, logits)) },
    };
  });
  await assertFails(noisy, {});
});

/** A mean over bags, weighted by attention. */
const bagHead = (inside: (bags: NonNullable<HeadInput["bags"]>, scores: Tensor) => Tensor) =>
  plain("head_type", (_, { scope, embedDim, numClasses }) => {
    const score = scope.linear("score", embedDim, 1);
    const layer = scope.linear("fc", embedDim, numClasses);
    return {
      input: "bag",
      forward({ features, bags }, mode) {
        const attention = transpose(score(features, mode)); // [1, instances]
        const pooled = matMul(inside(bags!, attention), features);
        return { logits: layer(pooled, mode), attention };
      },
    };
  });

Deno.test("headChecks accept a head over bags, and find one that looks into other bags", async () => {
  const own = bagHead(({ index, lengths }, scores) =>
    softmax(where(membership(index, lengths), scores, -1e30))
  );
  await assertFails(own, {});
  const leaking = bagHead(({ index, lengths }, scores) =>
    softmax(where(membership(index, lengths), scores, 0))
  );
  await assertFails(leaking, {
    [COMPANY]: /^the logits of sample 0 change with its neighbours by /,
  });
});

Deno.test("headChecks find a head that refuses everything, or has another input", async () => {
  const every = { [OUTPUTS]: /./, [STEADY]: /./, [COMPANY]: /./, [SLOPES]: /./, [SAVED]: /./ };
  const refusing = plain("head_type", () => {
    throw new RangeError("no");
  });
  await assertFails(refusing, {
    ...every,
    [TARGETS]: /^it refuses all targets: multiclass \(3\), /,
  });
  const odd = linearHead((logits) => logits, { input: "slide" as Head["input"] });
  await assertFails(odd, { ...every, [TARGETS]: /^its input is "slide"$/ });
});

Deno.test("headChecks find logits of another shape, or that are not finite", async () => {
  const narrow = plain("head_type", (_, { scope, embedDim }) => {
    const layer = scope.linear("fc", embedDim, 2);
    return {
      input: "embedding",
      forward: ({ features }, mode) => ({ logits: layer(features, mode) }),
    };
  });
  await assertFails(narrow, {
    [OUTPUTS]: /^logits are float32 \[4, 2\], expected float32 \[4, 3\]$/,
    [COMPANY]: /./,
  });
  const flat = linearHead((logits) => reshape(logits, ["batch*classes"]));
  await assertFails(flat, {
    [OUTPUTS]: /^logits are declared float32 \[batch\*classes\], expected/,
  });
  const endless = linearHead((logits) => mul(logits, Infinity));
  await assertFails(endless, {
    [OUTPUTS]: /^logits hold -?Infinity at 0$/,
    [COMPANY]: /./,
    [SLOPES]: /./,
  });
});

Deno.test("headChecks find auxiliary losses that are not numbers", async () => {
  const wide = linearHead((logits, _, { training }) =>
    training ? { losses: { each: reduceSum(mul(logits, logits), { axes: [1] }) } } : logits
  );
  await assertFails(wide, { [OUTPUTS]: /^loss each are float32 \[4\], expected float32 \[\]$/ });
});

Deno.test("headChecks find attention that is not one score per instance", async () => {
  const short = linearHead((logits, { features }) => ({
    logits,
    attention: reduceSum(features, { axes: [1] }),
  }));
  await assertFails(short, { [OUTPUTS]: /^attention scores are float32 \[4\]/ });
});

Deno.test("headChecks find noise in evaluation", async () => {
  const noisy = linearHead((logits, _, { random }) => random.dropout(logits, 0.5));
  await assertFails(noisy, { [STEADY]: /^its evaluation depends on the seed$/, [COMPANY]: /./ });
});

Deno.test("headChecks find a sample's logits that depend on the batch", async () => {
  const centred = linearHead((logits) => {
    const mean = reduceMean(logits, { axes: [0], keepdims: true });
    return add(logits, mul(mean, -1));
  });
  await assertFails(centred, { [COMPANY]: /^the logits of sample 0 change with its neighbours/ });
});

Deno.test("headChecks find gradients that are wrong, and parameters that get none", async () => {
  const halved = linearHead((logits) =>
    add(logits, applyOne("Identity", [logits], { detached: true }))
  );
  await assertFails(halved, {
    [SLOPES]: /^the gradient of "head.fc.weight" \[3, 6\] says \S+ where/,
  });
  const cut = linearHead((logits) => applyOne("Identity", [logits], { detached: true }));
  await assertFails(cut, {
    [SLOPES]: /^the gradient of "head.fc.weight" \[3, 6\] says 0.000 where/,
  });
  const blind = linearHead((logits) => mul(logits, 0));
  await assertFails(blind, { [SLOPES]: /^no gradient reaches its parameters$/ });
});

Deno.test("headChecks find names that change, and numbers that are not in the weights", async () => {
  let calls = 0;
  const renaming = plain(
    "head_type",
    (_, { scope, embedDim, numClasses }: HeadContext) => {
      const layer = scope.linear(`fc${calls++}`, embedDim, numClasses);
      return {
        input: "embedding",
        forward: ({ features }, mode) => ({ logits: layer(features, mode) }),
      };
    },
  );
  await assertFails(renaming, { [SAVED]: /^parameters were head.fc\d+.weight/ });
  const hidden = linearHead((logits) => mul(logits, 1 + calls++ / 100));
  await assertFails(hidden, { [SAVED]: /^logits were /, [COMPANY]: /./ });
});

Deno.test("headChecks find initial values that do not fill a parameter", async () => {
  const short = plain("head_type", (_, { scope, embedDim, numClasses }) => {
    const weight = scope.parameter("w", [embedDim, numClasses], () => new Float32Array(2));
    return {
      input: "embedding",
      forward: ({ features }) => ({ logits: matMul(features, weight) }),
    };
  });
  const wrong = /^parameter "head.w" gets 2 initial values for shape \[6, 3\]$/;
  await assertFails(short, { [OUTPUTS]: wrong, [COMPANY]: wrong, [SLOPES]: wrong, [SAVED]: wrong });
  const nan = plain("head_type", (_, { scope, embedDim, numClasses }) => {
    const weight = scope.parameter("w", [embedDim, numClasses], constantInitializer(NaN));
    const bias = scope.parameter("b", [numClasses], normal(1));
    return {
      input: "embedding",
      forward: ({ features }) => ({ logits: add(matMul(features, weight), bias) }),
    };
  });
  const empty = /^initial values of "head.w" are not finite$/;
  await assertFails(nan, { [OUTPUTS]: empty, [COMPANY]: empty, [SLOPES]: empty, [SAVED]: empty });
});

Deno.test("headChecks find parameters that no gradient reaches, though the features get one", async () => {
  const bypassing = plain(
    "head_type",
    (_, { scope, embedDim, numClasses }) => {
      const layer = scope.linear("fc", embedDim, numClasses);
      return {
        input: "embedding",
        forward({ features }, mode) {
          const means = reduceMean(features, { axes: [1], keepdims: true });
          return { logits: add(mul(layer(features, mode), 0), means) };
        },
      };
    },
  );
  await assertFails(bypassing, { [SLOPES]: /^no gradient reaches its parameters$/ });
});
