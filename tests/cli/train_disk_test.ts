/** Disks that take nothing, or no more. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { readTorchFile } from "../../engine/storage/torch_file.ts";
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
import { listener } from "./_fakes.ts";

const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;
const canMount = Deno.build.os === "linux" && isRoot && await mountWorks();

async function run(command: string, ...args: string[]): Promise<boolean> {
  const options = { args, stdout: "null", stderr: "null" } as const;
  return (await new Deno.Command(command, options).output()).success;
}

async function mountDisk(folder: string, size: string): Promise<boolean> {
  return await run("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", folder);
}

async function mountWorks(): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  try {
    return await mountDisk(folder, "64k") && await run("umount", folder);
  } catch {
    return false;
  } finally {
    await Deno.remove(folder);
  }
}

async function command(flags: Flags): Promise<{ code: number; err: string[] }> {
  const io = listener();
  const code = await trainCommand(words(flags), { io, listen: () => () => {} });
  return { code, err: io.errLines };
}

Deno.test({
  name: `glovita_train stops at a full disk, and goes on with more room${
    canMount ? "" : " (needs root that may mount a small disk)"
  }`,
  ignore: !canMount,
  async fn() {
    await inFolder(async (folder) => {
      const files = await writeSplits(folder);
      const flags = { "training.epochs": "20", "logger.group": "g" };
      const whole = await runTrain(files, flags);
      const disk = join(folder, "disk");
      await Deno.mkdir(disk);
      assert(await mountDisk(disk, "48k"));
      try {
        const directory = join(disk, "precomputed_features", "g", "0");
        const { code, err } = await command(runFlags(files, { ...flags, exp_dir: disk }));
        assertEquals([code, err.length], [1, 1], err.join("\n"));
        const line = /^Cannot write "(.*)": the disk is full$/.exec(err[0]);
        assert(line?.[1].startsWith(directory), err[0]);
        const checkpoints = join(directory, "checkpoints");
        const names = [...await namesIn(directory), ...await namesIn(checkpoints)];
        assertEquals(names.filter((name) => !/^\w+(\.json|\.pt)?$/.test(name)), []);
        for (const name of await namesIn(checkpoints)) readTorchFile(join(checkpoints, name));
        assert(await run("mount", "-o", "remount,size=4m,ro", disk));
        const closed = await command({ "training.resume": directory });
        assertEquals([closed.code, closed.err.length], [1, 1], closed.err.join("\n"));
        assertMatch(closed.err[0], /^Cannot write ".*": the folder is read-only$/);
        assert(await run("mount", "-o", "remount,rw", disk));
        const resumed = await command({ "training.resume": directory });
        assertEquals([resumed.code, resumed.err], [0, []]);
        assertEquals(checkpointBytes(directory), checkpointBytes(whole.directory));
      } finally {
        await run("umount", disk);
      }
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
