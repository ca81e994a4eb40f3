import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
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
      assertEquals(error.message, `Cannot write "${path}": "${file}" is no folder`);
    }
  });
});
