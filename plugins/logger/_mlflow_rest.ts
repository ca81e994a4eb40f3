/** MLflow's tracking server, over its REST API 2.0. */
import { Buffer } from "node:buffer";
import { copyFile, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Answer, putFile } from "./_mlflow_upload.ts";
import {
  type Batch,
  ELSEWHERE,
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
    const { origin, pathname, username, password } = new URL(uri);
    const own = username === "" ? undefined : basicCredentials(username, password);
    this.#base = `${origin}${pathname.replace(/\/+$/, "")}`;
    const authorization = own ?? credentials;
    this.#headers = authorization === undefined ? {} : { authorization };
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
      this.#require(experiment_id);
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
    const { run_id, artifact_uri } = Object(Object(run).info);
    this.#require(run_id, artifact_uri);
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
    const { size } = await stat(path);
    const signal = AbortSignal.timeout(PATIENCE + size / SLOWEST);
    await this.#ask(() => putFile(url, path, { headers: this.#headers, signal }));
  }

  async #experimentId(name: string): Promise<string> {
    const query = new URLSearchParams({ experiment_name: name });
    const url = `${this.#base}/api/2.0/mlflow/experiments/get-by-name?${query}`;
    const { experiment } = await this.#request(url, { method: "GET" });
    const { experiment_id } = Object(experiment);
    this.#require(experiment_id);
    return String(experiment_id);
  }

  /** Whatever answers at an address need not be MLflow. */
  #require(...values: readonly unknown[]): void {
    if (values.every((value) => typeof value === "string")) return;
    throw new StoreError(`Cannot log to ${this.#base}: its answer is not one of MLflow's`);
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
  ): Promise<Record<string, unknown>> {
    const headers = { ...this.#headers, ...init.headers };
    return await this.#ask(async () => {
      const signal = AbortSignal.timeout(PATIENCE);
      const answer = await fetch(url, { ...init, headers, signal });
      return { status: answer.status, text: await answer.text() };
    });
  }

  async #ask(send: () => Promise<Answer>): Promise<Record<string, unknown>> {
    const { status, text } = await send().catch((cause) => {
      throw new StoreError(`Cannot reach ${this.#base}: ${reasonOf(cause)}`, { cause });
    });
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
    if (scheme.startsWith("http")) return `${artifactUri}/${encodeParts(name)}`;
    if (scheme !== "mlflow-artifacts") {
      throw new StoreError(
        `Cannot upload "${name}": the server keeps files in ${artifactUri}, not itself`,
        { code: ELSEWHERE },
      );
    }
    const { host, pathname } = new URL(artifactUri);
    const base = host === "" ? this.#base : `${new URL(this.#base).protocol}//${host}`;
    const folder = pathname.replace(/^\/+/, "");
    return `${base}/api/2.0/mlflow-artifacts/artifacts/${folder}/${encodeParts(name)}`;
  }
}

function encodeParts(name: string): string {
  return name.split("/").map(encodeURIComponent).join("/");
}

/** What MLflow's own client does where server and client share a disk. */
export async function copyToFolder(folder: string, path: string, name: string): Promise<void> {
  const target = join(folder.startsWith("file:") ? pathOf(folder) : folder, name);
  try {
    await mkdir(join(target, ".."), { recursive: true });
    await copyFile(path, target);
  } catch (cause) {
    throw new StoreError(`Cannot write "${target}": ${reasonOf(cause)}`, { cause });
  }
}

/** The path that a `file:` URI names. */
export function pathOf(uri: string): string {
  const [, path] = /^file:(?:\/\/(?:localhost)?(?=\/))?(.*)$/i.exec(uri) ?? [];
  return path === undefined ? uri : decodeURIComponent(path);
}

/** Credentials for the header, as MLflow's client finds them. */
export function credentialsOf(env: (name: string) => string | undefined): string | undefined {
  const [name, password, token] = ["USERNAME", "PASSWORD", "TOKEN"]
    .map((part) => env(`MLFLOW_TRACKING_${part}`));
  if (name !== undefined && password !== undefined) {
    return basicCredentials(name, password);
  }
  return token === undefined ? undefined : `Bearer ${token}`;
}

function basicCredentials(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
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
