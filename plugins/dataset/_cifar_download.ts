/** Fetches CIFAR's archive and unpacks it. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createTarDecoder } from "modern-tar";
import { DataError } from "../../engine/errors.ts";
import { firstLine } from "../../engine/first_line.ts";
import { isDenied } from "../../engine/platform/permissions.ts";
import type { CifarFacts } from "./_cifar_files.ts";

/** What is fetched, and from where. */
export interface DownloadOptions {
  /** Which dataset. */
  readonly facts: CifarFacts;
  /** Address of the archive. */
  readonly url: string;
  /** Whether the archive must have the published md5. */
  readonly checkMd5: boolean;
}

/**
 * Fetches the archive and unpacks the dataset's files from it. The folder gets its name when it is
 * complete.
 * @param root Folder that gets the dataset's folder.
 * @param options Which dataset, and from where.
 * @throws {DataError} if that fails.
 */
export async function downloadCifar(root: string, options: DownloadOptions): Promise<void> {
  const { facts: { pickles, archive }, url, checkMd5 } = options;
  const folder = join(root, pickles.folder);
  const unfinished = `${folder}.unfinished`;
  try {
    const body = await fetchBody(url);
    await mkdir(unfinished, { recursive: true });
    const md5 = await unpack(body, pickles, unfinished);
    if (checkMd5 && md5 !== archive.md5) {
      throw new PlainError(`its md5 is ${md5}, expected ${archive.md5}`);
    }
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true }).catch(() => {});
    throw new DataError(`Cannot download "${url}" to "${folder}": ${describe(error)}`, {
      file: folder,
      cause: error,
    });
  }
}

/** Something wrong that needs no further words. */
class PlainError extends Error {}

async function fetchBody(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const response = await fetch(url);
  if (response.ok && response.body) return response.body;
  await response.body?.cancel();
  throw new PlainError(`the server answers ${response.status} ${response.statusText}`);
}

/** Writes the wanted files of an archive to a folder; gives the md5 of the archive. */
async function unpack(
  archive: ReadableStream<Uint8Array<ArrayBuffer>>,
  { folder, train, test, meta }: CifarFacts["pickles"],
  target: string,
): Promise<string> {
  const md5 = createHash("md5");
  const observed = archive.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(bytes, controller) {
        md5.update(bytes);
        controller.enqueue(bytes);
      },
    }),
  );
  const missing = new Set([...train, ...test, meta]);
  const entries = observed.pipeThrough(new DecompressionStream("gzip"))
    .pipeThrough(createTarDecoder());
  for await (const { header, body } of entries) {
    const [parent, name] = header.name.split("/").slice(-2);
    if (header.type === "file" && parent === folder && missing.delete(name)) {
      await pipeline(body, createWriteStream(join(target, name)));
    } else {
      await body.cancel();
    }
  }
  if (missing.size > 0) throw new PlainError(`the archive lacks ${[...missing].join(", ")}`);
  return md5.digest("hex");
}

function describe(error: unknown): string {
  if (isDenied(error)) {
    const [what] = /--allow-\w+/.exec(error.message) ?? ["--allow-net"];
    return `Deno has no permission for it, see ${what}`;
  }
  return firstLine(error);
}
