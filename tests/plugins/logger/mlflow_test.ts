import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "node:path";
import { credentialsOf } from "../../../plugins/logger/_mlflow_rest.ts";
import { inFolder, namesIn, readRunJson } from "../../_training.ts";
import { MlflowServer } from "./_mlflow_server.ts";
import { create, curve, info, logUntil, place, wanted } from "./_mlflow_runs.ts";
import { epochs, numbersOf, PNG } from "./_run.ts";

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

Deno.test("mlflow goes where the environment says, unless the config does", async () => {
  await inFolder(async (folder) => {
    await using server = new MlflowServer();
    Deno.env.set("MLFLOW_TRACKING_URI", server.uri);
    try {
      await logUntil(1, info(folder, await place(folder)), {});
      assertEquals(server.run.status, "FINISHED");
      const store = join(folder, "store");
      await logUntil(1, info(folder, await place(folder)), { tracking_uri: store });
      assertEquals([server.runs.size, (await namesIn(store)).includes("0")], [1, true]);
    } finally {
      Deno.env.delete("MLFLOW_TRACKING_URI");
    }
  });
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
