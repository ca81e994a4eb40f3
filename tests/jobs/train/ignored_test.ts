/** Fields of a config that somebody set and nothing uses are told, whatever plugin they belong to. */
import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import type { Plugin, Slot } from "../../../registry/plugin.ts";
import { Registry, registry as builtIn } from "../../../registry/registry.ts";
import { SLOT_NAMES } from "../../../registry/slots.ts";
import { bagFlags, writeBagSplits } from "../../_bags.ts";
import {
  classSamples,
  type Dataset,
  type Files,
  type Flags,
  inFolder,
  listenTo,
  ofType,
  runFlags,
  writeSplits,
} from "../../_training.ts";

/** The ignored fields of a run, in the order in which they are told; `[]` where nothing is. */
async function ignored(
  files: Files,
  flags: Flags,
  { registry = builtIn, file = {} }: { registry?: Registry; file?: unknown } = {},
): Promise<string[]> {
  const given = Object.entries(runFlags(files, { "training.epochs": "1", ...flags }))
    .map(([path, value]) => flag(path, value));
  const resolution = resolveConfig({ file, flags: given }, registry);
  const { events } = await listenTo(resolution.config, { ...resolution, registry });
  return ofType(events, "notice").flatMap(({ message }) => {
    const [, paths] = /^ignored: (.*) \(not used by this run\)$/.exec(message) ?? [];
    return paths?.split(", ") ?? [];
  });
}

Deno.test("train() tells of fields that have no effect on features", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = {
      "data.data_root_dir": folder,
      "data.stratified": "false",
      "model.feature_aggregation_method": "avg",
      "task.mixup_alpha": "0.4",
      "dataloading.prefetch_factor": "4",
      "dataloading.weighted_sampling": "true",
      "dataloading.shuffle_train": "false",
      "add_log.note": "x",
    };
    const told = await ignored(files, flags);
    assertEquals(
      told.sort(),
      Object.keys(flags).map((path) => path.replace(".note", "")).filter((path) =>
        path !== "dataloading.weighted_sampling"
      ).sort(),
    );
    const used = { ...flags, "data.data_fraction": "0.5", "dataloading.num_workers": "1" };
    assertEquals(await ignored(files, { ...used, "dataloading.weighted_sampling": "false" }), [
      "data.data_root_dir",
      "model.feature_aggregation_method",
      "task.mixup_alpha",
      "add_log",
    ]);
  });
});

Deno.test("train() tells of label smoothing where the loss smooths nothing", async () => {
  const wide = (count: number, seed: number): Record<string, Dataset> => {
    const data = Float32Array.from({ length: 3 * count }, (_, index) => index % 2);
    return { ...classSamples(count, seed), labels: { data, shape: [count, 3] } };
  };
  await inFolder(async (folder) => {
    const smoothing = { "task.label_smoothing": "0.3" };
    assertEquals(await ignored(await writeSplits(folder), smoothing), []);
    const files = await writeSplits(folder, wide);
    const cases: readonly Flags[] = [
      { "data.subtask": "multilabel" },
      {
        ...{ "data.task": "Regression", "task.metrics": "mse" },
        ...{ "model.head.head_type": "regression", "model.head.out_dim": "3" },
      },
    ];
    for (const flags of cases) {
      assertEquals(await ignored(files, { ...flags, ...smoothing }), ["task.label_smoothing"]);
      assertEquals(await ignored(files, flags), []);
    }
  });
});

Deno.test("train() tells of options of CLAM that its switches leave without effect", async () => {
  const all = {
    k_sample: "3",
    subtyping: "true",
    instance_loss_weight: "0.5",
    layer_norm_eps: "1e-5",
    l2_normalize_features: "false",
    cosine_scale: "10",
    topk_k: "3",
    topk_tau: "0.5",
    topk_noise_std: "0.2",
    topk_consistency_weight: "0.5",
    attn_drop: "0.1",
    dropout: "0.1",
    gate: "false",
  };
  const head = (options: Flags) =>
    bagFlags(
      Object.fromEntries(
        Object.entries(options).map(([name, value]) => [`model.head.${name}`, value]),
      ),
    );
  await inFolder(async (folder) => {
    const files = await writeBagSplits(folder);
    const switches = { instance_eval: "true", stochastic_topk: "true" };
    assertEquals(await ignored(files, head({ ...all, ...switches })), []);
    const off = { feature_prep: "false", cosine_head: "false" };
    const { attn_drop: _, dropout: __, gate: ___, ...without } = all;
    assertEquals(
      (await ignored(files, head({ ...all, ...off }))).sort(),
      Object.keys(without).map((name) => `model.head.${name}`).sort(),
    );
  });
});

Deno.test("train() says nothing of defaults that a file repeats", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = Object.entries(runFlags(files)).map(([path, value]) => flag(path, value));
    const { config: file } = resolveConfig({ flags }, builtIn);
    assertEquals(await ignored(files, {}, { file }), []);
    const { events } = await listenTo(file);
    assertEquals(ofType(events, "notice"), []);
    const changed = { ...file, task: { ...file.task, mixup_alpha: 0.1 } };
    const { events: others } = await listenTo({
      ...changed,
      logger: { ...file.logger, group: "b" },
    });
    assertEquals(ofType(others, "notice").map(({ message }) => message), [
      "ignored: task.mixup_alpha (not used by this run)",
    ]);
  });
});

