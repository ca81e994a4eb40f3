import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { wandb, type WandbConfig } from "../../../plugins/logger/wandb.ts";
import type { RunInfo } from "../../../registry/plugin.ts";
import { minimalOptions } from "../../../registry/testing/mod.ts";
import { inFolder, namesIn } from "../../_training.ts";
import { all, inside, items, type Message, readRecords, text } from "./_decode.ts";
import { RUN, runBytes } from "./_fixtures.ts";
import { epochs, hasPython, numbersOf, PNG, runInfo, runPython } from "./_run.ts";

/** Fields of `Record`. */
const [HISTORY, SUMMARY, FILES, RUN_RECORD, EXIT, HEADER] = [2, 3, 6, 17, 18, 21];

function create(options: Partial<WandbConfig> = {}) {
  return wandb.create(minimalOptions(wandb, { ...options }), {});
}

/** The one folder that `wandb sync` would take, and its run file. */
async function runIn(directory: string): Promise<{ folder: string; file: string; id: string }> {
  const names = await namesIn(join(directory, "wandb"));
  assertEquals(names.length, 1);
  const [, id] = /^offline-run-\d{8}_\d{6}-([a-z0-9]{8})$/.exec(names[0])!;
  const folder = join(directory, "wandb", names[0]);
  return { folder, id, file: join(folder, `run-${id}.wandb`) };
}

async function recordsIn(directory: string): Promise<Message[]> {
  const records = readRecords(await Deno.readFile((await runIn(directory)).file));
  assertEquals(records.map(({ 1: [num] }) => num), records.map((_, index) => index + 1));
  return records;
}

/** What kind each record is of, by the number of its field. */
function kinds(records: readonly Message[]): number[] {
  return records.map((record) => Number(Object.keys(record).find((field) => field !== "1")));
}

/** Steps and values of the history, without the times. */
function historyOf(records: readonly Message[]): [number, Record<string, string>][] {
  return records.filter((record) => record[HISTORY]).map((record) => {
    const { _timestamp, _runtime, ...values } = items(inside(record, HISTORY));
    assert(Number(_timestamp) > 1e9 && Number(_runtime) >= 0);
    return [Number(inside(record, HISTORY, 2)[1]?.[0] ?? 0), values];
  });
}

/** The history without images. */
function numbersOfHistory(records: readonly Message[]): [number, Record<string, string>][] {
  return historyOf(records).map(([step, { plot: _, ...values }]) => [step, values]);
}

/** What the history has of an epoch of {@linkcode epochs}. */
function row(epoch: number): [number, Record<string, string>] {
  const values = { ...numbersOf(epoch), epoch, _step: epoch };
  return [epoch, Object.fromEntries(Object.entries(values).map(([k, v]) => [k, String(v)]))];
}

Deno.test("wandb writes what the run is called, its config and its numbers", async () => {
  await inFolder(async (folder) => {
    const options = { entity: "lab", project: "mil", name: "a run", tags: ["x", "y"] };
    const logger = create(options);
    const config = { training: { epochs: 2, seed: null }, long: "x".repeat(100_000) };
    const lines: string[] = [];
    await logger.start(runInfo(folder, { config, fold: 1, addLog: { site: "A" }, lines }));
    await logger.log(0, numbersOf(0));
    await logger.log(1, { train_loss: NaN, val_loss: -Infinity });
    await logger.logTest!(0, { test_loss: 0.5 });
    await logger.finish("finished");
    const records = await recordsIn(folder);
    assertEquals(kinds(records), [
      ...[HEADER, RUN_RECORD, HISTORY, SUMMARY, HISTORY, SUMMARY, SUMMARY, EXIT],
    ]);
    const run = inside(records[1], RUN_RECORD);
    const { folder: offline, id } = await runIn(folder);
    assertEquals([1, 2, 3, 6, 8].map((field) => text(run, field)), [
      ...[id, "lab", "mil", "group", "a run"],
    ]);
    assertEquals(run[10].map((tag) => new TextDecoder().decode(tag as Uint8Array)), [
      ...["x", "y", "fold_1"],
    ]);
    const entries = Object.entries(items(inside(run, 4)));
    assertEquals(Object.fromEntries(entries.map(([key, json]) => [key, JSON.parse(json)])), {
      ...config,
      add_log: { site: "A" },
      runtime: { glovita: "0.1.0" },
    });
    assertEquals(historyOf(records), [
      row(0),
      [1, { train_loss: "NaN", val_loss: "-Infinity", epoch: "1", _step: "1" }],
    ]);
    const summary = items(inside(records[6], SUMMARY));
    assertEquals([summary.train_loss, summary.test_loss, summary.lr], ["NaN", "0.5", "0.5"]);
    assertEquals(inside(records[7], EXIT)[1], [0]);
    assertEquals(lines, [`wandb: the run is not uploaded yet: wandb sync ${offline}`]);
  });
});

