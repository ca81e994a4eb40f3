/** What the user of a plugin that breaks while it is used sees: one line that names slot and key. */
import { assertEquals, assertMatch } from "@std/assert";
import { bagFlags, writeBagSplits } from "../_bags.ts";
import { inFolder, namesIn, writeSplits } from "../_training.ts";
import { runProcess } from "./_process.ts";
import { head, metric, optimizer, plugin, trainWith, type Use, wordsOf } from "./_strangers.ts";

interface Case extends Use {
  /** The line after \`Cannot use SLOT "mine": \`. */
  readonly line: string | RegExp;
  /** @default {2} */
  readonly code?: number;
}

const HEAD = { "model.head.head_type": "mine" };
const WARMUP = ["optimizer.warmup_epochs"];
const { "model.head.variant": _, "model.head.size_arg": __, ...bags } = bagFlags(HEAD);
const BAGS = bags;
const ENCODER = {
  flags: { "model.encoder.encoder_type": "mine" },
  without: ["model.encoder.feature_dim"],
};

const HEADS: Readonly<Record<string, Omit<Case, "flags">>> = {
  "a wrong name in forward": {
    text: head("return { logits: fc(feature, mode) };"),
    line: "it is broken: feature is not defined",
  },
  "operands that do not fit": {
    text: head("return { logits: gemm(features, features) };"),
    line: "it is broken: Cannot apply Gemm: inner dimensions 6 and batch differ",
  },
  "an axis that is not there": {
    text: head("return { logits: reduceMean(features, { axes: [3] }) };"),
    line: "it is broken: Cannot use axis 3: the tensor has 2 dimensions",
  },
  "a tensor instead of an object": {
    text: head("return fc(features, mode);"),
    line: "expected an object with logits, received a tensor",
  },
  "logits of another rank": {
    text: head('return { logits: reshape(features, ["batch", 2, 3]) };'),
    line: "expected logits [batch, 3], received [batch, 2, 3]",
  },
  "logits of another width": {
    text: head("return { logits: features };"),
    line: "expected logits [batch, 3], received [batch, 6]",
  },
  "logits of another type": {
    text: head('return { logits: engine.cast(fc(features, mode), "int64") };'),
    line: "expected logits float32 [batch, 3], received int64 [batch, 3]",
  },
  "a loss that is not a scalar": {
    text: head(
      "const logits = fc(features, mode);" +
        "return { logits, losses: { size: reduceMean(mul(logits, logits), { axes: [1] }) } };",
    ),
    line: 'expected loss "size" to be a scalar, received [batch]',
  },
  "an operator that has no gradient": {
    text: head("return { logits: engine.pow(2, fc(features, mode)) };"),
    line: "it is broken: Cannot differentiate Pow: the exponent is not constant",
  },
  "a graph that fails when it runs": {
    text: head(
      'const all = engine.slice(reshape(fc(features, mode), ["all", 2]), 0, 0, 5);' +
        'return { logits: reshape(all, ["batch", 3]) };',
    ),
    line:
      /^it is broken: Cannot compute Reshape ".*": The input tensor cannot be reshaped .*\{5,2\}/,
  },
  "a graph that the runtime refuses": {
    text: head(
      'const rough = engine.cast(fc(features, mode), "bfloat16");' +
        'return { logits: engine.cast(mul(rough, rough), "float32") };',
    ),
    line: /^it is broken: Cannot compute Mul ".*": Could not find an implementation$/,
  },
  "an input that nobody feeds": {
    text: head(
      'const mask = engine.input("mask", "float32", []);' +
        "return { logits: mul(fc(features, mode), mask) };",
    ),
    line: 'it is broken: Cannot run the graph: input "mask" is not fed',
  },
  "an input that is there already": {
    text: head(
      'const again = engine.input("features", "float32", ["batch", 6]);' +
        "return { logits: fc(add(features, again), mode) };",
    ),
    line: 'it is broken: Cannot emit the graph: two inputs are named "features"',
  },
  "a name that the context does not have": {
    text: plugin(
      "head_type",
      '({ input: "embedding", forward() {}, fc: context.scope.linear("fc", context.width, 3) })',
    ),
    line: 'it is broken: Cannot declare parameter "head.fc.weight": its shape is [3, undefined], ' +
      "expected whole numbers",
  },
  "an initializer that gives too little": {
    text: plugin(
      "head_type",
      `(() => {
        const weight = context.scope.parameter("w", [6, 3], () => new Float32Array(6));
        const forward = ({ features }) => ({ logits: gemm(features, weight) });
        return { input: "embedding", forward };
      })()`,
    ),
    line: 'it is broken: Cannot start parameter "head.w": its initializer gives 6 numbers, ' +
      "expected a Float32Array for [6, 3]",
  },
  "a product without its method": {
    text: plugin("head_type", '({ input: "embedding" })'),
    line: 'expected "forward" to be a method, received nothing',
  },
};

