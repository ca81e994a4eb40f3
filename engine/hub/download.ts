/**
 * Downloads from a model hub into the cache: what was interrupted continues, what does not have the
 * size and the hash that the hub names is thrown away, and nothing unfinished has a final name.
 * @module
 */
import { renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DataError } from "../errors.ts";
import { type LockableFile, openLockable } from "../platform/lockable_file.ts";
import { writeError } from "../storage/atomic.ts";
import { isFile } from "../storage/is_file.ts";
import { PartialFile } from "./_partial_file.ts";
import { persist } from "./_persist.ts";
import { Watch } from "./_watch.ts";
import {
  addToSnapshot,
  type CachedFile,
  checkRevision,
  hubCacheFolder,
  makeFolder,
  repositoryFolder,
} from "./cache.ts";
import {
  HubClient,
  type HubOptions,
  NetworkError,
  networkError,
  type RemoteFile,
} from "./client.ts";
import { isSha256, sha256OfFile } from "./sha256.ts";

/**
 * How far a download is.
 * @category Downloads
 */
export interface DownloadProgress {
  /** File that is downloaded. */
  readonly file: string;
  /** Bytes so far. */
  readonly received: number;
  /** Bytes in all, where the server says it. */
  readonly total?: number;
}

/**
 * How a file is downloaded.
 * @category Downloads
 */
export interface DownloadOptions extends HubOptions {
  /** Branch, tag or commit. @default {"main"} */
  readonly revision?: string;
  /** Folder of the cache. @default {hubCacheFolder()} */
  readonly cache?: string;
  /** Called at the start and with every piece that arrives. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Stops the download; what has arrived is kept for the next time. */
  readonly signal?: AbortSignal;
  /** Milliseconds before a second attempt; doubled for each further one. @default {1000} */
  readonly retryDelay?: number;
  /** Milliseconds without an answer or a byte after which a connection fails. @default {60000} */
  readonly stallTime?: number;
}

/** A file that was downloaded. */
export interface DownloadedFile extends CachedFile {
  /** SHA-256 of its content, computed from what is on the disk. */
  readonly sha256: string;
}

/** Milliseconds between two looks at whether another process has finished. */
const LOCK_INTERVAL = 200;

/**
 * Downloads a file of a repository into the cache. Processes that want the same file wait for each
 * other.
 * @param repository `owner/name`.
 * @param names Names that the file may have, the most wanted first.
 * @param options Revision, cache, progress, and how the hub is reached.
 * @returns The file, by the first name that the repository has.
 * @throws {RangeError} if repository or revision is not a possible name.
 * @throws {DataError} if it cannot be downloaded.
 *
 * @example The weights of a model
 * ```ts ignore
 * const { file } = await downloadFile("timm/resnet18.a1_in1k", ["model.safetensors"]);
 * ```
 */
export async function downloadFile(
  repository: string,
  names: readonly string[],
  options: DownloadOptions = {},
): Promise<DownloadedFile> {
  const { revision = "main", cache = hubCacheFolder(), signal } = options;
  const folder = repositoryFolder(repository, cache);
  checkRevision(revision);
  const client = new HubClient(options);
  const remote = await findRemote(client, { repository, revision, names }, options);
  const blob = join(folder, "blobs", remote.etag);
  using _lock = await lock(
    join(cache, ".locks", basename(folder), `${remote.etag}.lock`),
    signal,
  );
  const sha256 = await hashOfBlob(blob, signal) ??
    await downloadBlob({ client, repository, remote, blob }, options);
  const entry = { commit: remote.commit, name: remote.name, blob: remote.etag, revision };
  return { ...await addToSnapshot(folder, entry), sha256 };
}

interface Wanted {
  readonly repository: string;
  readonly revision: string;
  readonly names: readonly string[];
}

async function findRemote(
  client: HubClient,
  { repository, revision, names }: Wanted,
  { signal, retryDelay, stallTime }: DownloadOptions,
): Promise<RemoteFile> {
  for (const name of names) {
    const describe = async () => {
      using watch = new Watch(stallTime, signal);
      return await client.describe({ repository, revision }, name, watch.signal);
    };
    const found = await persist(describe, { delay: retryDelay, signal }).catch((error) => {
      throw failure(error, `${name} of "${repository}"`);
    });
    if (found) return found;
  }
  throw new DataError(
    `Cannot download from "${repository}": revision "${revision}" has no ${names.join(" and no ")}`,
  );
}