Deno.test("wandb leaves out what is not given, and calls the project as the dataset", async () => {
  await inFolder(async (folder) => {
    const lines: string[] = [];
    const logger = create({ offline: true });
    await logger.start(runInfo(folder, { lines }));
    await logger.finish("failed");
    const [, run, exit] = await recordsIn(folder);
    const { 2: entity, 8: name, 10: tags, ...others } = inside(run, RUN_RECORD);
    assertEquals([entity, name, tags], [undefined, undefined, undefined]);
    assertEquals(text(others, 3), "samples");
    assertEquals(inside(exit, EXIT)[1], [1]);
    const { folder: offline } = await runIn(folder);
    assertEquals(lines, [`wandb: the run is in ${offline}; wandb sync uploads it`]);
  });
});

Deno.test("wandb keeps images among the files of the run", async () => {
  await inFolder(async (folder) => {
    const logger = create();
    await logger.start(runInfo(folder));
    await logger.logImage!(3, "val plot", PNG);
    await logger.finish("failed"); // The numbers of that epoch never came.
    const [, , history, files] = await recordsIn(folder);
    const [item] = all(inside(files, FILES), 1);
    const path = text(item, 1)!;
    assertMatch(path, /^media\/images\/val_plot_3_[0-9a-f]{20}\.png$/);
    assertEquals(item[3], [2]);
    assertEquals(await Deno.readFile(join((await runIn(folder)).folder, "files", path)), PNG);
    const image = JSON.parse(items(inside(history, HISTORY))["val plot"]);
    const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", PNG)).toHex();
    const facts = { _type: "image-file", format: "png", width: 1, height: 1 };
    assertEquals(image, { ...facts, path, sha256, size: PNG.length });
  });
});

Deno.test("wandb puts images into the row of their epoch, before or after its numbers", async () => {
  await inFolder(async (folder) => {
    const logger = create();
    await logger.start(runInfo(folder, { config: { long: "x".repeat(32_000) } }));
    await logger.log(0, numbersOf(0));
    await logger.logImage!(1, "early", PNG);
    await logger.log(1, numbersOf(1));
    await logger.logTest!(0, { test_loss: 0.25 });
    await logger.logImage!(1, "late", PNG);
    await logger.logImage!(1, "later", PNG);
    await logger.logImage!(0, "too late", PNG);
    await logger.logImage!(1, "last", PNG);
    await logger.finish("finished");
    const records = await recordsIn(folder);
    const rows = historyOf(records).map(([step, values]) => [step, Object.keys(values).sort()]);
    const numbers = ["_step", "epoch", "lr", "train_loss", "val_Accuracy"];
    assertEquals(rows, [
      [0, numbers],
      [1, [...numbers, "early", "late", "later"].sort()],
      [0, ["_step", "epoch", "too late"]],
      [1, ["_step", "epoch", "last"]],
    ]);
    const files = records.filter((record) => record[FILES])
      .map((record) => text(inside(record, FILES, 1), 1)!.replace(/_[0-9a-f]{20}/, ""));
    assertEquals(files, [
      ...["early_1", "late_1", "later_1", "too_late_0", "last_1"].map((name) =>
        `media/images/${name}.png`
      ),
    ]);
    const summary = items(inside(records.findLast((record) => record[SUMMARY])!, SUMMARY));
    assertEquals([summary.test_loss, summary.val_Accuracy], ["0.25", "0.25"]);
  });
});

