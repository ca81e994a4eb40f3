/**
 * Files of parts: their names, and whether all of them are there and of the same work.
 * @module
 */
import { readdirSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { DataError } from "../../engine/errors.ts";
import { isFile } from "../../engine/storage/is_file.ts";
import type { ChosenShard, Shard } from "../../registry/config/shards.ts";

/** Missing parts that are named. */
const NAMED = 10;

/** What a file says of itself, by name. */
export type Facts = Readonly<Record<string, unknown>>;

/**
 * Names the file of a part, beside that of the whole.
 * @param file The file of the whole.
 * @param shard The part.
 *
 * @example Before the name's end
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(partPath("out/a.h5", { index: 2, count: 4 }), "out/a.shard-2-of-4.h5");
 * ```
 */
export function partPath(file: string, { index, count }: Shard): string {
  const extension = extname(file);
  const stem = file.slice(0, file.length - extension.length);
  return `${stem}.shard-${index}-of-${count}${extension}`;
}

/**
 * Says which part was taken, where a cluster chose it.
 * @param shard The part.
 */
export function partNotices({ index, count, source }: ChosenShard): string[] {
  return source === undefined ? [] : [`part ${index} of ${count}, by ${source}`];
}

/**
 * Finds the parts of a file.
 * @param file The file of the whole.
 * @param merge How many parts there are; `auto` sees for itself.
 * @returns Their paths, in order.
 * @throws {DataError} if some are missing, which are named, or there are several divisions.
 *
 * @example One of two is missing
 * ```ts
 * import { assertThrows } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * Deno.writeTextFileSync(`${folder}/a.shard-1-of-2.h5`, "");
 * assertThrows(
 *   () => findParts(`${folder}/a.h5`, "auto"),
 *   Error,
 *   "1 of 2 parts is missing: a.shard-2-of-2.h5",
 * );
 * ```
 */
export function findParts(file: string, merge: number | "auto"): string[] {
  const refuse = (state: string) => new DataError(`Cannot join "${file}": ${state}`, { file });
  const found = divisions(file);
  if (merge === "auto" && found.length !== 1) {
    throw refuse(
      found.length === 0
        ? `there are no parts of it in "${dirname(file)}"`
        : `there are parts of ${found.join(", of ")}; --merge ${found[0]} joins those`,
    );
  }
  const count = merge === "auto" ? found[0] : merge;
  const paths = Array.from({ length: count }, (_, i) => partPath(file, { index: i + 1, count }));
  const missing = paths.filter((path) => !isFile(path));
  if (missing.length === 0) return paths;
  const names = missing.slice(0, NAMED).map((path) =>
    isFile(`${path}.partial`) ? `${basename(path)} (begun)` : basename(path)
  );
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : "";
  const are = missing.length === 1 ? "is" : "are";
  throw refuse(`${missing.length} of ${count} parts ${are} missing: ${names.join(", ")}${more}`);
}

/** In how many parts there are, begun ones among them. */
function divisions(file: string): number[] {
  const extension = extname(file);
  const stem = `${basename(file, extension)}.shard-`;
  const counts = new Set<number>();
  for (const name of namesIn(dirname(file))) {
    if (!name.startsWith(stem)) continue;
    const [, count, end] = /^\d+-of-(\d+)(.*)$/.exec(name.slice(stem.length)) ?? [];
    if (end === extension || end === `${extension}.partial`) counts.add(Number(count));
  }
  return [...counts].sort((a, b) => a - b);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(join(folder));
  } catch {
    return []; // Where nothing can be read, nothing is there.
  }
}

/**
 * Checks that parts are of one work.
 * @param facts What the first and another part say of themselves.
 * @param paths Their files.
 * @param own Facts that differ from part to part.
 * @throws {DataError} if the other one is of other work.
 */
export function checkAlike(
  [first, other]: readonly [Facts, Facts],
  [firstPath, path]: readonly [string, string],
  own: ReadonlySet<string>,
): void {
  for (const name of new Set([...Object.keys(first), ...Object.keys(other)])) {
    if (own.has(name) || first[name] === other[name]) continue;
    const state = `its ${name} is ${other[name] ?? "missing"}, that of "${firstPath}" is ` +
      `${first[name] ?? "missing"}`;
    throw new DataError(`Cannot join "${path}": ${state}`, { file: path });
  }
}

/**
 * Checks that a file is the part that its name says.
 * @param path The file.
 * @param found What it says that it is.
 * @param shard The part that is wanted.
 * @throws {DataError} if it is another one, or none.
 */
export function checkPart(path: string, found: unknown, { index, count }: Shard): void {
  if (found === `${index}/${count}`) return;
  const state = found === undefined ? "it is not a shard" : `it is ${found}`;
  throw new DataError(`Cannot join "${path}": expected shard ${index}/${count}, ${state}`, {
    file: path,
  });
}
