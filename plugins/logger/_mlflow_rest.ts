/** MLflow's tracking server, over its REST API 2.0. */
import { join } from "node:path";
import {
  type Batch,
  type Entry,
  type NewRun,
  type RunPlace,
  type RunStatus,
  StoreError,
  type TrackingStore,
} from "./_mlflow_store.ts";

/** Longest wait for an answer. */
const PATIENCE = 10_000;
/** Slowest upload that is waited for, in bytes per millisecond. */
const SLOWEST = 100;

/** How a server is reached. */
export interface ServerOptions {
  /** Name and password, or token, as MLflow's own client takes them from the environment. */
  readonly credentials?: string;
}

/** A tracking server. */
export class TrackingServer implements TrackingStore {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  /**
   * @param uri Address of the server.
   * @param options How it is reached.
   */
  constructor(uri: string, { credentials }: ServerOptions = {}) {
    const { origin, pathname } = new URL(uri);
    this.#base = `${origin}${pathname.replace(/\/+$/, "")}`;
    this.#headers = credentials === undefined ? {} : { authorization: credentials };
  }

  whereIs({ experiment_id, run_id }: RunPlace): string {
    return `${this.#base}/#/experiments/${experiment_id}/runs/${run_id}`;
  }

  async experiment(name: string): Promise<string> {
    try {
      return await this.#experimentId(name);
    } catch (error) {
      if (!isCode(error, "RESOURCE_DOES_NOT_EXIST")) throw error;
    }
    try {
      const { experiment_id } = await this.#post("experiments/create", { name });
      return String(experiment_id);
    } catch (error) {
      // Another process was faster.
      if (isCode(error, "RESOURCE_ALREADY_EXISTS")) return await this.#experimentId(name);
      throw error;
    }
  }

  async createRun(experiment_id: string, { name, started, tags }: NewRun): Promise<RunPlace> {
    const { run } = await this.#post("runs/create", {
      experiment_id,
      run_name: name,
      start_time: started,
      tags: [...tags, { key: "mlflow.runName", value: name }],
    });
    const { run_id, artifact_uri } = (run as { info: Record<string, string> }).info;
    return { experiment_id, run_id, artifact_uri };
  }

  async logBatch({ run_id }: RunPlace, { metrics, params, tags }: Batch): Promise<void> {
    await this.#post("runs/log-batch", { run_id, metrics, params, tags });
  }

  async update({ run_id }: RunPlace, status: RunStatus, ended?: number): Promise<void> {
    await this.#post("runs/update", { run_id, status, end_time: ended });
  }

  async putArtifact({ artifact_uri }: RunPlace, path: string, name: string): Promise<void> {
    const url = this.#artifactUrl(artifact_uri, name);
    if (url === undefined) return await copyToFolder(artifact_uri, path, name);
    const { size } = await Deno.stat(path);
    const { readable: body } = await Deno.open(path);
    const headers = { "content-type": "application/octet-stream", "content-length": String(size) };
    await this.#request(url, { method: "PUT", body, headers }, PATIENCE + size / SLOWEST);
  }

  async #experimentId(name: string): Promise<string> {
    const query = new URLSearchParams({ experiment_name: name });
    const url = `${this.#base}/api/2.0/mlflow/experiments/get-by-name?${query}`;
    const { experiment } = await this.#request(url, { method: "GET" });
    return String((experiment as Record<string, unknown>).experiment_id);
  }

  #post(method: string, body: unknown): Promise<Record<string, unknown>> {
    return this.#request(`${this.#base}/api/2.0/mlflow/${method}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  }

  async #request(
    url: string,
    init: RequestInit & { headers?: Record<string, string> },
    patience = PATIENCE,
  ): Promise<Record<string, unknown>> {
    const headers = { ...this.#headers, ...init.headers };
    let status: number;
    let text: string;
    try {
      const answer = await fetch(url, { ...init, headers, signal: AbortSignal.timeout(patience) });
      status = answer.status;
      text = await answer.text();
    } catch (cause) {
      throw new StoreError(`Cannot reach ${this.#base}: ${reasonOf(cause)}`, { cause });
    }
    const answer = parse(text);
    if (status < 400) return answer;
    const code = typeof answer.error_code === "string" ? answer.error_code : undefined;
    const said = typeof answer.message === "string" ? answer.message : `HTTP status ${status}`;
    const [line] = said.split("\n", 1);
    throw new StoreError(`Cannot log to ${this.#base}: ${line}`, { status, code });
  }

  /** Where the server takes a file; `undefined` where files go to a folder of this machine. */
  #artifactUrl(artifactUri: string, name: string): string | undefined {
    const [, scheme] = /^([a-z][\w+.-]*):/i.exec(artifactUri) ?? [];
    if (scheme === undefined || scheme === "file") return undefined;
    if (scheme !== "mlflow-artifacts") {
      throw new StoreError(
        `Cannot upload "${name}": its place is ${artifactUri}, not the server's`,
      );
    }
    const { host, pathname } = new URL(artifactUri);
    const base = host === "" ? this.#base : `${new URL(this.#base).protocol}//${host}`;
    const path = [...pathname.split("/"), ...name.split("/")].filter((part) => part !== "");
    return `${base}/api/2.0/mlflow-artifacts/artifacts/${path.map(encode).join("/")}`;
  }
}

/** What a URL's path has in its parts already stays as it is. */
function encode(part: string): string {
  return encodeURIComponent(decodeURIComponent(part));
}

/** What MLflow's own client does where server and client share a disk. */
export async function copyToFolder(folder: string, path: string, name: string): Promise<void> {
  const target = join(folder.startsWith("file:") ? pathOf(folder) : folder, name);
  try {
    await Deno.mkdir(join(target, ".."), { recursive: true });
    await Deno.copyFile(path, target);
  } catch (cause) {
    throw new StoreError(`Cannot write "${target}": ${reasonOf(cause)}`, { cause });
  }
}

/** The path that a `file:` URI names. */
export function pathOf(uri: string): string {
  const path = uri.replace(/^file:(\/\/(localhost)?(?=\/))?/, "");
  return decodeURIComponent(path);
}

/** Credentials for the header, as MLflow's client finds them. */
export function credentialsOf(env: (name: string) => string | undefined): string | undefined {
  const [name, password, token] = ["USERNAME", "PASSWORD", "TOKEN"]
    .map((part) => env(`MLFLOW_TRACKING_${part}`));
  if (name !== undefined && password !== undefined) {
    return `Basic ${new TextEncoder().encode(`${name}:${password}`).toBase64()}`;
  }
  return token === undefined ? undefined : `Bearer ${token}`;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof StoreError && error.code === code;
}

function parse(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text || "{}"));
  } catch {
    return {};
  }
}

/** The first line of what went wrong, without the address that stands in front of it. */
function reasonOf(cause: unknown): string {
  const { message } = cause instanceof Error ? cause : new Error(String(cause));
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : "";
  const [line] = (inner || message).split("\n", 1);
  return line.replace(/^error sending request for url \([^)]*\): /, "").replace(/^.*: (?=\S)/, "");
}

/** Tags that MLflow's pages know. */
export const SOURCE_TAGS: readonly Entry[] = [
  { key: "mlflow.source.name", value: "glovita_train" },
  { key: "mlflow.source.type", value: "LOCAL" },
];
