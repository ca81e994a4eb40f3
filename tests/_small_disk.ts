/**
 * Disks that are soon full, for those who may mount one.
 * @module
 */
import { assert } from "@std/assert";

/** Whether the tests run as root. */
export const isRoot: boolean = Deno.build.os !== "windows" && Deno.uid() === 0;

/** Whether a small disk can be mounted. */
export const canMount: boolean = Deno.build.os === "linux" && isRoot && await mountWorks();

/** What the name of a test ends with that needs a small disk. */
export const needsMount: string = canMount ? "" : " (needs root that may mount a small disk)";

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

/**
 * Does something in the folder of a small disk.
 * @param size How large it is, for example `48k`.
 * @param use Gets the folder, and a function that changes the disk (`size=4m`, `ro`, `rw`).
 */
export async function onSmallDisk(
  size: string,
  use: (folder: string, remount: (options: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  assert(await mountDisk(folder, size));
  try {
    await use(folder, async (options) => {
      assert(await run("mount", "-o", `remount,${options}`, folder));
    });
  } finally {
    await run("umount", "-l", folder);
    await Deno.remove(folder);
  }
}
