import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "node:path";
import { credentialsOf } from "../../../plugins/logger/_mlflow_rest.ts";
import { asKey, flatten } from "../../../plugins/logger/_mlflow_store.ts";
import { mlflow, type MlflowConfig } from "../../../plugins/logger/mlflow.ts";
import type { RunInfo } from "../../../registry/plugin.ts";
import { minimalOptions } from "../../../registry/testing/mod.ts";
import { inFolder, namesIn, readRunJson } from "../../_training.ts";
import { MlflowServer } from "./_mlflow_server.ts";
import { epochs, type EpochValues, numbersOf, PNG, runInfo } from "./_run.ts";

function create(options: Partial<MlflowConfig> = {}) {
  return mlflow.create(minimalOptions(mlflow, { ...options }), {});
}

/** A run below a folder of experiments, as training makes them. */
async function place(folder: string, name = "0"): Promise<string> {
  const directory = join(folder, "experiments", "samples", "group", name);
  await Deno.mkdir(directory, { recursive: true });
  await Deno.writeTextFile(join(directory, "resolved_config.json"), "{}");
  return directory;
}

/** What a run in {@linkcode place} tells. */
function info(folder: string, directory: string, changes: Parameters<typeof runInfo>[1] = {}) {
  const config = { exp_dir: join(folder, "experiments"), training: { epochs: 2, seed: null } };
  return runInfo(directory, { config, ...changes });
}

/** Logs the epochs after the earlier ones, and ends. */
async function logUntil(
  end: number,
  run: RunInfo,
  options: Partial<MlflowConfig>,
  status: "finished" | "failed" = "finished",
): Promise<void> {
  const logger = create(options);
  await logger.start(run);
  for (const { epoch, values } of epochs(end).slice(run.earlier.length)) {
    await logger.log(epoch, values);
  }
  await logger.finish(status);
}

/** Values of a number by step. */
function curve(server: MlflowServer, key: string, { metrics } = server.run): unknown[] {
  return metrics.filter((metric) => metric.key === key).map(({ step, value }) => [step, value]);
}

const wanted = (end: number, key = "val_Accuracy") =>
  epochs(end).map(({ epoch, values }: EpochValues) => [epoch, values[key]]);

Deno.test("mlflow logs a run to a server, each request as the API has it", async () => {
  await inFolder(async (folder) => {
    await using server = new MlflowServer();
    const lines: string[] = [];
    const directory = await place(folder);
    const options = {
      tracking_uri: server.uri,
      experiment_name: "slides",
      run_name: "a run",
      tags: ["x", "y"],
    };
    const logger = create(options);
    await logger.start(info(folder, directory, { fold: 2, addLog: { site: "Ä" }, lines }));
    assertEquals(server.run.status, "RUNNING");
    await logger.log(0, numbersOf(0));
    await logger.log(1, { train_loss: NaN, val_loss: Infinity, "odd/../(name)": -Infinity });
    await logger.logImage!(1, "val plot", PNG);
    await logger.logTest!(0, { test_loss: 0.5 });
    const best = join(directory, "best ä.pt");
    await Deno.writeFile(best, new Uint8Array(100_000).fill(7));
    await logger.artifact!(best, "checkpoints/best ä.pt");
    await logger.finish("finished");
    const { run } = server;
    assertEquals([...server.experiments], [["slides", "1"]]);
    assertEquals([run.name, run.experiment, run.status], ["a run", "1", "FINISHED"]);
    assert(run.ended! > 1e12);
    const { "mlflow.runName": name, "mlflow.source.name": source, ...tags } = run.tags;
    assertEquals([name, source], ["a run", "glovita_train"]);
    assertEquals(tags, {
      "mlflow.source.type": "LOCAL",
      group: "group",
      tags: "x,y",
      extra_tags: "fold_2",
    });
    assertEquals(run.params, {
      exp_dir: join(folder, "experiments"),
      "training.epochs": "2",
      "training.seed": "None",
      "add_log.site": "Ä",
      "runtime.glovita": "0.1.0",
    });
    assertEquals(run.metrics.map(({ key, value, step }) => [key, value, step]), [
      ...[["train_loss", 1, 0], ["val_Accuracy", 0, 0], ["lr", 0.5, 0]],
      ...[["train_loss", "NaN", 1], ["val_loss", "Infinity", 1]],
      ...[["odd/_/_name_", "-Infinity", 1], ["test_loss", 0.5, 0]],
    ]);
    assertEquals(Object.keys(run.artifacts), [
      "figures/step_0001_val_plot.png",
      "checkpoints/best ä.pt",
    ]);
    assertEquals(run.artifacts["figures/step_0001_val_plot.png"], PNG);
    assertEquals(run.artifacts["checkpoints/best ä.pt"], await Deno.readFile(best));
    assertEquals(server.refused, ["Could not find experiment with name 'slides'"]);
    assertEquals(await namesIn(directory), ["best ä.pt", "mlflow.json", "resolved_config.json"]);
    assertEquals(lines, [`mlflow: the run is at ${server.uri}/#/experiments/1/runs/${run.id}`]);
  });
});

