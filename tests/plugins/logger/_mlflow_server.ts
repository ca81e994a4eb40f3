/**
 * A tracking server for tests. It keeps runs as MLflow does and checks each request against the
 * published REST API 2.0: paths, methods, fields and their types, names, limits. A request that the
 * API does not allow is answered as MLflow answers it, and noted.
 */

/** A run of the server. */
export interface ServerRun {
  readonly id: string;
  readonly experiment: string;
  readonly name: string;
  status: string;
  ended: number | undefined;
  readonly params: Record<string, string>;
  readonly tags: Record<string, string>;
  readonly metrics: { key: string; value: unknown; step: number; timestamp: number }[];
  readonly artifacts: Record<string, Uint8Array>;
}

type Fields = Readonly<Record<string, unknown>>;

/** How the server behaves. */
export interface Behaviour {
  /** Where files of runs go. @default {"mlflow-artifacts:/"} */
  readonly artifacts?: string;
  /** Longest parameter that it takes: 6000 since MLflow 2.8. */
  readonly longestParam?: number;
  /** What the header `Authorization` has to be. */
  readonly authorization?: string;
}

class Refusal extends Error {
  constructor(readonly status: number, readonly code: string, message: string) {
    super(message);
  }
}

const invalid = (message: string) => new Refusal(400, "INVALID_PARAMETER_VALUE", message);
const ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts/";

