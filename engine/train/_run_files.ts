/** Files and folders of a run, on the disk. */
import { dirname } from "node:path";

/** Gives a file a second name, or copies it where names cannot share a file. */
export function share(path: string, other: string): void {
  try {
    Deno.linkSync(path, other);
  } catch {
    Deno.copyFileSync(path, other);
  }
}

/** The part of a path that is in the way of a folder, where there is one. */
export function obstacle(path: string): string | undefined {
  for (let part = path, parent = dirname(part); part !== parent; parent = dirname(part = parent)) {
    try {
      return Deno.statSync(part).isDirectory ? undefined : part;
    } catch {
      // Does not exist, or what it is below is not a folder.
    }
  }
}