Deno.test("mlflow keeps to the limits of a request, and says which texts it cuts", async () => {
  await inFolder(async (folder) => {
    await using server = new MlflowServer();
    const lines: string[] = [];
    const options = { tracking_uri: server.uri };
    const many = Object.fromEntries(
      Array.from({ length: 250 }, (_, i) => [`p${i}`, "ä".repeat(i < 200 ? 6000 : 6001)]),
    );
    const config = { exp_dir: folder, many };
    const logger = create(options);
    await logger.start(info(folder, await place(folder), { config, lines }));
    const values = Array.from({ length: 2500 }, (_, i) => [`metric_${i}`, i]);
    await logger.log(0, Object.fromEntries(values));
    await logger.finish("finished");
    assertEquals(server.refused.length, 1); // There was no such experiment.
    const { run } = server;
    assertEquals(Object.keys(run.params).length, 253);
    assertEquals(run.params["many.p199"], "ä".repeat(6000));
    assertEquals(run.params["many.p249"], "ä".repeat(5999) + "…");
    assertEquals(run.metrics.map(({ key, value }) => [key, value]), values);
    assert(server.batches.some(({ metrics }) => metrics === 1000));
    assertEquals(
      lines[0],
      "mlflow: many.p200 and 49 others are longer than the 6000 characters of a parameter: cut",
    );
  });
});

Deno.test("mlflow cuts parameters further for servers that take no more", async () => {
  await inFolder(async (folder) => {
    await using server = new MlflowServer({ longestParam: 500 });
    const lines: string[] = [];
    const config = { exp_dir: folder, long: "x".repeat(501), short: "y" };
    const run = info(folder, await place(folder), { config, lines });
    await logUntil(1, run, { tracking_uri: server.uri });
    assertEquals(server.run.params.long, "x".repeat(499) + "…");
    assertEquals([server.run.params.short, server.run.status], ["y", "FINISHED"]);
    assertMatch(lines[0], /^mlflow: this server takes parameters of 500 characters/);
  });
});

Deno.test("mlflow goes on when a server is back, at the end or before", async () => {
  await inFolder(async (folder) => {
    await using server = new MlflowServer();
    const lines: string[] = [];
    const directory = await place(folder);
    const logger = create({ tracking_uri: server.uri });
    server.failing = 2;
    await logger.start(info(folder, directory, { lines }));
    const pending = join(directory, "mlflow_pending.json");
    const told = `mlflow: Cannot log to ${server.uri}: HTTP status 503; numbers wait in ${pending}`;
    assertEquals(lines, [told]);
    await logger.log(0, numbersOf(0)); // left out: one epoch goes by
    assertEquals(server.requests.length, 1);
    assertEquals(readRunJson<{ metrics: [] }>(directory, "mlflow_pending.json").metrics.length, 3);
    await logger.log(1, numbersOf(1)); // fails
    for (const epoch of [2, 3]) await logger.log(epoch, numbersOf(epoch)); // two go by
    assertEquals([server.requests.length, server.runs.size], [2, 0]);
    await logger.log(4, numbersOf(4));
    assertEquals(curve(server, "val_Accuracy"), wanted(5));
    assertEquals(await namesIn(directory), ["mlflow.json", "resolved_config.json"]);
    server.failing = 1;
    await logger.log(5, numbersOf(5));
    await logger.logImage!(5, "plot", PNG);
    assertEquals(Object.keys(server.run.artifacts), []);
    await logger.finish("finished");
    assertEquals(curve(server, "val_Accuracy"), wanted(6));
    assertEquals(Object.keys(server.run.artifacts), ["figures/step_0005_plot.png"]);
    assertEquals(server.run.status, "FINISHED");
    assertEquals(lines.length, 2);
    assertMatch(lines[1], /^mlflow: reached at last, the run is at /);
    assertEquals(await namesIn(directory), ["mlflow.json", "resolved_config.json"]);
  });
});