/** The server; ended by `Symbol.asyncDispose`. */
export class MlflowServer implements AsyncDisposable {
  readonly experiments = new Map<string, string>();
  readonly runs = new Map<string, ServerRun>();
  /** Requests in their order: method and path, and what was wrong with them. */
  readonly requests: string[] = [];
  readonly refused: string[] = [];
  /** Entries of each log-batch. */
  readonly batches: { metrics: number; params: number; tags: number }[] = [];
  /** How many of the next requests are answered with 503. */
  failing = 0;
  readonly #behaviour: Behaviour;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** @param behaviour How it behaves. @param port A port, to come back at; any where not given. */
  constructor(behaviour: Behaviour = {}, port = 0) {
    this.#behaviour = behaviour;
    const options = { hostname: "127.0.0.1", port, onListen() {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  get port(): number {
    return this.#server.addr.port;
  }

  get uri(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The only run. */
  get run(): ServerRun {
    const [run, ...others] = this.runs.values();
    if (run === undefined || others.length > 0) throw new Error(`${this.runs.size} runs`);
    return run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    this.requests.push(`${request.method} ${pathname}`);
    try {
      const bytes = new Uint8Array(await request.arrayBuffer());
      if (this.failing > 0) {
        this.failing--;
        return new Response("<h1>Service Unavailable</h1>", { status: 503 });
      }
      const { authorization } = this.#behaviour;
      if (authorization !== undefined && request.headers.get("authorization") !== authorization) {
        return new Response("You are not authenticated.", { status: 401 });
      }
      if (pathname.startsWith(ARTIFACTS)) return this.#put(request.method, pathname, bytes);
      return Response.json(this.#call(request, pathname, searchParams, bytes));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.refused.push(error.message);
      const body = { error_code: error.code, message: error.message };
      return Response.json(body, { status: error.status });
    }
  }

  #call(request: Request, path: string, query: URLSearchParams, bytes: Uint8Array): unknown {
    const [, method] = /^\/api\/2\.0\/mlflow\/(.+)$/.exec(path) ?? [];
    if (method === "experiments/get-by-name" && request.method === "GET") {
      return this.#experimentByName(query.get("experiment_name"));
    }
    if (bytes.length > 1_000_000) {
      throw invalid("Batched logging API requests must be at most 1 MB");
    }
    if (request.method !== "POST") throw new Refusal(405, "BAD_REQUEST", "Method Not Allowed");
    if (!request.headers.get("content-type")?.startsWith("application/json")) {
      throw invalid("Bad Request. Content-Type should be application/json");
    }
    const body: Fields = JSON.parse(new TextDecoder().decode(bytes));
    switch (method) {
      case "experiments/create":
        return this.#createExperiment(fields(body, { name: "string" }));
      case "runs/create":
        return this.#createRun(fields(body, {
          ...{ experiment_id: "string", run_name: "string", start_time: "number", tags: "object" },
        }));
      case "runs/log-batch":
        return this.#logBatch(fields(body, {
          ...{ run_id: "string", metrics: "object", params: "object", tags: "object" },
        }));
      case "runs/update":
        return this.#update(fields(body, { run_id: "string", status: "string" }, ["end_time"]));
    }
    throw new Refusal(404, "ENDPOINT_NOT_FOUND", `Not found: ${path}`);
  }

  #experimentByName(name: string | null): unknown {
    if (name === null) throw invalid("Missing value for required parameter 'experiment_name'");
    const id = this.experiments.get(name);
    if (id === undefined) {
      const message = `Could not find experiment with name '${name}'`;
      throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", message);
    }
    return { experiment: { experiment_id: id, name, lifecycle_stage: "active" } };
  }

  #createExperiment({ name }: Fields): unknown {
    if (this.experiments.has(String(name))) {
      throw new Refusal(400, "RESOURCE_ALREADY_EXISTS", `Experiment '${name}' already exists.`);
    }
    const id = String(this.experiments.size + 1);
    this.experiments.set(String(name), id);
    return { experiment_id: id };
  }

  #createRun({ experiment_id, run_name, start_time, tags }: Fields): unknown {
    if (![...this.experiments.values()].includes(String(experiment_id))) {
      throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", `No Experiment with id=${experiment_id}`);
    }
    if (!Number.isInteger(start_time)) throw invalid("start_time must be an integer");
    const id = crypto.randomUUID().replaceAll("-", "");
    const run: ServerRun = {
      ...{ id, experiment: String(experiment_id), name: String(run_name), status: "RUNNING" },
      ...{ ended: undefined, params: {}, tags: {}, metrics: [], artifacts: {} },
    };
    this.runs.set(id, run);
    for (const { key, value } of entries(tags, 5000)) run.tags[key] = value;
    const { artifacts = "mlflow-artifacts:/" } = this.#behaviour;
    const artifact_uri = `${artifacts}${experiment_id}/${id}/artifacts`;
    const info = { run_id: id, run_uuid: id, experiment_id, artifact_uri, run_name, start_time };
    return { run: { info: { ...info, status: "RUNNING", lifecycle_stage: "active" }, data: {} } };
  }

  #logBatch({ run_id, metrics, params, tags }: Fields): unknown {
    const run = this.#find(run_id);
    const { longestParam = 6000 } = this.#behaviour;
    const lists = {
      metrics: metricsOf(metrics),
      params: entries(params, longestParam),
      tags: entries(tags, 5000),
    };
    const counts = {
      metrics: lists.metrics.length,
      params: lists.params.length,
      tags: lists.tags.length,
    };
    const most = { metrics: 1000, params: 100, tags: 100 };
    for (const name of ["metrics", "params", "tags"] as const) {
      if (counts[name] > most[name]) {
        throw invalid(`A batch logging request can contain at most ${most[name]} ${name}.`);
      }
    }
    const keys = lists.params.map(({ key }) => key);
    if (new Set(keys).size < keys.length) {
      throw invalid("Duplicate parameter keys have been submitted");
    }
    if (counts.metrics + counts.params + counts.tags > 1000) {
      throw invalid("A batch logging request can contain at most 1000 metrics, params, and tags.");
    }
    this.batches.push(counts);
    for (const { key, value } of lists.params) {
      if (key in run.params && run.params[key] !== value) {
        throw invalid(
          `Changing param values is not allowed. Param with key='${key}' was already logged`,
        );
      }
    }
    for (const { key, value } of lists.params) run.params[key] = value;
    for (const { key, value } of lists.tags) run.tags[key] = value;
    run.metrics.push(...lists.metrics);
    return {};
  }

  #update({ run_id, status, end_time }: Fields): unknown {
    const run = this.#find(run_id);
    if (!["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"].includes(String(status))) {
      throw invalid(`Invalid status ${status}`);
    }
    if (end_time !== undefined && !Number.isInteger(end_time)) throw invalid("end_time");
    run.status = String(status);
    run.ended = end_time as number | undefined;
    return { run_info: { run_id, status, end_time } };
  }

  #put(method: string, path: string, bytes: Uint8Array): Response {
    if (method !== "PUT") throw new Refusal(405, "BAD_REQUEST", "Method Not Allowed");
    const parts = path.slice(ARTIFACTS.length).split("/").map(decodeURIComponent);
    if (parts.some((part) => ["", ".", ".."].includes(part))) {
      throw invalid(`Invalid path: ${path}`);
    }
    const [experiment, id, folder, ...name] = parts;
    const run = this.#find(id);
    if (run.experiment !== experiment || folder !== "artifacts") throw invalid("Invalid path");
    run.artifacts[name.join("/")] = bytes;
    return Response.json({});
  }

  #find(id: unknown): ServerRun {
    const run = this.runs.get(String(id));
    if (run) return run;
    throw new Refusal(404, "RESOURCE_DOES_NOT_EXIST", `Run with id=${id} not found`);
  }
}

