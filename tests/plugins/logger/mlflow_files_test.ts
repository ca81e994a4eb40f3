import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { asKey, flatten, withOwnKeys } from "../../../plugins/logger/_mlflow_store.ts";
import { inFolder, namesIn, readRunJson } from "../../_training.ts";
import { create, info, logUntil, place } from "./_mlflow_runs.ts";
import { epochs, numbersOf, PNG } from "./_run.ts";

Deno.test("parameters have names with dots and values in Python's spelling", () => {
  const tree = {
    task: { metrics: ["acc", "it's"], mixup: false, empty: {}, none: [] },
    optimizer: { lr: 2e-5, eps: 1e-10, decay: 0.05, big: 1e21, count: 3 },
    "odd (name)": null,
    nested: [{ a: true, b: [1, null] }],
    text: "as it is",
    absent: undefined,
  };
  assertEquals(Object.fromEntries(flatten(tree).map(({ key, value }) => [key, value])), {
    "task.metrics": `['acc', "it's"]`,
    "task.mixup": "False",
    "task.empty": "{}",
    "task.none": "[]",
    "optimizer.lr": "2e-05",
    "optimizer.eps": "1e-10",
    "optimizer.decay": "0.05",
    "optimizer.big": "1e+21",
    "optimizer.count": "3",
    "odd _name_": "None",
    nested: "[{'a': True, 'b': [1, None]}]",
    text: "as it is",
  });
  const same = ["a(b", "a)b", "c", "a b"].map((key) => ({ [key]: 1 }));
  const keys = withOwnKeys(same.flatMap((tree) => flatten(tree))).map(({ key }) => key);
  assertEquals(keys, ["a_b", "a_b_2", "c", "a b"]);
  assertEquals(["../a", "/a//b", "a/..", "x".repeat(300)].map(asKey), [
    ...["_/a", "_/a/_/b", "a/_", "x".repeat(250)],
  ]);
});

/** A file of a run in the only experiment of that name. */
async function storeRun(store: string, name: string): Promise<string> {
  for await (const { name: id } of Deno.readDir(store)) {
    const meta = await Deno.readTextFile(join(store, id, "meta.yaml")).catch(() => "");
    if (!meta.includes(`name: "${name}"`)) continue;
    const runs = (await namesIn(join(store, id))).filter((run) => run !== "meta.yaml");
    assertEquals(runs.length, 1);
    return join(store, id, runs[0]);
  }
  throw new Error(`no experiment "${name}"`);
}

Deno.test("mlflow writes MLflow's file store where no server is named", async () => {
  await inFolder(async (folder) => {
    const directory = await place(folder);
    const lines: string[] = [];
    const run = info(folder, directory, { lines, addLog: { "../escape": 1 } });
    await logUntil(2, run, { tags: ["x"] }, "failed");
    const best = join(directory, "best.pt");
    await Deno.writeFile(best, PNG);
    const logger = create({ tags: ["x"] });
    await logger.start({ ...run, earlier: epochs(2) });
    await logger.log(2, { ...numbersOf(2), val_Accuracy: NaN, "a/b": Infinity });
    await logger.artifact!(best, "checkpoints/best.pt");
    await logger.finish("finished");
    const store = join(folder, "experiments", "mlflow");
    const path = await storeRun(store, "samples");
    const read = (name: string) => Deno.readTextFile(join(path, name));
    const lossLines = (await read("metrics/train_loss")).trimEnd().split("\n");
    assertEquals(lossLines.map((line) => line.replace(/^\d{13} /, "")), ["1 0", "0.5 1", "0.25 2"]);
    assertMatch(await read("metrics/val_Accuracy"), /\n\d{13} NaN 2\n$/);
    assertMatch(await read("metrics/a/b"), /^\d{13} Infinity 2\n$/);
    const entries = ["params/training.seed", "params/add_log.../escape", "tags/tags", "tags/group"];
    assertEquals(await Promise.all(entries.map(read)), ["None", "1", "x", "group"]);
    assertEquals(await Deno.readFile(join(path, "artifacts/checkpoints/best.pt")), PNG);
    const meta = Object.fromEntries(
      (await read("meta.yaml")).trimEnd().split("\n").map((line) => {
        const at = line.indexOf(": ");
        return [line.slice(0, at), JSON.parse(line.slice(at + 2))];
      }),
    );
    const { artifact_uri, end_time, experiment_id, run_id, run_uuid, start_time, ...others } = meta;
    assertEquals(artifact_uri, `file://${path}/artifacts`);
    assertEquals([join(store, experiment_id, run_id), run_uuid], [path, run_id]);
    assertMatch(experiment_id, /^\d{18}$/);
    assert(end_time >= start_time && start_time > 1e12);
    assertEquals(others, {
      entry_point_name: "",
      lifecycle_stage: "active",
      run_name: "group",
      source_name: "",
      source_type: 4,
      source_version: "",
      status: 3,
      tags: [],
      user_id: "",
    });
    const place0 = await Deno.readTextFile(join(store, "0", "meta.yaml"));
    assertMatch(place0, /^artifact_location: "file:.*"\n(.*\n)*name: "Default"\n$/);
    assertEquals(
      lines.at(-1),
      `mlflow: the run is at ${store}, which mlflow ui --backend-store-uri shows`,
    );
  });
});

Deno.test("mlflow's file store finds the experiments that MLflow has made", async () => {
  await inFolder(async (folder) => {
    const store = join(folder, "store");
    await Deno.mkdir(join(store, "77"), { recursive: true });
    await Deno.mkdir(join(store, "78"), { recursive: true });
    const meta = (name: string, stage: string) =>
      `artifact_location: file:///x\nexperiment_id: '77'\nlifecycle_stage: ${stage}\nname: ${name}\n`;
    await Deno.writeTextFile(join(store, "77", "meta.yaml"), meta("'it''s: mine'", "active"));
    await Deno.writeTextFile(join(store, "78", "meta.yaml"), meta("plain name", "deleted"));
    const uri = `file://${store}`;
    const log = async (experiment_name: string) =>
      await logUntil(1, info(folder, await place(folder)), { tracking_uri: uri, experiment_name });
    await log("it's: mine");
    assertEquals((await namesIn(join(store, "77"))).length, 2);
    await log("plain name");
    assertEquals(await namesIn(join(store, "78")), ["meta.yaml"]);
    assertEquals((await namesIn(store)).filter((name) => /^\d+$/.test(name)).length, 4);
  });
});

Deno.test("mlflow keeps numbers where its folder cannot be written", async () => {
  await inFolder(async (folder) => {
    const blocked = join(folder, "file");
    await Deno.writeTextFile(blocked, "");
    const lines: string[] = [];
    const directory = await place(folder);
    await logUntil(2, info(folder, directory, { lines }), { tracking_uri: join(blocked, "store") });
    assertEquals(lines.length, 1);
    assertMatch(
      lines[0],
      /^mlflow: Cannot write the run: .*; numbers wait in .*mlflow_pending\.json$/,
    );
    const { metrics } = readRunJson<{ metrics: [] }>(directory, "mlflow_pending.json");
    assertEquals(metrics.length, 6);
  });
});
