/** Files and folders of a run, on the disk. */
import { statSync } from "node:fs";
import { dirname } from "node:path";

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
