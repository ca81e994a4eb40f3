import { assert, assertEquals, assertThrows } from "@std/assert";
import { join, resolve } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { RunDirectory } from "../../../engine/train/run_directory.ts";
import { checkpointBytes, inFolder, namesIn } from "../../_training.ts";

Deno.test("RunDirectory.writeCheckpoint() writes last and best as the epoch's file", async () => {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(join(folder, "a", "0"));
    assert(!directory.occupied);
    directory.make();
    assert(!directory.occupied);
    await directory.writeCheckpoint(0, { epoch: 0 }, true);
    await directory.writeCheckpoint(1, { epoch: 1 }, false);
    await directory.writeCheckpoint(12, { epoch: 12 }, false);
    assert(directory.occupied);
    const names = ["best.pt", "epoch_0000.pt", "epoch_0001.pt", "epoch_0012.pt", "last.pt"];
    assertEquals(await namesIn(join(directory.path, "checkpoints")), names);
    assertEquals(
      checkpointBytes(directory.path, "best"),
      checkpointBytes(directory.path, "epoch_0000"),
    );
    assertEquals(checkpointBytes(directory.path), checkpointBytes(directory.path, "epoch_0012"));
    // An epoch that is done once more, after its checkpoint was written and before `last` was.
    await directory.writeCheckpoint(12, { epoch: 13 }, true);
    assertEquals(
      checkpointBytes(directory.path, "best"),
      checkpointBytes(directory.path, "epoch_0012"),
    );
    assertEquals(await namesIn(join(directory.path, "checkpoints")), names);
  });
});

Deno.test("RunDirectory knows its place, its fold, the other folds and its checkpoints", () => {
  const address = { expDir: "experiments", dataset: "cifar10", group: "g", fold: 2 };
  const directory = RunDirectory.of(address);
  assertEquals(directory.path, join("experiments", "cifar10", "g", "2"));
  assertEquals([directory.fold, directory.otherFold(10).path], [
    2,
    join("experiments", "cifar10", "g", "10"),
  ]);
  assertEquals([new RunDirectory("a/4/").fold, new RunDirectory("a/b4").fold], [4, undefined]);
  const { path } = RunDirectory.ofCheckpoint(directory.checkpoint("best"));
  assertEquals(path, resolve(directory.path));
  assertEquals(RunDirectory.ofCheckpoint("best.pt").path, resolve(".."));
});

Deno.test("RunDirectory.find() takes a run, a group of folds and a checkpoint", async () => {
  await inFolder(async (folder) => {
    const group = join(folder, "g");
    for (const fold of [10, 2]) {
      const run = new RunDirectory(join(group, String(fold)));
      run.make();
      await run.write("resolvedConfig", {});
      await run.writeCheckpoint(0, {}, true);
    }
    new RunDirectory(join(group, "3")).make();
    await Deno.mkdir(join(group, "plots"));
    const find = (path: string) => {
      const found = RunDirectory.find(path);
      return found && [found.kind, found.runs.map((run) => run.path)];
    };
    const folds = [join(group, "2"), join(group, "10")];
    assertEquals(find(folds[1]), ["run", [folds[1]]]);
    assertEquals(find(group), ["group", folds]);
    const checkpoint = join(folds[0], "checkpoints", "best.pt");
    assertEquals(find(checkpoint), ["checkpoint", [folds[0]]]);
    for (const path of ["", folder, join(group, "3"), join(group, "nothing"), `${checkpoint}x`]) {
      assertEquals(find(path), undefined, path);
    }
  });
});

Deno.test("RunDirectory.readConfig() gives the tree, or says what is wrong with it", async () => {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(folder);
    await directory.write("config", { seed: null });
    await directory.write("resolvedConfig", { seed: 3 });
    assertEquals(directory.readConfig("config", "Cannot use it"), { seed: null });
    assertEquals(directory.readConfig("resolvedConfig", "Cannot use it"), { seed: 3 });
    const file = join(folder, "config.json");
    const fails = (state: string) => {
      const error = assertThrows(() => directory.readConfig("config", "Cannot use it"), DataError);
      assertEquals(error.message, `Cannot use it: its config "${file}" ${state}`);
      assertEquals(error.file, file);
    };
    await Deno.writeTextFile(file, "{");
    fails("is not JSON: Expected property name or '}' in JSON at position 1 (line 1 column 2)");
    await Deno.writeTextFile(file, '{"seed": 1, "seed": 2}');
    fails('is not JSON: line 1 repeats the name "seed"');
    await Deno.writeTextFile(file, "[]");
    fails("holds no config");
    await Deno.remove(file);
    fails("does not exist");
    await Deno.mkdir(file);
    fails("cannot be read");
  });
});

Deno.test("RunDirectory reads what is recorded of a run, and does without", async () => {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(folder);
    assertEquals([directory.readRuntimeInfo(), directory.readPlugins()], [{}, []]);
    await directory.write("runtimeInfo", { cores: 2, plugins: ["./a.ts"] });
    assertEquals(directory.readRuntimeInfo(), { cores: 2, plugins: ["./a.ts"] });
    assertEquals(directory.readPlugins(), ["./a.ts"]);
    for (const text of ["{", "[]", '{"plugins": 3}']) {
      await Deno.writeTextFile(join(folder, "runtime_info.json"), text);
      assertEquals(directory.readPlugins(), []);
    }
  });
});

Deno.test("RunDirectory.readMetrics() gives the epochs that count", async () => {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(folder);
    assertEquals(directory.readMetrics(3), { train: [], val: [] });
    const [train, val] = [[{ a: 1 }, { a: 2 }, { a: NaN }], [{ b: 1 }, { b: 2 }, { b: 3 }]];
    await directory.writeMetrics({ train, val, test: { c: 1 } });
    assert(directory.occupied);
    assertEquals(directory.readMetrics(2), { train: train.slice(0, 2), val: val.slice(0, 2) });
    assertEquals(JSON.parse(await Deno.readTextFile(join(folder, "metrics.json"))), {
      train: [{ a: 1 }, { a: 2 }, { a: null }],
      val,
      test: { c: 1 },
    });
    for (const text of ["{", "[]", '{"train": 3, "val": []}', '{"train": [null], "val": [[]]}']) {
      await Deno.writeTextFile(join(folder, "metrics.json"), text);
      const error = assertThrows(() => directory.readMetrics(1), DataError);
      assertEquals(error.message, `Cannot read "${folder}/metrics.json": it holds no metrics`);
    }
  });
});

Deno.test("RunDirectory.make() removes what a killed process left, and nothing else", async () => {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(folder);
    directory.make();
    const uuid = crypto.randomUUID();
    const left = [`.metrics.json.${uuid}.tmp`, `checkpoints/.last.pt.${uuid}.tmp`];
    const kept = ["notes.tmp", ".hidden", "checkpoints/last.pt", "checkpoints/.mine.tmp"];
    for (const name of [...left, ...kept]) await Deno.writeTextFile(join(folder, name), "x");
    directory.make();
    assertEquals(await namesIn(folder), [".hidden", "checkpoints", "notes.tmp"]);
    assertEquals(await namesIn(join(folder, "checkpoints")), [".mine.tmp", "last.pt"]);
  });
});

Deno.test("RunDirectory.make() names the file that is in the way", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "");
    for (const path of [file, join(file, "group", "0")]) {
      const error = assertThrows(() => new RunDirectory(path).make(), DataError);
      assertEquals(error.message, `Cannot write "${path}": "${file}" is not a folder`);
    }
  });
});