/** What one process logs. */
async function logUntil(end: number, info: RunInfo): Promise<void> {
  const logger = create();
  await logger.start(info);
  for (const { epoch, values } of epochs(end).slice(info.earlier.length)) {
    await logger.log(epoch, values);
    await logger.logImage!(epoch, "plot", PNG);
  }
  await logger.finish("failed");
}

Deno.test("wandb goes on with a run under its id, and can be uploaded again", async () => {
  await inFolder(async (folder) => {
    await logUntil(4, runInfo(folder));
    const { id, file } = await runIn(folder);
    const first = await recordsIn(folder);
    await Deno.writeTextFile(`${file}.synced`, "");
    await logUntil(5, runInfo(folder, { earlier: epochs(2) }));
    assertEquals((await runIn(folder)).id, id);
    assertEquals((await namesIn(join(file, ".."))).sort(), ["files", `run-${id}.wandb`]);
    const records = await recordsIn(folder);
    assertEquals(numbersOfHistory(records), epochs(5).map(({ epoch }) => row(epoch)));
    const images = historyOf(records).filter(([, values]) => "plot" in values);
    assertEquals(images.map(([step]) => step), [0, 1, 2, 3, 4]);
    const started = (message: Message) => inside(message, RUN_RECORD, 17);
    assertEquals(started(records[1]), started(first[1]));
    assertEquals(kinds(records).filter((kind) => kind === EXIT).length, 1);
    const times = (messages: Message[]) =>
      items(inside(messages.find((message) => message[HISTORY])!, HISTORY))._timestamp;
    assertEquals(times(records), times(first));
  });
});

Deno.test("wandb adds earlier epochs that its file lacks, whatever its end", async () => {
  await inFolder(async (folder) => {
    await logUntil(2, runInfo(folder));
    const { file } = await runIn(folder);
    const bytes = await Deno.readFile(file);
    await Deno.truncate(file, bytes.length - 5);
    await logUntil(4, runInfo(folder, { earlier: epochs(3) }));
    const records = await recordsIn(folder);
    assertEquals(numbersOfHistory(records), epochs(4).map(({ epoch }) => row(epoch)));
    const summary = items(inside(records.findLast((record) => record[SUMMARY])!, SUMMARY));
    assertEquals(summary.val_Accuracy, "0.75");
  });
});

Deno.test("wandb's bytes are those that W&B's own classes have read", async () => {
  assertEquals(await Deno.readFile(RUN.file), runBytes());
  const found: Record<string, unknown>[] = JSON.parse(await Deno.readTextFile(RUN.found));
  const own = readRecords(runBytes());
  assertEquals(found.map(({ num }) => Number(num)), own.map((record) => record[1][0]));
  assertEquals(kinds(own), [HEADER, RUN_RECORD, HISTORY, SUMMARY, FILES, HISTORY, EXIT]);
  const names = ["header", "run", "history", "summary", "files", "history", "exit"];
  assertEquals(found.map((record) => Object.keys(record).at(-1)), names);
});

Deno.test({
  name: "wandb writes what W&B's own classes read (needs GLOVITA_PYTHON with wandb)",
  ignore: !hasPython("wandb"),
  fn: async () => {
    const found = JSON.parse(await Deno.readTextFile(RUN.found));
    assertEquals(runPython("read_run.py", RUN.file), found);
    await inFolder(async (folder) => {
      const logger = create({ tags: ["x"] });
      const config = { long: "x".repeat(200_000), other: 1 }; // over six blocks
      await logger.start(runInfo(folder, { config }));
      for (const { epoch, values } of epochs(300)) await logger.log(epoch, values);
      await logger.finish("finished");
      const read = runPython("read_run.py", (await runIn(folder)).file) as {
        history?: { item: { key: string; value_json: string }[] };
      }[];
      const steps = read.flatMap(({ history }) =>
        history?.item.filter(({ key }) => key === "_step").map(({ value_json }) => value_json) ?? []
      );
      assertEquals(steps, epochs(300).map(({ epoch }) => String(epoch)));
    });
  },
});
