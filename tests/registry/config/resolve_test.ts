import { assert, assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { ConfigError } from "../../../registry/errors.ts";
import type { OptionsSchema } from "../../../registry/plugin.ts";
import { Registry } from "../../../registry/registry.ts";
import { type Flag, flag } from "../../../registry/config/flag.ts";
import { type ConfigSources, resolveConfig } from "../../../registry/config/resolve.ts";
import { fake, fakeRegistry, minimalFile } from "../_fakes.ts";

const registry = fakeRegistry();

function problems(sources: ConfigSources, known = registry): string[] {
  return assertThrows(() => resolveConfig(sources, known), ConfigError).message.split("\n");
}

function problemsOf(...flags: Flag[]): string[] {
  return problems({ file: minimalFile(), flags });
}

Deno.test("resolveConfig() fills in defaults", () => {
  const { config, notices } = resolveConfig({ file: minimalFile() }, registry);
  assertEquals(notices, []);
  assertEquals(config.peft, { method: "full_finetuning" });
  assertEquals(config.task.metrics, ["acc", "f1"]);
  assertEquals(config.optimizer, {
    name: "AdamW",
    scheduler: "CosineAnneal",
    lr: 2e-5,
    weight_decay: 0.05,
    layer_wise_lr_decay: null,
    undecay_norm: false,
    warmup_epochs: 10,
  });
  assertEquals(config.logger, { backend: "none", group: null });
  assertEquals(config.training.precision, "no");
  assertEquals([config.dataloading.num_workers, config.dataloading.eval_batch_size], [1, 32]);
  assertEquals([config.exp_dir, config.add_log], ["./experiments", {}]);
});

Deno.test("resolveConfig() lets flags win over the file, and the file over defaults", () => {
  const file = { ...minimalFile(), training: { epochs: 5, seed: 1 } };
  const { config } = resolveConfig({ file, flags: [flag("training.epochs", "7")] }, registry);
  assertEquals([config.training.epochs, config.training.seed, config.training.cv_folds], [7, 1, 1]);
});

Deno.test("resolveConfig() leaves its input as it is", () => {
  const file = minimalFile();
  resolveConfig({ file, flags: [flag("training.epochs", "7")] }, registry);
  assertEquals(file, minimalFile());
});

Deno.test("resolveConfig() of what it returned gives the same again", () => {
  const flags = [
    flag("model.head.head_type", "clam"),
    flag("optimizer.name", "Muon"),
    flag("optimizer.scheduler", "none"),
    flag("data.fold", "2"),
    flag("add_log.a.b", "[1]"),
    flag("logger.backend", "mlflow"),
  ];
  const first = resolveConfig({ file: minimalFile(), flags }, registry);
  const file: unknown = JSON.parse(JSON.stringify(first.config));
  assertEquals(file, first.config);
  const again = resolveConfig({ file }, registry);
  assertEquals([again.config, again.notices], [first.config, []]);
});

Deno.test("resolveConfig() takes eval_batch_size from batch_size only where it is not given", () => {
  const batch = flag("dataloading.batch_size", "8");
  const own = flag("dataloading.eval_batch_size", "4");
  const sizes = [[batch], [batch, own]].map((flags) =>
    resolveConfig({ file: minimalFile(), flags }, registry).config.dataloading.eval_batch_size
  );
  assertEquals(sizes, [8, 4]);
});

Deno.test("resolveConfig() names what is missing", () => {
  assertEquals(problems({}), [
    'data.dataset: expected one of "cifar10", "precomputed_features", received nothing',
  ]);
  assertEquals(
    problems({
      flags: [
        flag("data.dataset", "precomputed_features"),
        flag("model.encoder.encoder_type", "precomputed"),
      ],
    }),
    [
      "data.num_classes: expected a whole number of at least 1, received nothing",
      "data.train_features_file: expected text, received nothing",
      "data.val_features_file: expected text, received nothing",
      "model.encoder.feature_dim: expected a whole number of at least 1, received nothing",
    ],
  );
});

Deno.test("resolveConfig() asks for a key whose default is not registered", () => {
  const file = minimalFile();
  file.model.encoder = {};
  assertEquals(resolveConfig({ file }, registry).config.model.encoder.encoder_type, "timm");
  const small = new Registry();
  small.add(registry.get("encoder_type", "precomputed"));
  const found = problems({ file }, small);
  assert(found.includes('model.encoder.encoder_type: expected "precomputed", received nothing'));
  assert(found.includes(
    "peft.method: expected the key of a peft plugin, of which none is registered, received nothing",
  ));
});

Deno.test("resolveConfig() says what is wrong with one flag", () => {
  const cases: [Flag, string][] = [
    [
      flag("model.head.head_type", "clamm"),
      'model.head.head_type: expected one of "clam", "classification", received "clamm", ' +
      'did you mean "clam"?',
    ],
    [
      flag("data.dataset", "imagenet"),
      'data.dataset: expected one of "cifar10", "precomputed_features", received "imagenet"',
    ],
    [
      flag("task.metrics", "acc", "auc"),
      'task.metrics: expected a list, each one of "acc", "auroc", "f1", received "auc", ' +
      'did you mean "acc"?',
    ],
    [
      flag("training.epochs", "0"),
      "training.epochs: expected a whole number of at least 1, received 0",
    ],
    [
      flag("training.epochs", "1.5"),
      "training.epochs: expected a whole number of at least 1, received 1.5",
    ],
    [
      flag("training.epochs", "many"),
      'training.epochs: expected a whole number of at least 1, received "many"',
    ],
    [
      flag("training.precision", "fp8"),
      'training.precision: expected one of "no", "fp16", "bf16", received "fp8"',
    ],
    [
      flag("training.cluster_progress_bar", "maybe"),
      'training.cluster_progress_bar: expected true or false, received "maybe"',
    ],
    [
      flag("training.epoch", "1"),
      "training.epoch: expected a field of training, received an unknown name, " +
      'did you mean "epochs"?',
    ],
    [
      flag("training.lr", "1"),
      "training.lr: expected a field of training, received an unknown name, " +
      'did you mean "optimizer.lr"?',
    ],
    [
      flag("batch_size", "1"),
      "batch_size: expected a section or field of the config, received an unknown name, " +
      'did you mean "dataloading.batch_size"?',
    ],
    [
      flag("modle.head.dropout", "1"),
      "modle: expected a section or field of the config, received an unknown name, " +
      'did you mean "model"?',
    ],
    [
      flag("data.dataset_kwargs.label_kye", "y"),
      "data.dataset_kwargs.label_kye: expected a field of data.dataset_kwargs, " +
      'received an unknown name, did you mean "label_key"?',
    ],
    [
      flag("model.head.variant", "sb"),
      'model.head.variant: expected no such option with head_type "classification", ' +
      'received "sb"; it belongs to head_type "clam"',
    ],
    [
      flag("model.head.no_gate"),
      'model.head.no_gate: expected no such option with head_type "classification", ' +
      'received true; it belongs to head_type "clam"',
    ],
    [
      flag("model", "x"),
      'model: expected one of its fields, such as --model.feature_aggregation_method, received "x"',
    ],
    [
      flag("data.dataset.name", "x"),
      'data.dataset.name: expected no field inside of data.dataset, received "x"',
    ],
    [
      flag("logger.backend", "wandb"),
      'logger.backend: expected one of "mlflow", "none", received "wandb"',
    ],
  ];
  for (const [wrong, expected] of cases) {
    const found = problemsOf(wrong);
    assertEquals(found.length, 1, found.join("\n"));
    assertEquals(found[0].slice(0, expected.length), expected);
  }
});

Deno.test("resolveConfig() bounds whole numbers", () => {
  const largest = flag("training.seed", "9007199254740991");
  const { config } = resolveConfig({ file: minimalFile(), flags: [largest] }, registry);
  assertEquals(config.training.seed, 2 ** 53 - 1);
  const found = problemsOf(
    flag("data.fold", "9007199254740992"),
    flag("training.epochs", "1e300"),
    flag("training.seed", "9007199254740993"),
    flag("training.cv_folds", "1001"),
    flag("dataloading.num_workers", "257"),
  );
  assertEquals(found, [
    "data.fold: expected a whole number from 0 to 9007199254740991, received 9007199254740992",
    "training.epochs: expected a whole number from 1 to 9007199254740991, received 1e+300",
    "training.seed: expected a whole number from 0 to 9007199254740991, received 9007199254740992",
    "training.cv_folds: expected a whole number from 1 to 1000, received 1001",
    "dataloading.num_workers: expected a whole number from 0 to 256, received 257",
  ]);
});

Deno.test("resolveConfig() reports all problems at once, in the order of the tree", () => {
  const found = problemsOf(
    flag("optimizer.lr", "0"),
    flag("model.head.head_type", "clamm"),
    flag("model.head.variant", "sb"),
    flag("data.num_classes", "two"),
    flag("data.data_fraction", "2"),
  );
  assertEquals(found, [
    "data.data_fraction: expected a number above 0 and of at most 1, received 2",
    'data.num_classes: expected a whole number of at least 1, received "two"',
    'model.head.head_type: expected one of "clam", "classification", received "clamm", ' +
    'did you mean "clam"?',
    "optimizer.lr: expected a number above 0, received 0",
  ]);
});

Deno.test("resolveConfig() refuses files that are not trees", () => {
  assertEquals(problems({ file: [] }), ["expected a config tree, received []"]);
  assertEquals(problems({ file: { ...minimalFile(), training: 3, peft: [] } }), [
    "peft: expected an object, received []",
    "training: expected an object, received 3",
  ]);
});

Deno.test("resolveConfig() does not convert text in files", () => {
  const file = { ...minimalFile(), training: { epochs: "3" } };
  assertEquals(problems({ file }), [
    'training.epochs: expected a whole number of at least 1, received "3"',
  ]);
});

Deno.test("resolveConfig() drops options of a plugin that a flag replaces", () => {
  const file = minimalFile();
  file.model.head = { head_type: "clam", variant: "sb", dropout: 0.1 };
  const flags = [flag("model.head.head_type", "classification")];
  const { config, notices } = resolveConfig({ file, flags }, registry);
  assertEquals(config.model.head, { head_type: "classification", dropout: 0.1 });
  assertEquals(notices, ["ignored: model.head.variant (not used by this command)"]);
});

Deno.test("resolveConfig() lets a plugin declare a field of its section", () => {
  const own = fakeRegistry();
  const data_root_dir = v.optional(v.pipe(v.string(), v.startsWith("/")), "/data");
  own.add(fake("dataset", "rooted", v.strictObject({ data_root_dir })));
  const file = { ...minimalFile(), data: { dataset: "rooted" } };
  assertEquals(resolveConfig({ file }, own).config.data.data_root_dir, "/data");
  const flags = [flag("data.data_root_dir", "data")];
  assertEquals(problems({ file, flags }, own).length, 1);
});

Deno.test("resolveConfig() shows a plugin's own checks in its own words", () => {
  const own = fakeRegistry();
  const schema = v.pipe(
    v.strictObject({ low: v.optional(v.number(), 0), high: v.optional(v.number(), 1) }),
    v.forward(v.check((input) => input.low < input.high, "Expected more than low"), ["high"]),
  );
  own.add(fake("peft", "range", schema));
  const file = { ...minimalFile(), peft: { method: "range", low: 2 } };
  assertEquals(problems({ file }, own), ["peft.high: expected more than low"]);
});

Deno.test("resolveConfig() keeps registries apart", () => {
  const other = fakeRegistry();
  other.add(fake("head_type", "mine"));
  const flags = [flag("model.head.head_type", "mine")];
  assertEquals(resolveConfig({ file: minimalFile(), flags }, other).config.model.head, {
    head_type: "mine",
  });
  assert(problems({ file: minimalFile(), flags })[0].includes('received "mine"'));
});

/** A registry with two loggers that share an option. */
function loggerRegistry(other: OptionsSchema<unknown>): Registry {
  const own = fakeRegistry();
  const name = v.optional(v.string(), "a");
  own.add(fake("logger", "left", v.strictObject({ name, left: v.optional(v.number(), 1) })));
  own.add(fake("logger", "right", v.strictObject({ name: other })));
  return own;
}

Deno.test("resolveConfig() takes several loggers, whose options share the section", () => {
  const own = loggerRegistry(v.optional(v.string(), "a"));
  const resolve = (...flags: readonly Flag[]) =>
    resolveConfig({ file: { ...minimalFile(), logger: { name: "n" } }, flags }, own).config.logger;
  const both = flag("logger.backend", "left", "right");
  const logger = { group: null, name: "n", left: 2 };
  assertEquals(resolve(both, flag("logger.left", "2")), { backend: ["left", "right"], ...logger });
  assertEquals(resolve(flag("logger.backend", '["left"]')), {
    ...logger,
    backend: "left",
    left: 1,
  });
  const again = resolveConfig({ file: { ...minimalFile(), logger: resolve(both) } }, own);
  assertEquals(again.config.logger, resolve(both));
  const other = [flag("logger.backend", "right")];
  const file = { ...minimalFile(), logger: { backend: ["left", "none"], name: "n", left: 3 } };
  const { config, notices } = resolveConfig({ file, flags: other }, own);
  assertEquals(config.logger, { backend: "right", group: null, name: "n" });
  assertEquals(notices, ["ignored: logger.left (not used by this command)"]);
  const wrong = { ...minimalFile(), logger: { backend: ["right", "none"], left: 2 } };
  assertThrows(
    () => resolveConfig({ file: wrong }, own),
    ConfigError,
    'no such option with backend "right" and "none", received 2; it belongs to backend "left"',
  );
});

Deno.test("resolveConfig() refuses plugins of one section that mean different things by a name", () => {
  const own = loggerRegistry(v.optional(v.nullable(v.array(v.string())), null));
  const file = { ...minimalFile(), logger: { backend: ["left", "right"] } };
  const error = assertThrows(() => resolveConfig({ file }, own), ConfigError);
  assertEquals(
    error.message,
    'logger.name: "left" takes text (default "a"), "right" takes a list, each text, or none ' +
      "(default null): select one of them",
  );
});
