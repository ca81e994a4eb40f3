/**
 * Finds the weights of a pretrained model: in the cache, or, where the network is allowed, on the
 * hub.
 * @module
 */
import { env } from "node:process";
import { DataError } from "../errors.ts";
import { mayReach } from "../platform/permissions.ts";
import { findCached, hubCacheFolder, repositoryFolder } from "./cache.ts";
import { hubEndpoint } from "./client.ts";
import { downloadFile, type DownloadOptions } from "./download.ts";
import { isSha256, sha256OfFile } from "./sha256.ts";

/**
 * Which weights are wanted.
 * @category Downloads
 */
export interface WeightsRequest
  extends Pick<DownloadOptions, "revision" | "cache" | "onProgress" | "signal"> {
  /** `owner/name`. */
  readonly repository: string;
}

/**
 * Weights that were found.
 * @category Downloads
 */
export interface FoundWeights {
  /** Path of a safetensors or torch file. */
  readonly file: string;
  /** SHA-256 of its content. */
  readonly sha256: string;
}

/** What the file is called in repositories, the most wanted name first. */
const NAMES = ["model.safetensors", "pytorch_model.bin"];
/** Variables that keep Hugging Face's libraries off the network. */
const OFFLINE = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"];

/**
 * Finds a model's weights. The cache comes first; what is not there, or is damaged, is downloaded if
 * the permission to reach the hub has been given and neither `HF_HUB_OFFLINE` nor
 * `TRANSFORMERS_OFFLINE` is set. Nobody is asked for permission.
 * @param request Which weights, and whom to tell about the progress.
 * @returns The file, with its SHA-256, which is the one that the hub names where it names one.
 * @throws {RangeError} if repository or revision is not a possible name.
 * @throws {DataError} if they are not there; the message says where they were looked for and how to
 * get them.
 *
 * @example Without cache and network
 * ```ts
 * import { assertRejects } from "@std/assert";
 * const cache = Deno.makeTempDirSync();
 * const search = () => findWeights({ repository: "timm/resnet18.a1_in1k", cache });
 * const { state } = await Deno.permissions.query({ name: "net", host: "huggingface.co" });
 * if (state !== "granted") await assertRejects(search, Error, "glovita_download");
 * ```
 *
 * @category Downloads
 */
export async function findWeights(request: WeightsRequest): Promise<FoundWeights> {
  const { repository, cache = hubCacheFolder(), signal } = request;
  const cached = findCached(repository, NAMES, { ...request, cache });
  if (cached) {
    const { file, blob } = cached;
    const sha256 = await sha256OfFile(file, signal);
    if (blob === undefined || !isSha256(blob) || blob === sha256) return { file, sha256 };
  }
  const obstacle = obstacleOfNetwork();
  if (obstacle === undefined) {
    const { file, sha256 } = await downloadFile(repository, NAMES, request);
    return { file, sha256 };
  }
  const place = cached?.file ?? repositoryFolder(repository, cache);
  const state = cached
    ? `"${place}" is damaged, its SHA-256 is not the name of its blob`
    : `there is no ${NAMES.join(" and no ")} in "${place}"`;
  throw new DataError(
    `Cannot find the weights of "${repository}": ${state}, and ${obstacle}. Run "deno task ` +
      `glovita_download ${repository}", name a file with --model.encoder.weights_file FILE, or ` +
      "begin without with --model.encoder.no_pretrained",
    { file: place },
  );
}

/** What keeps a download from being tried. */
function obstacleOfNetwork(): string | undefined {
  const offline = OFFLINE.find((name) => isSet(env[name]));
  if (offline !== undefined) return `${offline} forbids to download them`;
  const { host } = hubEndpoint();
  return mayReach(host) ? undefined : `Deno has no permission to reach ${host}`;
}

/** As Python's huggingface_hub reads switches. */
function isSet(value: string | undefined): boolean {
  return ["1", "ON", "YES", "TRUE"].includes((value ?? "").toUpperCase());
}
