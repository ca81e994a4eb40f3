import { assertEquals, assertRejects } from "@std/assert";
import { DATA_SECTION, dataOptions, type JobCommand, prepareJob } from "../../cli/job_command.ts";
import { count, flag } from "../../registry/options/mod.ts";
import { ConfigError } from "../../registry/errors.ts";
import { registry } from "../../registry/registry.ts";
import "../../plugins/mod.ts";
import { TemporaryFolder } from "../engine/storage/testdata.ts";
import { listener } from "./_fakes.ts";

const COMMAND: JobCommand = {
  name: "glovita_weigh",
  description: "Weighs folders.",
  examples: ["glovita_weigh slides"],
  words: "PATH ...",
  base: { data: { dataset: "slide_features", val_fraction: 0.1 } },
  sections: [
    {
      path: "",
      description: "What is weighed",
      entries: {
        folds: count(null, "Number of folds."),
        deep: flag(false, "Whether all is weighed."),
      },
    },
    DATA_SECTION,
  ],
};

async function prepare(...args: string[]) {
  const io = listener();
  const sources = { registry, loadBuiltIns: () => Promise.resolve() };
  const job = await prepareJob(args, COMMAND, { io, sources });
  return { ...io, job, data: job && dataOptions(job) };
}

Deno.test("prepareJob() takes paths, own flags, and those of the data with and without data.", async () => {
  const { job, data } = await prepare(
    ...["a", "b", "--folds", "3", "--labels_file", "t.csv", "--data.split-column", "fold_0"],
  );
  assertEquals([job?.paths, job?.tree.folds, job?.tree.deep], [["a", "b"], 3, false]);
  assertEquals([data?.labels_file, data?.split_column, data?.val_fraction], [
    "t.csv",
    "fold_0",
    0.1,
  ]);
  assertEquals(job?.given.includes("data.labels_file"), true);
});

Deno.test("prepareJob() takes what follows a flag that is true or false for paths", async () => {
  const { job } = await prepare("--deep", "a", "b", "--strict", "--no_ignore_labels", "c");
  assertEquals([job?.paths, job?.tree.deep], [["a", "b", "c"], true]);
  assertEquals(dataOptions(job!).strict, true);
  const written = await prepare("--deep", "false", "a", "--data.strict", "TRUE");
  assertEquals([written.job?.paths, written.job?.tree.deep], [["a"], false]);
  assertEquals(written.data?.strict, true);
});

Deno.test("prepareJob() puts a config file over the command's base, and flags over both", async () => {
  using folder = new TemporaryFolder();
  const file = folder.file("config.json");
  const data = { labels_file: "t.csv", split_seed: 4 };
  await Deno.writeTextFile(file, JSON.stringify({ data, training: { epochs: 3 } }));
  const { job, data: found } = await prepare("a", "--config", file, "--split_seed", "5");
  assertEquals([job?.paths, found?.dataset, found?.labels_file], [
    ["a"],
    "slide_features",
    "t.csv",
  ]);
  assertEquals([found?.split_seed, found?.val_fraction], [5, 0.1]);
});

Deno.test("prepareJob() shows help and version instead", async () => {
  const help = await prepare("--help");
  assertEquals([help.job, help.outLines[0]], [
    undefined,
    "Usage: glovita_weigh PATH ... [--section.field value ...]",
  ]);
  assertEquals((await prepare("--version")).outLines[0].startsWith("glovita_weigh "), true);
});

Deno.test("prepareJob() names everything that is wrong at once", async () => {
  const wrong = () => prepare("a", "--folds", "0", "--split_fil", "x", "--val_fraction", "b");
  const { issues } = await assertRejects(wrong, ConfigError);
  assertEquals(issues.map(({ path }) => path).sort(), ["data.val_fraction", "folds", "split_fil"]);
});
