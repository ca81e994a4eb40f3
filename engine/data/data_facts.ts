/**
 * What tells whether data is the same as before without reading it: counts, labels, names, sizes and
 * times of files. Work that goes on compares them.
 * @module
 */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { Labels, Split } from "./data.ts";

/** Files whose size and time are asked for at once. */
const AT_ONCE = 64;

/** Sizes and times of the files of a split. */
export interface FileFacts {
  /** How many files there are. */
  readonly files: number;
  /** What they hold together. */
  readonly bytes: number;
  /** When the newest was changed last, as ISO 8601. */
  readonly newest: string;
  /** SHA-256 of the size of each. */
  readonly sizes_sha256: string;
  /** SHA-256 of the time of each. */
  readonly times_sha256: string;
}

/** What tells a split from another one. */
export interface DataFacts extends Partial<FileFacts> {
  /** Number of samples. */
  readonly samples: number;
  /** SHA-256 of the samples' names. */
  readonly names_sha256: string;
  /** SHA-256 of the targets. */
  readonly labels_sha256: string;
}

/** Facts in the order in which a difference is told, with their words. */
const WORDS: Readonly<Record<keyof DataFacts, string>> = {
  samples: "number of samples",
  names_sha256: "hash of names",
  labels_sha256: "hash of labels",
  files: "number of files",
  bytes: "size in bytes",
  newest: "time of the newest change",
  sizes_sha256: "hash of the files' sizes",
  times_sha256: "hash of the files' times",
};

/**
 * Finds out what tells a split from another one.
 * @param split The split.
 * @returns The facts; without those on files where the split names none.
 *
 * @example A split in memory
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const labels = { values: Int32Array.of(0, 1), width: 1 };
 * const facts = await dataFacts({ length: 2, labels });
 * assertEquals([facts.samples, facts.bytes], [2, undefined]);
 * ```
 */
export async function dataFacts(
  { length, ids, labels, files }: Pick<Split, "length" | "ids" | "labels" | "files">,
): Promise<DataFacts> {
  return {
    samples: length,
    names_sha256: namesHash(ids),
    labels_sha256: labelsHash(labels),
    ...files && await fileFacts(files),
  };
}

/**
 * Asks for sizes and times.
 * @param files Paths of the files, in their order; one that is not there counts as such.
 * @param signal Stops the work.
 * @returns The facts.
 *
 * @example One file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const file = await Deno.makeTempFile();
 * await Deno.writeTextFile(file, "abc");
 * const { files, bytes } = await fileFacts([file]);
 * assertEquals([files, bytes], [1, 3]);
 * ```
 */
export async function fileFacts(
  files: readonly string[],
  signal?: AbortSignal,
): Promise<FileFacts> {
  const [sizes, times] = [createHash("sha256"), createHash("sha256")];
  let [bytes, newest] = [0, 0];
  for (let start = 0; start < files.length; start += AT_ONCE) {
    signal?.throwIfAborted();
    for (const { size, time } of await Promise.all(files.slice(start, start + AT_ONCE).map(look))) {
      sizes.update(`${size}\n`);
      times.update(`${time}\n`);
      bytes += Math.max(0, size);
      newest = Math.max(newest, time);
    }
  }
  return {
    files: files.length,
    bytes,
    newest: new Date(newest).toISOString(),
    sizes_sha256: sizes.digest("hex"),
    times_sha256: times.digest("hex"),
  };
}

async function look(path: string): Promise<{ readonly size: number; readonly time: number }> {
  try {
    const { size, mtime } = await stat(path);
    return { size, time: mtime.getTime() };
  } catch {
    return { size: -1, time: 0 };
  }
}

/**
 * Says in what data differs from what it was.
 * @param before The facts of before, as JSON gave them back.
 * @param now The facts of now.
 * @returns The first difference, as `size in bytes was 3, is 4`; `undefined` where there is none.
 *
 * @example One sample more
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const before = await dataFacts({ length: 1, labels: { values: Int32Array.of(0), width: 1 } });
 * const now = await dataFacts({ length: 2, labels: { values: Int32Array.of(0, 1), width: 1 } });
 * assertEquals(dataDifference({ ...before }, now), "number of samples was 1, is 2");
 * ```
 */
export function dataDifference(
  before: Readonly<Record<string, unknown>>,
  now: DataFacts,
): string | undefined {
  for (const [name, words] of Object.entries(WORDS)) {
    const [old, current] = [before[name], now[name as keyof DataFacts]];
    if (old !== current) return `${words} was ${show(old)}, is ${show(current)}`;
  }
}

/** A value in a line: of a hash, its beginning. */
function show(value: unknown): string {
  return value === undefined ? "not recorded" : String(value).slice(0, 24);
}

/**
 * Hashes the names of samples.
 * @param ids The names; none are as good as an empty list.
 * @returns Their SHA-256.
 *
 * @example Names in their order
 * ```ts
 * import { assertNotEquals } from "@std/assert";
 * assertNotEquals(namesHash(["a", "b"]), namesHash(["b", "a"]));
 * ```
 */
export function namesHash(ids: readonly string[] = []): string {
  return createHash("sha256").update(ids.join("\0")).digest("hex");
}

/**
 * Hashes targets.
 * @param labels The targets.
 * @returns The SHA-256 of their bytes.
 *
 * @example Another label
 * ```ts
 * import { assertNotEquals } from "@std/assert";
 * const [a, b] = [0, 1].map((label) => labelsHash({ values: Int32Array.of(label), width: 1 }));
 * assertNotEquals(a, b);
 * ```
 */
export function labelsHash({ values }: Labels): string {
  const { buffer, byteOffset, byteLength } = values;
  const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  return createHash("sha256").update(bytes).digest("hex");
}
