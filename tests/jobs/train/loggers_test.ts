/** Training with trackers: what each of them hears of a run, and of one that is resumed. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { flag } from "../../../registry/config/flag.ts";
import type { RunInfo } from "../../../registry/plugin.ts";
import { Registry, registry } from "../../../registry/registry.ts";
import { SLOT_NAMES } from "../../../registry/slots.ts";
import {
  inFolder,
  listenTo,
  namesIn,
  ofType,
  readRunJson,
  runConfig,
  runFlags,
  runTrain,
  writeSplits,
} from "../../_training.ts";
import { inside, items, readEvents, readRecords, text } from "../../plugins/logger/_decode.ts";
import { MlflowServer } from "../../plugins/logger/_mlflow_server.ts";

// The tests say themselves where runs go.
Deno.env.delete("MLFLOW_TRACKING_URI");

interface Metrics {
  readonly train: readonly Record<string, number>[];
  readonly val: readonly Record<string, number>[];
  readonly test: Record<string, number>;
}

/** Rows of `metrics.csv`, as numbers. */
function csvRows(directory: string): Record<string, number>[] {
  const table = Deno.readTextFileSync(join(directory, "metrics.csv"));
  const rows: Record<string, string>[] = parse(table, { columns: true });
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).flatMap(([name, cell]) => cell === "" ? [] : [[name, Number(cell)]]),
    )
  );
}

/** What a run's own file says of an epoch, as loggers hear it. */
function numbersIn(directory: string): Record<string, number>[] {
  const { train, val, test } = readRunJson<Metrics>(directory, "metrics.json");
  const best = val.reduce((a, b) => b.val_Accuracy > a.val_Accuracy ? b : a).epoch;
  return train.map(({ epoch, lr, ...values }, index) => ({
    ...{ epoch, ...values, ...val[index], lr },
    ...(epoch === best && test),
  }));
}

/** The files of a run with `csv`, `tensorboard` and `wandb` say what its own file says. */
async function assertTracked(directory: string): Promise<void> {
  const wanted = numbersIn(directory);
  assertEquals(csvRows(directory), wanted);
  const names = (await namesIn(directory)).filter((name) => name.includes("tfevents"));
  const curves = wanted.map(() => ({} as Record<string, unknown>));
  for (const name of names) {
    const events = readEvents(await Deno.readFile(join(directory, name)));
    for (const { step, values } of events) Object.assign(curves[step], values);
  }
  for (const [epoch, { epoch: _, ...values }] of wanted.entries()) {
    const { config: _config, ...found } = curves[epoch];
    assertEquals(
      found,
      Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, Math.fround(value)]),
      ),
    );
  }
  const rows = (await wandbRecords(directory)).filter((record) => record[2])
    .map((record) => items(inside(record, 2)));
  for (const [epoch, values] of wanted.entries()) {
    for (const [name, value] of Object.entries(values)) {
      if (!name.startsWith("test_")) assertEquals(Number(rows[epoch][name]), value);
    }
  }
  assertEquals(rows.length, wanted.length);
}

async function wandbRecords(directory: string) {
  const [folder] = await namesIn(join(directory, "wandb"));
  const [file] = (await namesIn(join(directory, "wandb", folder)))
    .filter((name) => name.endsWith(".wandb"));
  return readRecords(await Deno.readFile(join(directory, "wandb", folder, file)));
}

const BACKENDS = { "logger.backend": '["csv", "tensorboard", "wandb", "mlflow"]' };

/** What ran a run, as it is known when it begins: not how long it took. */
function atStart(directory: string): Record<string, unknown> {
  const { seconds: _, device: __, ...rest } = readRunJson(directory, "runtime_info.json");
  return rest;
}

Deno.test("train() tells several trackers of a run, each with its own options", async () => {
  await inFolder(async (folder) => {
    await using server = new MlflowServer();
    const files = await writeSplits(folder);
    const { directory, events } = await runTrain(files, {
      ...BACKENDS,
      "logger.tracking_uri": server.uri,
      "logger.project": "mil",
      "logger.tags": '["x"]',
      "logger.group": "all",
      "add_log.site": "A",
    });
    await assertTracked(directory);
    const [, record] = await wandbRecords(directory);
    const run = inside(record, 17);
    assertEquals([3, 6, 10].map((field) => text(run, field)), ["mil", "all", "x"]);
    const config = items(inside(run, 4));
    const { training, add_log } = readRunJson(directory, "config.json");
    assertEquals([JSON.parse(config.training), JSON.parse(config.add_log)], [training, add_log]);
    assertEquals(JSON.parse(config.runtime), atStart(directory));
    const { metrics, params, tags, status, artifacts } = server.run;
    assertEquals([status, tags.group, tags.tags], ["FINISHED", "all", "x"]);
    assertEquals([params["add_log.site"], params["training.seed"]], ["A", "0"]);
    assertEquals(params["task.metrics"], "['acc', 'f1']");
    const best = await Deno.readFile(join(directory, "checkpoints", "best.pt"));
    const report = await Deno.readFile(join(directory, "report.html"));
    assertEquals(artifacts, { "checkpoints/best.pt": best, "report.html": report });
    const logged = metrics.map(({ key, value, step }) => [step, key, value]);
    const wanted = numbersIn(directory).flatMap(({ epoch, ...values }) =>
      Object.entries(values).map(([key, value]) => [epoch, key, value])
    );
    assertEquals(logged.sort(), wanted.sort());
    const [folderName] = await namesIn(join(directory, "wandb"));
    assertEquals(ofType(events, "notice").map(({ message }) => message), [
      `wandb: the run is not uploaded yet: wandb sync ${join(directory, "wandb", folderName)}`,
      `mlflow: the run is at ${server.uri}/#/experiments/1/runs/${server.run.id}`,
    ]);
  });
});

