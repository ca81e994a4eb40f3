/**
 * The cache of model files that Hugging Face's libraries share, so that what Python has downloaded
 * is found here, and the other way round:
 *
 * ```text
 * ~/.cache/huggingface/hub/
 *   .locks/models--timm--resnet18.a1_in1k/<sha256>.lock
 *   models--timm--resnet18.a1_in1k/
 *     refs/main                               the commit that "main" stood for
 *     blobs/<sha256>                          content; <sha256>.incomplete while it is on its way
 *     snapshots/<commit>/model.safetensors    link to ../../blobs/<sha256>, or the file itself
 * ```
 *
 * `findWeights()` in `weights.ts` is the door: the cache first, then `download.ts`, which asks the
 * hub by way of `client.ts`.
 * @module
 */
import {
  type Dirent,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { env } from "node:process";
import { temporaryPath, writeError, writeFileAtomic } from "../storage/atomic.ts";
import { errorCode } from "../storage/file_reader.ts";
import { isFile } from "../storage/is_file.ts";

/** A file in the cache. */
export interface CachedFile {
  /** Its path, which ends in the name that it has in the repository. */
  readonly file: string;
  /** Commit of the repository that it belongs to. */
  readonly commit: string;
  /** Name of the blob that holds it, usually the SHA-256 of its content; absent without links. */
  readonly blob?: string;
}

/** Which copy of a file is wanted, and where the cache is. */
export interface CacheOptions {
  /** Branch, tag or commit. @default {main, or else whatever is there} */
  readonly revision?: string;
  /** Folder of the cache. @default {hubCacheFolder()} */
  readonly cache?: string;
}

const NAME = /^[A-Za-z0-9][\w.-]*$/;
const REVISION = /^[A-Za-z0-9][\w.-]*(\/[\w-][\w.-]*)*$/;

/**
 * Where the cache is: `HF_HUB_CACHE`, else `HF_HOME/hub`, else `XDG_CACHE_HOME/huggingface/hub`,
 * else `~/.cache/huggingface/hub`.
 * @returns A path.
 *
 * @example In a folder of one's own
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const before = Deno.env.get("HF_HUB_CACHE");
 * Deno.env.set("HF_HUB_CACHE", "models");
 * assertEquals(hubCacheFolder(), "models");
 * if (before === undefined) Deno.env.delete("HF_HUB_CACHE");
 * else Deno.env.set("HF_HUB_CACHE", before);
 * ```
 */
export function hubCacheFolder(): string {
  const given = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE;
  if (given) return expandHome(given);
  const home = env.HF_HOME;
  if (home) return join(expandHome(home), "hub");
  const cache = env.XDG_CACHE_HOME || "~/.cache";
  return join(expandHome(cache), "huggingface", "hub");
}

function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}

/**
 * Checks that a name can be that of a repository, so that it can be part of a path and an address.
 * @param repository `owner/name`.
 * @throws {RangeError} if it cannot.
 */
export function checkRepository(repository: string): void {
  const parts = repository.split("/");
  if (parts.length <= 2 && parts.every((part) => NAME.test(part) && !part.includes(".."))) return;
  throw new RangeError(`Cannot use repository "${repository}": expected "owner/name"`);
}

/**
 * Folder of a repository within the cache.
 * @param repository `owner/name`.
 * @param cache Folder of the cache.
 * @returns A path, which need not exist.
 * @throws {RangeError} if it is not a possible name of a repository.
 *
 * @example A repository of timm
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(repositoryFolder("timm/resnet18", "hub"), "hub/models--timm--resnet18");
 * ```
 */
export function repositoryFolder(repository: string, cache: string): string {
  checkRepository(repository);
  return join(cache, ["models", ...repository.split("/")].join("--"));
}

/**
 * Checks that a name can be that of a revision, so that it can be part of a path and an address.
 * @param revision Branch, tag or commit.
 * @throws {RangeError} if it cannot.
 */