/** Checks that a body has its fields, and no others. */
function fields(
  body: Fields,
  required: Readonly<Record<string, string>>,
  optional: readonly string[] = [],
): Fields {
  for (const [name, type] of Object.entries(required)) {
    const given: string = typeof body[name];
    if (given !== type) {
      throw invalid(`Missing or invalid value for required parameter '${name}'`);
    }
  }
  const unknown = Object.keys(body).find((name) => !(name in required) && !optional.includes(name));
  if (unknown !== undefined) throw invalid(`Message type has no field named "${unknown}"`);
  return body;
}

function requireKey(key: unknown): string {
  if (typeof key !== "string" || key === "" || key.length > 250) {
    throw invalid(`Invalid name: '${key}'`);
  }
  if (!/^[/\w.\- ]*$/.test(key)) throw invalid(`Invalid name: '${key}'. Names may only contain …`);
  const parts = key.split("/");
  if (parts.some((part) => ["", ".", ".."].includes(part))) {
    throw invalid(`Invalid name: '${key}'. Names may be treated as files in certain cases`);
  }
  return key;
}

function entries(list: unknown, longest: number): { key: string; value: string }[] {
  if (!Array.isArray(list)) throw invalid("expected a list");
  return list.map((entry) => {
    const { key, value } = fields(entry, { key: "string", value: "string" });
    if (String(value).length > longest) {
      throw invalid(
        `Value of '${key}' had length ${String(value).length}, which exceeded ${longest}`,
      );
    }
    return { key: requireKey(key), value: String(value) };
  });
}

/** JSON's numbers, and what protobuf's JSON has for the three that are not finite. */
function metricsOf(list: unknown): ServerRun["metrics"] {
  if (!Array.isArray(list)) throw invalid("expected a list");
  return list.map((metric: Fields) => {
    const { key, value, timestamp, step } = metric;
    fields(metric, { key: "string", timestamp: "number", step: "number" }, ["value"]);
    const odd = ["NaN", "Infinity", "-Infinity"].includes(String(value));
    if (typeof value !== "number" && !(typeof value === "string" && odd)) {
      throw invalid(`Got invalid value ${value} for metric '${key}'`);
    }
    if (!Number.isInteger(timestamp) || !Number.isInteger(step)) throw invalid("not an integer");
    return { key: requireKey(key), value, timestamp: Number(timestamp), step: Number(step) };
  });
}