Deno.test("train() tells of what a run that goes on has no use for", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const flags = Object.entries(runFlags(files, { "task.mixup_alpha": "0.5" }))
      .map(([path, value]) => flag(path, value));
    const first = await listenTo(resolveConfig({ flags }, builtIn).config);
    const file: unknown = JSON.parse(
      Deno.readTextFileSync(`${first.directory}/resolved_config.json`),
    );
    const resumed = resolveConfig({
      file,
      inherited: true,
      flags: [
        flag("training.resume", first.directory),
        flag("training.epochs", "3"),
        flag("training.init_checkpoint", "other.pt"),
        flag("exp_dir", "elsewhere"),
      ],
    }, builtIn);
    const { events } = await listenTo(resumed.config, resumed);
    assertEquals(ofType(events, "notice").map(({ message }) => message), [
      "ignored: training.init_checkpoint, exp_dir (not used by this run)",
    ]);
  });
});

const rate = v.optional(v.number(), 0.5);

/** The built-in plugins, with some of a stranger in the place of others. */
function withOthers(...others: readonly Plugin[]): Registry {
  const registry = new Registry();
  const taken = new Set(others.map(({ slot, key }) => `${slot} ${key}`));
  for (const slot of SLOT_NAMES) {
    for (const key of builtIn.list(slot as Slot)) {
      if (!taken.has(`${slot} ${key}`)) registry.add(builtIn.get(slot as Slot, key) as Plugin);
    }
  }
  for (const plugin of others) registry.add(plugin);
  return registry;
}

Deno.test("train() tells of options of a stranger's plugins, wherever they read the others", async () => {
  const { create: createNone, ...none } = builtIn.get("logger", "none");
  const { create: createClassifier, ...classifier } = builtIn.get("head_type", "classification");
  const { create: createStep, ...step } = builtIn.get("scheduler", "Step");
  const { create: createSgd, ...sgd } = builtIn.get("optimizer", "SGD");
  const seen: number[] = [];
  type Options = Readonly<Record<string, number>>;
  const lazy = (...names: string[]) =>
    v.strictObject(Object.fromEntries([...names, "idle"].map((name) => [name, rate])));
  const registry = withOthers(
    {
      ...none,
      config: lazy("prefix", "last"),
      create: (options: unknown) => ({
        ...createNone({}, {}),
        log: () => void seen.push((options as Options).prefix),
        finish: () => void seen.push((options as Options).last),
      }),
    },
    {
      ...classifier,
      config: lazy("scale", "dropout"),
      create(options: unknown, context: Parameters<typeof createClassifier>[1]) {
        const head = createClassifier({ dropout: 0, init_std: null }, context);
        return {
          ...head,
          forward(input, mode) {
            seen.push((options as Options)[mode.training ? "dropout" : "scale"]);
            return head.forward(input, mode);
          },
        };
      },
    } as Plugin<"head_type">,
    {
      ...step,
      config: lazy("decay", "late"),
      create: (options: unknown, context: Parameters<typeof createStep>[1]) => {
        const schedule = createStep({}, context);
        return {
          factor: (epoch) => {
            seen.push((options as Options)[epoch > 0 ? "late" : "decay"]);
            return schedule.factor(epoch);
          },
        };
      },
    } as Plugin<"scheduler">,
    {
      ...sgd,
      config: lazy("beta", "gamma"),
      create: (_options: unknown, context: Parameters<typeof createSgd>[1]) => {
        const options = _options as Options;
        const optimizer = createSgd({ nesterov: false }, context);
        return {
          ...optimizer,
          scalars: (count, lr) => (seen.push(options.beta), optimizer.scalars(count, lr)),
          update: (current) => (seen.push(options.gamma), optimizer.update(current)),
        };
      },
    } as Plugin<"optimizer">,
  );
  const options = {
    "optimizer.name": "SGD",
    "optimizer.scheduler": "Step",
    ...Object.fromEntries(
      [
        ...["model.head.scale", "model.head.dropout", "model.head.idle"],
        ...["optimizer.decay", "optimizer.late", "optimizer.beta", "optimizer.gamma"],
        ...["optimizer.idle", "logger.prefix", "logger.last", "logger.idle"],
      ].map((path) => [path, "0.25"]),
    ),
    "training.epochs": "2",
  };
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { "optimizer.warmup_epochs": _, ...flags } = runFlags(files, options);
    const given = Object.entries(flags).map(([path, value]) => flag(path, value));
    const resolution = resolveConfig({ flags: given }, registry);
    const { events } = await listenTo(resolution.config, { ...resolution, registry });
    assertEquals(new Set(seen), new Set([0.25]));
    assertEquals(ofType(events, "notice").map(({ message }) => message), [
      "ignored: model.head.idle, optimizer.idle (not used by this run)",
      "ignored: logger.idle (not used by this run)",
    ]);
    const types = events.map(({ type }) => type);
    assertEquals([types.indexOf("notice") < types.indexOf("run"), types.at(-1)], [true, "notice"]);
  });
});
