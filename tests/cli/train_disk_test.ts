/** Disks that take nothing, or no more. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { trainCommand } from "../../cli/train.ts";
import {
  checkpointBytes,
  type Flags,
  inFolder,
  namesIn,
  runFlags,
  runTrain,
  words,
  writeSplits,
} from "../_training.ts";
import { canMount, isRoot, needsMount, onSmallDisk } from "../_small_disk.ts";
import { listener } from "./_fakes.ts";
import { readTorchFile } from "../_read_torch_file.ts";

async function command(flags: Flags): Promise<{ code: number; err: string[] }> {
  const io = listener();
  const code = await trainCommand(words(flags), { io, listen: () => () => {} });
  return { code, err: io.errLines };
}

Deno.test({
  name: `glovita_train stops at a full disk, and goes on with more room${needsMount}`,
  ignore: !canMount,
  async fn() {
    await inFolder(async (folder) => {
      const files = await writeSplits(folder);
      const flags = { "training.epochs": "20", "logger.group": "g" };
      const whole = await runTrain(files, flags);
      await onSmallDisk("48k", async (disk, remount) => {
        const directory = join(disk, "precomputed_features", "g", "0");
        const { code, err } = await command(runFlags(files, { ...flags, exp_dir: disk }));
        assertEquals([code, err.length], [1, 1], err.join("\n"));
        const line = /^Cannot write "(.*)": the disk is full$/.exec(err[0]);
        assert(line?.[1].startsWith(directory), err[0]);
        const checkpoints = join(directory, "checkpoints");
        const names = [...await namesIn(directory), ...await namesIn(checkpoints)];
        assertEquals(names.filter((name) => !/^\w+(\.json|\.pt)?$/.test(name)), []);
        for (const name of await namesIn(checkpoints)) readTorchFile(join(checkpoints, name));
        await remount("size=4m,ro");
        const closed = await command({ "training.resume": directory });
        assertEquals([closed.code, closed.err.length], [1, 1], closed.err.join("\n"));
        assertMatch(closed.err[0], /^Cannot write ".*": the folder is read-only$/);
        await remount("rw");
        const resumed = await command({ "training.resume": directory });
        assertEquals([resumed.code, resumed.err], [0, []]);
        assertEquals(checkpointBytes(directory), checkpointBytes(whole.directory));
      });
    });
  },
});

Deno.test({
  name: `glovita_train names an exp_dir that is read-only${
    isRoot ? " (needs a user not root)" : ""
  }`,
  ignore: isRoot || Deno.build.os === "windows",
  async fn() {
    await inFolder(async (folder) => {
      const files = await writeSplits(folder);
      const exp_dir = join(folder, "closed");
      await Deno.mkdir(exp_dir, { mode: 0o555 });
      const { code, err } = await command(runFlags(files, { exp_dir, "logger.group": "g" }));
      const path = join(exp_dir, "precomputed_features", "g", "0");
      assertEquals([code, err], [1, [`Cannot write "${path}": permission denied`]]);
    });
  },
});