const OVER_BAGS: Readonly<Record<string, Omit<Case, "flags">>> = {
  "logits of every instance": {
    text: head("return { logits: fc(features, mode) };", "bag"),
    line: "expected logits [batch, 2], received [instances, 2]",
  },
  "attention with the instances first": {
    text: head(
      'const size = reshape(engine.cast(bags.lengths, "float32"), ["batch", 1]);' +
        "return { logits: engine.concat([size, size], 1), attention: fc(features, mode) };",
      "bag",
    ),
    line: "expected attention [branches, instances], received [instances, 2]",
  },
};

const OPTIMIZERS: Readonly<Record<string, Omit<Case, "flags">>> = {
  "an update that throws": {
    text: optimizer("update() { return state.m; },"),
    line: "it is broken: state is not defined",
  },
  "an update that forgets a state": {
    text: optimizer("update: ({ parameter }) => ({ parameter, state: {} }),"),
    line: 'expected the new state "m" [3, 6], received nothing',
  },
  "an update with a state more": {
    text: optimizer(
      "update: ({ parameter, state }) => ({ parameter, state: { ...state, n: 1 } }),",
    ),
    line: 'expected state that was announced, received "n"',
  },
  "an update of another shape": {
    text: optimizer(
      "update: ({ parameter, state }) => ({ parameter: reduceSum(parameter), state }),",
    ),
    line: "expected the new parameter [3, 6], received []",
  },
  "state of a shape that does not exist": {
    text: optimizer('state: () => ({ m: { shape: "matrix" } }),'),
    line: 'expected the shape of state "m" to be "parameter" or "scalar", received "matrix"',
  },
  "scalars that throw in a later step": {
    text: optimizer(
      'scalars(step, lr) { if (step > 2) throw new Error("no more"); return { lr }; },',
    ),
    line: "it is broken: no more",
  },
  "scalars that are not finite": {
    text: optimizer("scalars: (step, lr) => ({ lr: lr / (2 - step) }),"),
    line: 'expected a number for scalar "lr" in update 2, received Infinity',
  },
  "scalars of other names": {
    text: optimizer("scalars: (step, lr) => step === 3 ? {} : { lr },"),
    line: 'expected the scalars "lr" in update 3, received none',
  },
};