Deno.test("mlflow leaves what nobody took to the next run, which sends it", async () => {
  await inFolder(async (folder) => {
    const gone = new MlflowServer();
    const { port, uri } = gone;
    await gone[Symbol.asyncDispose]();
    const first = await place(folder, "0");
    const best = join(first, "best.pt");
    await Deno.writeFile(best, PNG);
    const lines: string[] = [];
    const logger = create({ tracking_uri: uri, run_name: "first" });
    await logger.start(info(folder, first, { lines }));
    for (const { epoch, values } of epochs(3)) await logger.log(epoch, values);
    await logger.logImage!(2, "plot", PNG);
    await logger.artifact!(best, "best.pt");
    await logger.finish("failed");
    const pending = join(first, "mlflow_pending.json");
    assertEquals(lines.length, 1);
    assertMatch(lines[0], /^mlflow: Cannot reach http:\/\/127\.0\.0\.1:\d+: Connection refused/);
    assert(lines[0].endsWith(`; numbers wait in ${pending}`), lines[0]);
    const elsewhere = await place(folder, "1");
    await logUntil(1, info(folder, elsewhere), { tracking_uri: join(folder, "store") });
    assertEquals((await namesIn(first)).includes("mlflow_pending.json"), true);
    await using server = new MlflowServer({}, port);
    const second: string[] = [];
    const next = info(folder, await place(folder, "2"), { lines: second });
    await logUntil(2, next, { tracking_uri: uri, run_name: "second" });
    const [own, other] = [...server.runs.values()];
    assertEquals([own.name, own.status, other.name, other.status], [
      ...["second", "FINISHED", "first", "FAILED"],
    ]);
    assertEquals(curve(server, "val_Accuracy", other), wanted(3));
    assertEquals(Object.keys(other.artifacts), ["figures/step_0002_plot.png", "best.pt"]);
    assertEquals(second[1], `mlflow: sent what was kept in ${pending}`);
    assertEquals((await namesIn(first)).includes("mlflow_pending.json"), false);
    assertEquals(server.refused.length, 1); // There was no such experiment.
  });
});

Deno.test("mlflow goes on with the run that is resumed, without sending numbers twice", async () => {
  await inFolder(async (folder) => {
    await using server = new MlflowServer();
    const directory = await place(folder);
    const options = { tracking_uri: server.uri };
    await logUntil(3, info(folder, directory), options, "failed");
    assertEquals(server.run.status, "FAILED");
    const config = { exp_dir: folder, training: { epochs: 9 } };
    await logUntil(5, info(folder, directory, { earlier: epochs(3), config }), options);
    assertEquals(curve(server, "val_Accuracy"), wanted(5));
    assertEquals(server.run.params["training.epochs"], "2"); // Parameters never change.
    assertEquals(server.run.status, "FINISHED");
    // Without numbers of the third epoch, as after a kill before it was logged.
    const file = join(directory, "mlflow.json");
    const kept = JSON.parse(await Deno.readTextFile(file));
    await Deno.writeTextFile(file, JSON.stringify({ ...kept, last_epoch: 4 }));
    await logUntil(7, info(folder, directory, { earlier: epochs(6) }), options);
    assertEquals(curve(server, "val_Accuracy"), wanted(7));
    assertEquals(server.refused.length, 1); // There was no such experiment.
  });
});

Deno.test("mlflow resumes a run that nobody took, less the epochs that are trained again", async () => {
  await inFolder(async (folder) => {
    const gone = new MlflowServer();
    const { port, uri } = gone;
    await gone[Symbol.asyncDispose]();
    const directory = await place(folder);
    await logUntil(3, info(folder, directory), { tracking_uri: uri }, "failed");
    await using server = new MlflowServer({}, port);
    await logUntil(4, info(folder, directory, { earlier: epochs(2) }), { tracking_uri: uri });
    assertEquals(curve(server, "val_Accuracy"), wanted(4));
    assertEquals(server.run.params["training.epochs"], "2");
    assertEquals(server.run.status, "FINISHED");
  });
});