/** The lock that Python's huggingface_hub takes too; waits while another process has it. */
async function lock(path: string, signal?: AbortSignal): Promise<Disposable> {
  makeFolder(dirname(path));
  let file: LockableFile;
  try {
    file = openLockable(path, 0o664);
  } catch (error) {
    throw writeError(error, path);
  }
  // Network file systems without locks: the hash at the end tells whether two have mixed.
  try {
    while (!file.tryLock()) {
      await sleep(LOCK_INTERVAL);
      signal?.throwIfAborted();
    }
  } catch (error) {
    file.close();
    throw error;
  }
  return file;
}

/** SHA-256 of a blob that is there and is what its name says; a damaged one is downloaded again. */
async function hashOfBlob(blob: string, signal?: AbortSignal): Promise<string | undefined> {
  if (!isFile(blob)) return undefined;
  const sha256 = await sha256OfFile(blob, signal);
  const name = basename(blob);
  return isSha256(name) && sha256 !== name ? undefined : sha256;
}

interface WantedBlob {
  readonly client: HubClient;
  readonly repository: string;
  readonly remote: RemoteFile;
  /** Path that the content gets when it is complete. */
  readonly blob: string;
}

/** Downloads what is missing of a blob and gives it its name; returns its SHA-256. */
async function downloadBlob(wanted: WantedBlob, options: DownloadOptions): Promise<string> {
  const { repository, remote, blob } = wanted;
  const { signal, retryDelay } = options;
  const what = `${remote.name} of "${repository}"`;
  makeFolder(dirname(blob));
  using part = new PartialFile(`${blob}.incomplete`);
  try {
    await persist(() => receive(part, wanted, options), {
      position: () => part.size,
      delay: retryDelay,
      signal,
    });
  } catch (error) {
    throw failure(error, what, part.size > 0 ? ", what has arrived is kept for the next time" : "");
  }
  part.sync();
  const sha256 = await sha256OfFile(part.path, signal);
  if (isSha256(remote.etag) && sha256 !== remote.etag) {
    part.clear();
    throw new DataError(
      `Cannot download ${what}: what has arrived has the SHA-256 ${sha256}, expected ` +
        `${remote.etag}; it was removed`,
    );
  }
  try {
    renameSync(part.path, blob);
  } catch (error) {
    throw writeError(error, blob);
  }
  return sha256;
}

/** One attempt to get all that is missing. */
async function receive(
  part: PartialFile,
  { client, repository, remote }: WantedBlob,
  { signal, onProgress, stallTime }: DownloadOptions,
): Promise<void> {
  const { name, size: total } = remote;
  const report = () => onProgress?.({ file: name, received: part.size, total });
  if (total !== undefined && part.size > total) part.clear();
  report();
  if (part.size === total) return;
  using watch = new Watch(stallTime, signal);
  const offset = part.size;
  const response = await client.open(repository, remote, { offset, signal: watch.signal });
  if (response.status === 416) throw wrongSize(part, { repository, remote });
  if (response.status !== 206) part.clear(); // The server sends the whole file.
  const { host } = new URL(response.url);
  for await (const bytes of chunksOf(response, host, watch)) {
    part.append(bytes);
    if (part.size > (total ?? Infinity)) throw wrongSize(part, { repository, remote });
    report();
  }
  if (part.size < (total ?? 0)) {
    throw new NetworkError(`${host} ended the connection at byte ${part.size} of ${total}`);
  }
}

async function* chunksOf(
  response: Response,
  host: string,
  watch: Watch,
): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  try {
    while (reader) {
      const { done, value } = await reader.read();
      if (done) break;
      watch.touch();
      yield value;
    }
  } catch (error) {
    throw networkError(error, host);
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

function wrongSize(
  part: PartialFile,
  { repository, remote }: { readonly repository: string; readonly remote: RemoteFile },
): DataError {
  const at = part.size;
  part.clear();
  return new DataError(
    `Cannot download ${remote.name} of "${repository}": the server announces ${remote.size} ` +
      `bytes and sends ${at > (remote.size ?? 0) ? "more" : at}; what has arrived was removed`,
  );
}

/** Says what could not be downloaded where only the network's failure is known. */
function failure(error: unknown, what: string, rest = ""): unknown {
  if (!(error instanceof NetworkError)) return error;
  return new DataError(`Cannot download ${what}: ${error.message}${rest}`, { cause: error });
}
