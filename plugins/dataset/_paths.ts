/** Paths as tables and lists write them, which need not be as the disk does. */
import { posix } from "node:path";

/** What makes a path differ from its comparable form. */
const UNUSUAL = /[^ -~]|\\|\/\/|(^|\/)\.\.?(\/|$)|.\/$/;

/**
 * The form in which paths are compared: `/` between parts, no `.` and no way up and down again,
 * accents composed (NFC).
 * @param path A path as somebody wrote it.
 */
export function comparablePath(path: string): string {
  if (path !== "" && !UNUSUAL.test(path)) return path;
  const plain = posix.normalize(path.normalize("NFC").replaceAll("\\", "/"));
  return plain.length > 1 && plain.endsWith("/") ? plain.slice(0, -1) : plain;
}

/** Paths that are looked through for the nearest one. */
const MOST_PATHS = 100_000;

/**
 * Finds the path that looks most like another.
 * @param path The path, in its comparable form.
 * @param others The others, in that form.
 * @returns The nearest one; `undefined` if there is none.
 */
export function nearestPath(path: string, others: Iterable<string>): string | undefined {
  const wanted = path.toLowerCase();
  let best: string | undefined;
  let least = Infinity;
  let seen = 0;
  for (const other of others) {
    if (seen++ === MOST_PATHS) break;
    if (Math.abs(other.length - wanted.length) >= least) continue;
    const edits = distance(wanted, other.toLowerCase());
    if (edits < least) [best, least] = [other, edits];
  }
  return best;
}

/** Letters to insert, delete or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, replace);
    }
    row = next;
  }
  return row[b.length];
}