export function checkRevision(revision: string): void {
  if (REVISION.test(revision) && !revision.includes("..")) return;
  throw new RangeError(
    `Cannot use revision "${revision}": expected the name of a branch, a tag or a commit`,
  );
}

/**
 * Finds a file in the cache.
 * @param repository `owner/name`.
 * @param names Names of the file, the most wanted first.
 * @param options Which revision, and where the cache is. Without a revision `main` comes first, then
 * the other references, then snapshots that no reference names, the newest first.
 * @returns The file, or `undefined` if it is not there.
 * @throws {RangeError} if repository or revision is not a possible name.
 */
export function findCached(
  repository: string,
  names: readonly string[],
  { revision, cache = hubCacheFolder() }: CacheOptions = {},
): CachedFile | undefined {
  const folder = repositoryFolder(repository, cache);
  if (revision !== undefined) checkRevision(revision);
  for (const commit of commitsOf(folder, revision)) {
    for (const name of names) {
      const file = join(folder, "snapshots", commit, name);
      if (isFile(file)) return { file, commit, blob: linkedBlob(file) };
    }
  }
}

/** Commits that may hold the file, the most wanted first. */
function commitsOf(folder: string, revision: string | undefined): string[] {
  const commitAt = (ref: string) => readText(join(folder, "refs", ref))?.trim();
  if (revision !== undefined) return [commitAt(revision) ?? revision];
  const refs = ["main", ...listRefs(join(folder, "refs"))].map(commitAt);
  return [...new Set([...refs, ...listSnapshots(join(folder, "snapshots"))])]
    .filter((commit) => commit !== undefined);
}

/** Names of references; those of pull requests have folders. */
function listRefs(folder: string, prefix = ""): string[] {
  return list(join(folder, prefix)).flatMap((entry) => {
    const name = join(prefix, entry.name);
    return entry.isDirectory() ? listRefs(folder, name) : name;
  }).sort();
}

function listSnapshots(folder: string): string[] {
  const modified = (name: string) => statSync(join(folder, name)).mtimeMs;
  return list(folder).map(({ name }) => name).sort((a, b) => modified(b) - modified(a));
}

function list(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "");
}

/** The blob that a link leads to. It may be a link itself, into a store that caches share. */
function linkedBlob(path: string): string | undefined {
  return lstatSync(path).isSymbolicLink() ? basename(readlinkSync(path)) : undefined;
}

/** A blob that takes its place in a snapshot. */
export interface SnapshotEntry {
  /** Commit of the repository. */
  readonly commit: string;
  /** Name of the file in the repository. */
  readonly name: string;
  /** Name of its blob. */
  readonly blob: string;
  /** What the commit was asked for as; that reference is set to it. */
  readonly revision: string;
}

/**
 * Adds a blob that is there to a snapshot, and sets the reference to it. Where the file system or
 * the permissions allow no symbolic link, the blob itself moves into the snapshot.
 * @param folder Folder of the repository.
 * @param entry What is added.
 * @returns The file in the snapshot.
 * @throws {DataError} if the cache cannot be written.
 */
export async function addToSnapshot(folder: string, entry: SnapshotEntry): Promise<CachedFile> {
  const { commit, name, blob, revision } = entry;
  const file = join(folder, "snapshots", commit, name);
  makeFolder(dirname(file));
  const temporary = temporaryPath(file);
  let linked = true;
  try {
    symlinkSync(join("..", "..", "blobs", blob), temporary);
  } catch {
    linked = false;
  }
  try {
    renameSync(linked ? temporary : join(folder, "blobs", blob), file);
  } catch (error) {
    throw writeError(error, file);
  }
  if (revision !== commit) {
    const ref = join(folder, "refs", revision);
    makeFolder(dirname(ref));
    await writeFileAtomic(ref, new TextEncoder().encode(commit));
  }
  return { file, commit, blob: linked ? blob : undefined };
}

/**
 * Makes a folder of the cache, with those above it.
 * @param path The folder; it may exist.
 * @throws {DataError} if it cannot be made.
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw writeError(error, path);
  }
}
