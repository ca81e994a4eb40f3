import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import type { Split } from "../../../engine/data/data.ts";
import { input } from "../../../engine/ir/create.ts";
import { add } from "../../../engine/ir/elementwise.ts";
import { ones } from "../../../engine/nn/initializers.ts";
import { RandomStream } from "../../../engine/nn/random.ts";
import { frozen, Parameters, type Scope } from "../../../engine/nn/scope.ts";
import { Guard } from "../../../registry/builder/guard.ts";
import { guardedProduct } from "../../../registry/builder/guarded_product.ts";
import { ConfigError, PluginError } from "../../../registry/errors.ts";
import type {
  Calibration,
  Encoder,
  ImageTransform,
  Metric,
  MetricInput,
  Optimizer,
  Peft,
  ResampledMetric,
  Slot,
  SlotContexts,
  SlotProducts,
  StepHook,
  StepValues,
  TaskInfo,
} from "../../../registry/plugin.ts";

const task: TaskInfo = { task: "Classification", subtask: "multiclass", numClasses: 3 };

/** The builder's view of a product. */
function seen<S extends Slot>(slot: S, product: SlotProducts[S], context: unknown = {}) {
  const guard = new Guard({ slot, key: "mine" });
  return guardedProduct(slot, product, guard, context as SlotContexts[S]);
}

const start = (slot: Slot) => `Cannot use ${slot} "mine": `;
const mode = { training: false, random: new RandomStream(input("seed", "uint32", [])) };
const split: Split = {
  name: "train.h5",
  length: 4,
  labels: { values: new Int32Array(4), width: 1 },
  sampleShape: [6],
  source: { module: "file:///rows.ts", options: 3 },
};

Deno.test("a dataset's sources are the dataset's", async () => {
  const dataset = seen("dataset", {
    ...task,
    classNames: ["a", "b", "c"],
    open: (name) => Promise.resolve(name === "train" ? split : undefined),
  });
  assertEquals(dataset.classNames, ["a", "b", "c"]);
  assertEquals(await dataset.open("val"), undefined);
  const source = { ...split.source, part: 'dataset "mine"' };
  assertEquals(await dataset.open("train"), { ...split, source });
  const wrong = seen("dataset", { ...task, open: () => Promise.resolve({ ...split, length: 3 }) });
  await assertRejects(
    () => wrong.open("train"),
    PluginError,
    `${start("dataset")}expected 3 labels`,
  );
});

const encoder: Encoder = { output: "features", embedDim: 6, forward: (x) => x };

Deno.test("an encoder's output is what it announces", () => {
  const x = input("x", "float32", ["batch", 6]);
  const view = seen("encoder_type", encoder);
  assertStrictEquals(view.forward(x, mode), x);
  assertEquals(["reader" in view, "pretrained" in view], [false, false]);
  assertThrows(
    () => seen("encoder_type", { ...encoder, embedDim: 4 }).forward(x, mode),
    PluginError,
    `${start("encoder_type")}expected features [batch, 4], received [batch, 6]`,
  );
});

Deno.test("an encoder's stage is the encoder's, what it passes on is not", () => {
  const inner = { module: "file:///rows.ts", options: 3, part: 'dataset "other"' };
  const reader = { inputShape: [6], batch: 2, wrap: (source: typeof inner) => source };
  const passed = seen("encoder_type", { ...encoder, reader: reader as Encoder["reader"] });
  assertStrictEquals(passed.reader?.wrap(inner), inner);
  assertEquals([passed.reader?.batch, passed.reader?.inputShape], [2, [6]]);
  const wrap = (options: unknown) => ({ module: "file:///stage.ts", options });
  const wrapped = seen("encoder_type", { ...encoder, reader: { ...reader, wrap } });
  assertEquals(wrapped.reader?.wrap(inner), {
    module: "file:///stage.ts",
    options: inner,
    part: 'encoder_type "mine"',
  });
  const shapeless = seen("encoder_type", { ...encoder, reader: { inputShape: [], wrap } });
  assertThrows(
    () => shapeless.reader,
    PluginError,
    "expected the inputShape of the reader of sizes",
  );
});

Deno.test("a head's logits are one for each class", () => {
  const forward = () => ({ logits: input("x", "float32", ["batch", 4, 256]) });
  const head = seen("head_type", { input: "embedding", forward }, { numClasses: 2 });
  const features = input("features", "float32", ["batch", 6]);
  assertThrows(
    () => head.forward({ features }, mode),
    PluginError,
    `${start("head_type")}expected logits [batch, 2], received [batch, 4, 256]`,
  );
});

