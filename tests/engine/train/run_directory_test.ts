import { assert, assertEquals, assertThrows } from "@std/assert";
import { join, resolve } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { RunDirectory } from "../../../engine/train/run_directory.ts";
import { checkpointBytes, inFolder, namesIn } from "../../_training.ts";

Deno.test("RunDirectory.writeCheckpoint() writes last and best as the epoch's file", async () => {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(join(folder, "a", "0"));
    assert(!directory.occupied);
    directory.take().release();
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
  assertEquals([new RunDirectory("e/d/g/4/").group, new RunDirectory("e/d/deep/g/0").group], [
    "g",
    "g",
  ]);
  const { path } = RunDirectory.ofCheckpoint(directory.checkpoint("best"));
  assertEquals(path, resolve(directory.path));
  assertEquals(RunDirectory.ofCheckpoint("best.pt").path, resolve(".."));
});

Deno.test("RunDirectory.find() takes a run, a group of folds and a checkpoint", async () => {
  await inFolder(async (folder) => {
    const group = join(folder, "g");
    for (const fold of [10, 2]) {
      const run = new RunDirectory(join(group, String(fold)));
      run.take().release();
      await run.write("resolvedConfig", {});
      await run.writeCheckpoint(0, {}, true);
    }
    new RunDirectory(join(group, "3")).take().release();
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

Deno.test("RunDirectory knows whether a run has begun in it, and whether a process works on it", async () => {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(join(folder, "0"));
    assertEquals([directory.begun, directory.busy], [false, false]);
    const lock = directory.take();
    assertEquals([directory.begun, directory.busy], [true, true]);
    lock.release();
    assertEquals([directory.begun, directory.busy], [false, false]);
    await directory.write("config", {});
    assertEquals([directory.begun, directory.busy], [true, false]);
  });
});

Deno.test("RunDirectory.readTest() gives the numbers on the test split once they are there", async () => {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(folder);
    assertEquals(directory.readTest(), undefined);
    await directory.writeMetrics({ train: [{ a: 1 }], val: [{ b: 1 }] });
    assertEquals(directory.readTest(), undefined);
    await directory.writeMetrics({ train: [{ a: 1 }], val: [{ b: 1 }], test: { c: 2 } });
    assertEquals(directory.readTest(), { c: 2 });
  });
});

Deno.test("RunDirectory.readMetrics() gives the epochs that count", async () => {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(folder);
    assertEquals(directory.readMetrics(3), { train: [], val: [] });
    const [train, val] = [[{ a: 1 }, { a: 2 }, { a: NaN }], [{ b: 1 }, { b: 2 }, { b: 3 }]];
    await directory.writeMetrics({ train, val, test: { c: 1 } });
    assertEquals(directory.readMetrics(2), { train: train.slice(0, 2), val: val.slice(0, 2) });
    assertEquals(JSON.parse(await Deno.readTextFile(join(folder, "metrics.json"))), {
      train: [{ a: 1 }, { a: 2 }, { a: null }],
      val,
      test: { c: 1 },
    });
    const none = "it holds no metrics";
    const wrong = "its epochs are not objects of numbers, as many of train as of val";
    for (
      const [text, state] of [
        ["{", none],
        ["[]", none],
        ['{"train": 3, "val": []}', none],
        ['{"train": [null], "val": [null]}', wrong],
        ['{"train": [{"loss": "1"}], "val": [{}]}', wrong],
        ['{"train": [{"loss": 1}], "val": []}', wrong],
      ]
    ) {
      await Deno.writeTextFile(join(folder, "metrics.json"), text);
      const error = assertThrows(() => directory.readMetrics(1), DataError);
      assertEquals(error.message, `Cannot read "${folder}/metrics.json": ${state}`);
    }
  });
});

Deno.test("RunDirectory.take() removes what a killed process left, and nothing else", async () => {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(folder);
    directory.take().release();
    const uuid = crypto.randomUUID();
    const left = [`.metrics.json.${uuid}.tmp`, `checkpoints/.last.pt.${uuid}.tmp`];
    const kept = ["notes.tmp", ".hidden", "checkpoints/last.pt", "checkpoints/.mine.tmp"];
    for (const name of [...left, ...kept]) await Deno.writeTextFile(join(folder, name), "x");
    directory.take().release();
    assertEquals(await namesIn(folder), [".hidden", "checkpoints", "notes.tmp"]);
    assertEquals(await namesIn(join(folder, "checkpoints")), [".mine.tmp", "last.pt"]);
  });
});

Deno.test("RunDirectory.take() names the file that is in the way", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "");
    for (const path of [file, join(file, "group", "0")]) {
      const error = assertThrows(() => new RunDirectory(path).take(), DataError);
      assertEquals(error.message, `Cannot write "${path}": "${file}" is not a folder`);
    }
  });
});

Deno.test("RunDirectory.take() keeps others off, and leaves no lock behind", async () => {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(join(folder, "g", "0"));
    const lock = directory.take();
    const temporary = join(directory.path, `.metrics.json.${crypto.randomUUID()}.tmp`);
    await Deno.writeTextFile(temporary, "x");
    const error = assertThrows(() => new RunDirectory(directory.path).take(), DataError);
    assertEquals(
      error.message,
      `Cannot train in "${directory.path}": another process is training in it`,
    );
    assert(Deno.statSync(temporary).isFile, "what the other one writes stays");
    directory.otherFold(1).take().release();
    lock.release();
    directory.take().release();
    assertEquals(await namesIn(directory.path), ["checkpoints"]);
  });
});

Deno.test("RunDirectory.occupied: an epoch whose checkpoint was never finished is not a run", async () => {
  await inFolder(async (folder) => {
    const directory = new RunDirectory(folder);
    directory.take().release();
    const epochs = (count: number) => Array.from({ length: count }, () => ({ loss: 1 }));
    const measure = (count: number) =>
      directory.writeMetrics({ train: epochs(count), val: epochs(count) });
    await measure(1);
    assert(!directory.occupied);
    await directory.write("resolvedConfig", { training: { enable_checkpointing: true } });
    assert(!directory.occupied);
    await directory.write("resolvedConfig", { training: { enable_checkpointing: false } });
    assert(directory.occupied, "a run without checkpoints");
    await directory.write("resolvedConfig", {});
    await measure(2);
    assert(directory.occupied, "a second epoch begins after the first checkpoint");
    await Deno.writeTextFile(directory.file("metrics"), "{");
    assert(directory.occupied, "who knows");
    await measure(1);
    await directory.writeCheckpoint(0, {}, true);
    assert(directory.occupied);
    await Deno.remove(directory.checkpoint("last"));
    assert(!directory.occupied, "killed before last.pt");
    await Deno.remove(directory.file("metrics"));
    assert(directory.occupied, "somebody kept best.pt");
  });
});