Deno.test("train() resumes a run whose trackers then say the same as those of one run", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const stop = new AbortController();
    const flags = { ...BACKENDS, "training.epochs": "4" };
    let directory = "";
    await runTrain(files, flags, {
      signal: stop.signal,
      onEvent(event) {
        if (event.type === "run") ({ directory } = event);
        if (event.type === "epoch" && event.epoch === 1) stop.abort();
      },
    }).catch((error) => assertEquals(error, stop.signal.reason));
    const file = readRunJson(directory, "resolved_config.json");
    const resume = [flag("training.resume", directory)];
    await listenTo(resolveConfig({ file, flags: resume }, registry).config);
    assertEquals(numbersIn(directory).length, 4);
    await assertTracked(directory);
    const store = join(folder, "experiments", "mlflow");
    const [experiment] = (await namesIn(store)).filter((name) => /^\d{18}$/.test(name));
    const [run] = (await namesIn(join(store, experiment))).filter((name) => name !== "meta.yaml");
    const history = await Deno.readTextFile(join(store, experiment, run, "metrics/val_loss"));
    const values = history.trimEnd().split("\n").map((line) =>
      line.split(" ").slice(1).map(Number)
    );
    assertEquals(values, numbersIn(directory).map(({ epoch, val_loss }) => [val_loss, epoch]));
  });
});

Deno.test("train() tells loggers what a run is, fold by fold", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const told: Omit<RunInfo, "notify" | "directory" | "config" | "addLog">[] = [];
    const sent: [string, string][] = [];
    const own = new Registry();
    for (const slot of SLOT_NAMES) {
      for (const key of registry.list(slot)) {
        if (slot !== "logger") own.add(registry.get(slot, key));
      }
    }
    own.add({
      ...registry.get("logger", "none"),
      create: () => ({
        start({ dataset, group, fold, runtimeInfo, earlier, notify }) {
          told.push({ dataset, group, fold, runtimeInfo, earlier });
          notify("a line");
        },
        log() {},
        artifact: (path, name) => void sent.push([path, name]),
        finish() {},
      }),
    });
    const flags = { "training.cv_folds": "2", "training.epochs": "1", "logger.group": "deep/g" };
    const { events, directory } = await listenTo(runConfig(files, flags), { registry: own });
    assertEquals(
      told.map(({ dataset, group, fold, earlier }) => [dataset, group, fold, earlier]),
      [0, 1].map((fold) => ["precomputed_features", "deep/g", fold, []]),
    );
    assertEquals(told[1].runtimeInfo, atStart(directory));
    assertEquals(sent.slice(2), [
      [join(directory, "checkpoints", "best.pt"), "checkpoints/best.pt"],
      [join(directory, "report.html"), "report.html"],
    ]);
    assertEquals(ofType(events, "notice").map(({ message }) => message), ["a line"]);
    told.length = 0;
    const plain = await listenTo(runConfig(files, { "training.epochs": "1" }), { registry: own });
    const group = plain.directory.split("/").at(-2)!;
    assertEquals([told[0].group, "fold" in told[0] && told[0].fold], [group, undefined]);
  });
});

Deno.test("train() does what GloViTa's config says of its trackers", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const file = {
      logger: {
        ...{ backend: "wandb", entity: "lab", project: "mil", tags: ["x"], group: "g" },
        ...{ name: "a run", offline: false },
      },
    };
    const flags = Object.entries(runFlags(files)).map(([path, value]) => flag(path, value));
    const { config, notices, given } = resolveConfig({ file, flags }, registry);
    assertEquals(notices, []);
    const { directory, events } = await listenTo(config, { given });
    const run = inside((await wandbRecords(directory))[1], 17);
    assertEquals([2, 3, 6, 8, 10].map((field) => text(run, field)), [
      "lab",
      "mil",
      "g",
      "a run",
      "x",
    ]);
    assertEquals(ofType(events, "notice").length, 1);
    const mlflow = { backend: "mlflow", tracking_uri: null, experiment_name: "e", run_name: "r" };
    const other = resolveConfig({ file: { logger: { ...mlflow, tags: [], group: null } }, flags });
    assertEquals(other.notices, []);
    const { events: told } = await listenTo(other.config, { given: other.given });
    const store = join(folder, "experiments", "mlflow");
    assertEquals(ofType(told, "notice").map(({ message }) => message), [
      `mlflow: the run is at ${store}, which mlflow ui --backend-store-uri shows`,
    ]);
  });
});

Deno.test("train() asks for no network: without it, numbers wait", async () => {
  await inFolder(async (folder) => {
    const files = await writeSplits(folder);
    const { directory, events, done } = await runTrain(files, {
      "logger.backend": "mlflow",
      "logger.tracking_uri": "https://tracking.invalid/path",
    });
    const pending = join(directory, "mlflow_pending.json");
    assertEquals(ofType(events, "notice").map(({ message }) => message), [
      "mlflow: no permission to reach tracking.invalid:443: deno task train:mlflow has it; " +
      `numbers wait in ${pending}`,
    ]);
    assert(done.bestValue > 0);
    const { metrics, status } = readRunJson<{ metrics: { step: number }[]; status: string }>(
      directory,
      "mlflow_pending.json",
    );
    assertEquals([metrics.at(0)!.step, metrics.at(-1)!.step, status], [
      ...[0, done.bestEpoch, "FINISHED"],
    ]);
  });
});