Deno.test("an optimizer's numbers have the same names in every step", () => {
  const optimizer: Optimizer = {
    storesStep: false,
    hyperparameters: {},
    state: () => ({}),
    scalars: (step, lr): Record<string, number> => step < 3 ? { lr } : { rate: lr },
    update: ({ parameter }) => ({ parameter, state: {} }),
  };
  const view = seen("optimizer", optimizer);
  assertEquals([view.scalars(1, 0), view.scalars(2, 0.1)], [{ lr: 0 }, { lr: 0.1 }]);
  assertThrows(
    () => view.scalars(3, 0.1),
    PluginError,
    `${start("optimizer")}expected the scalars "lr" in update 3, received "rate"`,
  );
  assertEquals(seen("optimizer", optimizer).scalars(3, 0.1), { rate: 0.1 });
});

Deno.test("a metric's accumulators are the metric's", () => {
  const metric: Metric = {
    higherIsBetter: true,
    accumulator: () => ({ update() {}, compute: () => ({ a: "1" } as unknown as { a: number }) }),
  };
  assertThrows(
    () => seen("metric", metric).accumulator().compute(),
    PluginError,
    `${start("metric")}expected a number for "a", received "1"`,
  );
  const none = { ...metric, accumulator: () => ({}) } as unknown as Metric;
  assertThrows(
    () => seen("metric", none).accumulator(),
    PluginError,
    `${start("metric")}expected an accumulator with a method "update", received nothing`,
  );
});

Deno.test("a metric's resampler is the metric's", () => {
  const metric = {
    higherIsBetter: true,
    accumulator: () => ({ update() {}, compute: () => ({}) }),
    resampler: () => (counts: Int32Array) => ({ a: counts.length > 1 ? 1 : "1" }),
  } as unknown as ResampledMetric;
  const resample = seen("metric", metric).resampler!({} as MetricInput);
  assertEquals(resample(Int32Array.of(1, 1)), { a: 1 });
  assertThrows(
    () => resample(Int32Array.of(1)),
    PluginError,
    `${start("metric")}expected a number for "a", received "1"`,
  );
  const none = { ...metric, resampler: () => ({}) } as unknown as ResampledMetric;
  assertThrows(
    () => seen("metric", none).resampler!({} as MetricInput),
    PluginError,
    `${start("metric")}expected a function from resampler(), received an object`,
  );
});

/** A scope of a PEFT method's own, whose layers add something. */
function adding(scope: Scope, more: () => number): Scope {
  return {
    path: scope.path,
    trainable: scope.trainable,
    child: (name) => adding(scope.child(name), more),
    parameter: (...args) => scope.parameter(...args),
    linear: (...args) => {
      const layer = scope.linear(...args);
      return (x, context) => add(layer(x, context), more());
    },
  };
}

Deno.test("a PEFT method answers for scopes of its own, and for no others", () => {
  const root = () => new Parameters().scope('head_type "other"');
  const through = seen("peft", { encoder: frozen, head: (scope) => scope });
  const given = root();
  assertStrictEquals(through.head(given), given);
  frozen(through.encoder(root())); // Still a scope that can be frozen.
  const peft: Peft = { encoder: (scope) => scope, head: (scope) => adding(scope, () => 1) };
  const x = input("x", "float32", ["batch", 6]);
  const y = seen("peft", peft).head(root()).child("a").linear("fc", 6, 2)(x, mode);
  assertEquals([y.shape, y.node.part], [["batch", 2], 'peft "mine"']);
  const broken = seen("peft", {
    ...peft,
    head: (scope) =>
      adding(scope, () => {
        throw new TypeError("no rank");
      }),
  });
  const layer = broken.head(root()).child("a").linear("fc", 6, 2);
  assertThrows(() => layer(x, mode), PluginError, `${start("peft")}it is broken: no rank`);
  // Who gives a layer what it does not take is at fault, not the layer.
  const wide = input("wide", "float32", ["batch", 7]);
  const error = assertThrows(() => layer(wide, mode), TypeError);
  assertEquals([error.name, error.message], [
    "TypeError",
    'Cannot apply layer "fc": 7 inputs, expected 6',
  ]);
});

Deno.test("what a PEFT method refuses of an encoder's layers is a problem of the config", () => {
  const refusing = seen("peft", {
    head: (scope) => scope,
    encoder: (scope) => ({
      ...adding(scope, () => 1),
      linear: (name, inputs) => {
        throw new RangeError(`expected an even width, "${name}" has ${inputs}`);
      },
    }),
  });
  const scope = refusing.encoder(new Parameters().scope());
  const message = 'peft.method: "mine": expected an even width, "fc" has 5';
  assertThrows(() => scope.linear("fc", 5, 2), ConfigError, message);
});