const OTHERS: Readonly<Record<string, Case>> = {
  "scheduler: a factor that throws": {
    text: plugin("scheduler", '({ factor() { throw new ReferenceError("x is not defined"); } })'),
    flags: { "optimizer.scheduler": "mine" },
    without: WARMUP,
    line: "it is broken: x is not defined",
  },
  "scheduler: a factor that is nothing": {
    text: plugin("scheduler", "({ factor() {} })"),
    flags: { "optimizer.scheduler": "mine" },
    without: WARMUP,
    line: "expected a factor of at least 0 in epoch 0, received nothing",
  },
  "metric: compute that throws": {
    text: metric("compute() { return { Mine: this.sum / count }; },"),
    flags: { "task.metrics": "mine" },
    line: "it is broken: count is not defined",
  },
  "metric: update that throws at a batch": {
    text: metric('update({ count }) { if (count > 1) throw new RangeError("too many"); },'),
    flags: { "task.metrics": "mine" },
    line: "it is broken: too many",
  },
  "metric: values that are not numbers": {
    text: metric('compute: () => ({ Mine: "good" }),'),
    flags: { "task.metrics": "mine" },
    line: 'expected a number for "Mine", received "good"',
  },
  "logger: start that throws": {
    text: plugin("logger", '({ start() { throw "no host"; }, log() {}, finish() {} })'),
    flags: { "logger.backend": "mine" },
    line: "it is broken: no host",
  },
  "logger: log that fails, and finish after it": {
    text: plugin(
      "logger",
      `({
        start() {},
        async log() { throw new Error("first"); },
        async finish() { throw new Error("second"); },
      })`,
    ),
    flags: { "logger.backend": "mine" },
    line: "it is broken: first",
  },
  "logger: a file that cannot be written": {
    text: plugin(
      "logger",
      '({ start() {}, log: () => Deno.writeTextFile("/nowhere/log.txt", ""), finish() {} })',
    ),
    flags: { "logger.backend": "mine" },
    line: /^No such file or directory .*\/nowhere\/log.txt'?$/,
    code: 1,
  },
  "peft: head that throws": {
    text: plugin("peft", "({ encoder: (scope) => scope, head: (scope) => scope.freeze() })"),
    flags: { "peft.method": "mine" },
    line: "it is broken: scope.freeze is not a function",
  },
  "peft: encoder that returns nothing": {
    text: plugin("peft", "({ encoder() {}, head: (scope) => scope })"),
    flags: { "peft.method": "mine" },
    line: "expected a scope, received nothing",
  },
  "peft: a layer of its own that throws": {
    text: plugin(
      "peft",
      `({
        encoder: (scope) => scope,
        head: ({ path, child, parameter }) => ({ path, child, parameter, linear: () => (x) => y }),
      })`,
    ),
    flags: { "peft.method": "mine" },
    line: "it is broken: y is not defined",
  },
  "encoder_type: forward that throws": {
    text: plugin(
      "encoder_type",
      '({ output: "features", embedDim: 6, forward(x) { return this.layers[0](x); } })',
    ),
    ...ENCODER,
    line: "it is broken: Cannot read properties of undefined (reading '0')",
  },
  "encoder_type: output of another width": {
    text: plugin("encoder_type", '({ output: "features", embedDim: 4, forward: (x) => x })'),
    ...ENCODER,
    line: "expected features [batch, 4], received [batch, 6]",
  },
  "encoder_type: weights of no parameter": {
    text: plugin(
      "encoder_type",
      `({
        output: "features", embedDim: 6, forward: (x) => x,
        pretrained: async () =>
          ({ values: new Map([["w", new Float32Array(2)]]), file: "w", notices: [] }),
      })`,
    ),
    ...ENCODER,
    line: 'expected weights of parameters, received "encoder.model.w", which is none',
  },
  "policy: create that throws": {
    text: plugin("policy", "({ channels: context.preprocessing.chanels.length })"),
    flags: {
      "data.dataset": "cifar10",
      "data.augmentation.test_policy": "mine",
      "model.encoder.encoder_type": "timm",
      "model.encoder.type": "test_vit",
    },
    without: [
      "data.num_classes",
      "data.train_features_file",
      "data.val_features_file",
      "data.test_features_file",
      "model.encoder.feature_dim",
    ],
    line: "it is broken: Cannot read properties of undefined (reading 'length')",
  },
};

/** All cases, by slot and mistake. */
function* cases(): Iterable<[name: string, Case]> {
  for (const [name, each] of Object.entries(HEADS)) {
    yield [`head_type: ${name}`, { ...each, flags: HEAD }];
  }
  for (const [name, each] of Object.entries(OVER_BAGS)) {
    yield [`head_type: ${name}`, { ...each, flags: BAGS }];
  }
  for (const [name, each] of Object.entries(OPTIMIZERS)) {
    yield [`optimizer: ${name}`, { ...each, flags: { "optimizer.name": "mine" } }];
  }
  yield* Object.entries(OTHERS);
}

Deno.test("a plugin that breaks is named in one line, with exit code 2", async (t) => {
  for (const [name, broken] of cases()) {
    await t.step(name, async () => {
      await inFolder(async (folder) => {
        const write = broken.flags === BAGS ? writeBagSplits : writeSplits;
        const { code, err } = await trainWith(await write(folder), broken);
        assertEquals([code, err.length], [broken.code ?? 2, 1], err.join("\n"));
        const start = `Cannot use ${name.split(":")[0]} "mine": `;
        assertEquals(err[0].slice(0, start.length), start);
        const { line } = broken;
        if (typeof line === "string") assertEquals(err[0].slice(start.length), line);
        else assertMatch(err[0].slice(start.length), line);
      });
    });
  }
});

Deno.test("a plugin that breaks before the first step leaves no run behind", async () => {
  await inFolder(async (folder) => {
    const use = { text: HEADS["logits of another rank"].text, flags: HEAD };
    const { code, out, err } = await runProcess(
      await wordsOf(await writeSplits(folder), use),
      folder,
    );
    assertEquals([code, out, err], [2, [], [
      'Cannot use head_type "mine": expected logits [batch, 3], received [batch, 2, 3]',
    ]]);
    assertEquals(await namesIn(folder), ["mine.ts", "test.h5", "train.h5", "val.h5"]);
  });
});

Deno.test("a plugin whose options do not fit is a problem of the config", async () => {
  await inFolder(async (folder) => {
    const use = {
      text: plugin("scheduler", '(() => { throw new RangeError("expected fewer epochs"); })()'),
      flags: { "optimizer.scheduler": "mine" },
      without: WARMUP,
    };
    const { code, err } = await trainWith(await writeSplits(folder), use);
    assertEquals([code, err], [2, ['optimizer.scheduler: "mine": expected fewer epochs']]);
  });
});