Deno.test("mlflow makes a new run where a resumed one goes elsewhere, with all epochs", async () => {
  await inFolder(async (folder) => {
    await using first = new MlflowServer();
    await using second = new MlflowServer();
    const directory = await place(folder);
    await logUntil(2, info(folder, directory), { tracking_uri: first.uri }, "failed");
    const earlier = epochs(2);
    await logUntil(3, info(folder, directory, { earlier }), { tracking_uri: second.uri });
    assertEquals(curve(second, "val_Accuracy"), wanted(3));
    assertEquals(second.run.params["training.epochs"], "2");
  });
});

Deno.test("mlflow puts files where the server says, or leaves them where they are", async () => {
  await inFolder(async (folder) => {
    const put = async (artifacts: string) => {
      await using server = new MlflowServer({ artifacts });
      const lines: string[] = [];
      const directory = await place(folder);
      const best = join(directory, "best.pt");
      await Deno.writeFile(best, PNG);
      const logger = create({ tracking_uri: server.uri });
      await logger.start(info(folder, directory, { lines }));
      await logger.artifact!(best, "checkpoints/best.pt");
      await logger.finish("finished");
      assertEquals(server.run.status, "FINISHED");
      return { lines, id: server.run.id, names: Object.keys(server.run.artifacts), best };
    };
    for (const root of [`${folder}/disk/`, `file://${folder}/di%73k/`]) {
      const { id } = await put(root);
      const copy = join(folder, "disk", "1", id, "artifacts/checkpoints/best.pt");
      assertEquals(await Deno.readFile(copy), PNG);
    }
    const { lines, id, names, best } = await put("s3://bucket/");
    assertEquals(names, []);
    assertEquals(
      lines[0],
      'mlflow: Cannot upload "checkpoints/best.pt": the server keeps files in ' +
        `s3://bucket/1/${id}/artifacts, not itself; it stays "${best}"`,
    );
  });
});

Deno.test("mlflow says what a server refuses, and does not end the run", async () => {
  await inFolder(async (folder) => {
    const tell = async (uri: string) => {
      const lines: string[] = [];
      await logUntil(1, info(folder, await place(folder), { lines }), { tracking_uri: uri });
      return lines.map((line) => line.replace(/; numbers wait in .*/, ""));
    };
    await using closed = new MlflowServer({ authorization: "Basic dXNlcjpwYXNz" }); // user:pass
    assertEquals(await tell(closed.uri), [`mlflow: Cannot log to ${closed.uri}: HTTP status 401`]);
    const [line] = await tell(closed.uri.replace("//", "//user:pass@"));
    assertMatch(line, /^mlflow: the run is at http:\/\/127\.0\.0\.1:/);
    const page = () => new Response("<html>Welcome</html>");
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    await using other = Deno.serve(options, page);
    const uri = `http://127.0.0.1:${other.addr.port}`;
    assertEquals(await tell(uri), [
      `mlflow: Cannot log to ${uri}: its answer is not one of MLflow's`,
    ]);
  });
});

Deno.test("mlflow takes credentials as MLflow's client does", () => {
  const of = (variables: Record<string, string>) =>
    credentialsOf((name) => variables[name.replace("MLFLOW_TRACKING_", "")]);
  assertEquals(of({ USERNAME: "user", PASSWORD: "pass", TOKEN: "t" }), "Basic dXNlcjpwYXNz");
  assertEquals([of({ TOKEN: "t" }), of({ USERNAME: "user" })], ["Bearer t", undefined]);
});

Deno.test("mlflow refuses addresses that it has no store for", () => {
  for (
    const uri of ["databricks://profile", "sqlite:///mlflow.db", "http://", "file:%zz", "s3://b"]
  ) {
    assertThrows(
      () => create({ tracking_uri: uri }),
      RangeError,
      "expected tracking_uri to be the address of a server, http://HOST:PORT, or a folder, " +
        `received "${uri}"`,
    );
  }
});

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