Deno.test("a PEFT method answers for its losses, and for what it does between updates", () => {
  const peft: Peft = { encoder: (scope) => scope, head: (scope) => scope };
  const none = seen("peft", peft);
  assertEquals([none.losses, none.stepHook], [undefined, undefined]);
  const size = input("size", "float32", []);
  assertEquals(seen("peft", { ...peft, losses: () => ({ size }) }).losses!(mode), { size });
  const wide = input("wide", "float32", [2]);
  const vector = seen("peft", { ...peft, losses: () => ({ wide }) });
  const scalar = `${start("peft")}expected loss "wide" to be a scalar, received [2]`;
  assertThrows(() => vector.losses!(mode), PluginError, scalar);

  const run = { updates: 3 };
  const hooked = (hook: unknown) =>
    seen("peft", { ...peft, stepHook: () => hook as StepHook }).stepHook!(run);
  const state = { a: new Float32Array(2) };
  const gradients = [size];
  const working = hooked({ state, gradients, afterUpdate() {} });
  assertStrictEquals(working.state, state);
  assertStrictEquals(working.gradients, gradients);
  const broken = hooked({
    afterUpdate() {
      throw new TypeError("no step");
    },
  });
  const step = {} as StepValues;
  assertThrows(
    () => broken.afterUpdate(step),
    PluginError,
    `${start("peft")}it is broken: no step`,
  );
  const wrong: readonly [unknown, string][] = [
    [{}, 'expected a hook with a method "afterUpdate", received nothing'],
    [undefined, "expected a hook, received nothing"],
    [
      { state: { a: [1] }, afterUpdate() {} },
      'expected a Float32Array as the hook\'s state "a", received an Array',
    ],
  ];
  for (const [hook, found] of wrong) {
    assertThrows(() => hooked(hook), PluginError, `${start("peft")}${found}`);
  }
  const unfit = seen("peft", {
    ...peft,
    stepHook: ({ updates }) => {
      throw new RangeError(`expected more than ${updates} updates`);
    },
  });
  const few = 'peft.method: "mine": expected more than 3 updates';
  assertThrows(() => unfit.stepHook!(run), ConfigError, few);
});

Deno.test("parameters are those of the part whose code declares them", () => {
  const parameters = new Parameters();
  const peft = seen("peft", {
    encoder: (scope) => scope,
    head: (scope) => ({
      ...adding(scope, () => 1),
      child: (name) => scope.child(name),
      parameter: (...args) => scope.parameter(...args),
    }),
  });
  const scope = peft.head(parameters.scope('head_type "other"'));
  scope.child("a").parameter("w", [1], ones);
  scope.parameter("b", [1], ones);
  assertEquals(parameters.list().map(({ tensor }) => tensor.node.part), [
    'head_type "other"',
    'peft "mine"',
  ]);
});

Deno.test("a policy's transform stays plain data", () => {
  const transform: ImageTransform = { channels: 1, operations: [] };
  assertStrictEquals(seen("policy", transform), transform);
});

Deno.test("schedules and loggers answer for themselves", async () => {
  const schedule = seen("scheduler", { factor: (epoch) => 1 - epoch });
  assertEquals(schedule.factor(1), 0);
  assertThrows(
    () => schedule.factor(2),
    PluginError,
    `${start("scheduler")}expected a factor of at least 0 in epoch 2, received -1`,
  );
  const log = () => Promise.reject(new Error("no host"));
  const logger = seen("logger", { start() {}, log, finish() {} });
  await assertRejects(async () => await logger.log(0, {}), PluginError, "it is broken: no host");
  assertEquals([logger.logImage, logger.artifact], [undefined, undefined]);
  const artifact = () => Promise.reject(new Error("no room"));
  const keeping = seen("logger", { start() {}, log, finish() {}, artifact });
  await assertRejects(async () => await keeping.artifact!("a", "b"), PluginError, "no room");
});

Deno.test("a method's choice of entries is one number per entry", () => {
  const same = (scope: Scope) => scope;
  const view = (calibration: Partial<Calibration>) =>
    seen("peft", { encoder: same, head: same, calibration: calibration as Calibration });
  const parameter = { name: "fc.weight", shape: [2, 2], gradient: Float32Array.of(1, 2, 3, 4) };
  const choice = (...entries: number[]) =>
    view({ batches: 2, mask: () => Uint8Array.from(entries) }).calibration!;
  assertEquals(choice(0, 1, 1, 0).batches, 2);
  assertEquals(choice(0, 1, 1, 0).mask(parameter), Uint8Array.of(0, 1, 1, 0));
  const refused = (work: () => unknown, state: string) =>
    assertThrows(work, PluginError, start("peft") + state);
  refused(
    () => choice(0, 1).mask(parameter),
    'expected a mask of "fc.weight" for [2, 2], received 2 entries',
  );
  refused(
    () => choice(0, 1, 2, 0).mask(parameter),
    'expected a mask of "fc.weight" of 0 and 1, received 2',
  );
  refused(
    () => view({ batches: 1, mask: () => [1, 0, 0, 1] as never }).calibration!.mask(parameter),
    'expected a mask of "fc.weight" as Uint8Array, received an Array',
  );
  refused(
    () => view({ batches: 1 }).calibration,
    'expected a calibration with a method "mask", received nothing',
  );
  refused(
    () => view({ batches: 0, mask: () => new Uint8Array() }).calibration,
    'expected "batches" of the calibration as a count, received 0',
  );
});
