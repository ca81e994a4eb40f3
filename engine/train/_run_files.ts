/** Files and folders of a run, on the disk. */
import { copyFileSync, linkSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Gives a file a second name, or copies it where names cannot share a file. */
export function share(path: string, other: string): void {
  try {
    linkSync(path, other);
  } catch {
    copyFileSync(path, other);
  }
}

/** The part of a path that is in the way of a folder, where there is one. */
export function obstacle(path: string): string | undefined {
  for (let part = path, parent = dirname(part); part !== parent; parent = dirname(part = parent)) {
    try {
      return statSync(part).isDirectory() ? undefined : part;
    } catch {
      // Does not exist, or what it is below is not a folder.
    }
  }
}
