/** What MLflow keeps of a run, wherever that is: a server, or a folder. */

/** A number of a run; JSON has no other way to write the three that are not finite. */
export interface Metric {
  /** Name. */
  readonly key: string;
  /** Value. */
  readonly value: number | "NaN" | "Infinity" | "-Infinity";
  /** When it was measured, in milliseconds. */
  readonly timestamp: number;
  /** Epoch. */
  readonly step: number;
}

/** A name with a text. */
export interface Entry {
  /** Name. */
  readonly key: string;
  /** Text. */
  readonly value: string;
}

/** What is logged at once. */
export interface Batch {
  /** Numbers. */
  readonly metrics: readonly Metric[];
  /** Parameters, which never change. */
  readonly params: readonly Entry[];
  /** Tags. */
  readonly tags: readonly Entry[];
}

/** Where a run is. */
export interface RunPlace {
  /** Experiment that it belongs to. */
  readonly experiment_id: string;
  /** Id of the run. */
  readonly run_id: string;
  /** Where its files go. */
  readonly artifact_uri: string;
}

/** What a run is created with. */
export interface NewRun {
  /** Name that is shown. */
  readonly name: string;
  /** When it began, in milliseconds. */
  readonly started: number;
  /** Tags. */
  readonly tags: readonly Entry[];
}

/** State of a run. */
export type RunStatus = "RUNNING" | "FINISHED" | "FAILED";

/** Keeps runs. Every method may be called again after it has failed. */
export interface TrackingStore {
  /** Where a person finds a run, in words. */
  whereIs(run: RunPlace): string;
  /** Finds an experiment by its name, or makes it. */
  experiment(name: string): Promise<string>;
  /** Makes a run. */
  createRun(experimentId: string, run: NewRun): Promise<RunPlace>;
  /** Adds to a run, within {@linkcode LIMITS}. */
  logBatch(run: RunPlace, batch: Batch): Promise<void>;
  /** Sets the state of a run. */
  update(run: RunPlace, status: RunStatus, ended?: number): Promise<void>;
  /** Keeps a file of a run under a name with slashes. */
  putArtifact(run: RunPlace, path: string, name: string): Promise<void>;
}

/** Code of an error: files go where this process cannot put them. */
export const ELSEWHERE = "ELSEWHERE";

/** A store that could not do what it was asked for: nobody answered, or the answer was no. */
export class StoreError extends Error {
  /** Name of the class. */
  override name = "StoreError";
  /** Status of the answer; absent where there was none. */
  readonly status?: number;
  /** Code of the error in the answer, such as `RESOURCE_DOES_NOT_EXIST`. */
  readonly code?: string;

  constructor(message: string, facts: { status?: number; code?: string; cause?: unknown } = {}) {
    super(message, { cause: facts.cause });
    this.status = facts.status;
    this.code = facts.code;
  }
}

/** Limits of one request of `runs/log-batch`, and of what is in it. */
export const LIMITS = {
  metrics: 1000,
  params: 100,
  tags: 100,
  entities: 1000,
  /** A megabyte, less what stands around the entries. */
  bytes: 900_000,
  key: 250,
  param: 6000,
  /** Servers before 2.8 take no more. */
  oldParam: 500,
  tag: 5000,
} as const;

/**
 * A name as every MLflow takes it: letters, digits and `_-. /`, not too long, and a path whose parts
 * are names.
 */
export function asKey(name: string): string {
  const parts = name.replaceAll(/[^\w\-. /]/g, "_").slice(0, LIMITS.key).split("/");
  return parts.map((part) => /^\.*$/.test(part) ? "_" : part).join("/");
}

/**
 * Cuts entries into requests.
 * @param entries Metrics, parameters or tags.
 * @param most How many one request takes.
 */
export function inRequests<T>(entries: readonly T[], most: number): T[][] {
  const requests: T[][] = [];
  let bytes = Infinity;
  for (const entry of entries) {
    const size = new TextEncoder().encode(JSON.stringify(entry)).length + 1;
    if (bytes + size > LIMITS.bytes || requests.at(-1)!.length === most) {
      requests.push([]);
      bytes = 0;
    }
    requests.at(-1)!.push(entry);
    bytes += size;
  }
  return requests;
}

/** A number as JSON can hold it. */
export function metricValue(value: number): Metric["value"] {
  return Number.isFinite(value) ? value : String(value) as Metric["value"];
}

/**
 * Flattens a tree to parameters: names with dots, values in Python's spelling, as GloViTa logs them.
 * @param tree Nested objects.
 */
export function flatten(tree: Readonly<Record<string, unknown>>, prefix = ""): Entry[] {
  return Object.entries(tree).flatMap(([name, value]) => {
    const key = prefix === "" ? name : `${prefix}.${name}`;
    if (value === undefined) return [];
    const nested = isObject(value) && Object.keys(value).length > 0;
    return nested ? flatten(value, key) : [{ key: asKey(key), value: inPython(value, true) }];
  });
}

/**
 * Gives entries whose names have become the same a number each.
 * @param entries Entries in their order.
 */
export function withOwnKeys(entries: readonly Entry[]): Entry[] {
  const taken = new Set<string>();
  return entries.map(({ key, value }) => {
    let own = key;
    for (let number = 2; taken.has(own); number++) {
      own = `${key.slice(0, LIMITS.key - 4)}_${number}`;
    }
    taken.add(own);
    return { key: own, value };
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** As `str()` writes a value; texts inside of lists have quotes. */
function inPython(value: unknown, isBare = false): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return numberInPython(value);
  if (typeof value === "string") return isBare ? value : quoteInPython(value);
  if (Array.isArray(value)) return `[${value.map((item) => inPython(item)).join(", ")}]`;
  const entries = Object.entries(Object(value));
  return `{${entries.map(([key, item]) => `${quoteInPython(key)}: ${inPython(item)}`).join(", ")}}`;
}

function quoteInPython(text: string): string {
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  if (text.includes("'") && !text.includes('"')) return `"${escaped}"`;
  return `'${escaped.replaceAll("'", "\\'")}'`;
}

/** Python writes small numbers with an exponent of two digits from 1e-5 down. */
function numberInPython(value: number): string {
  const small = value !== 0 && Math.abs(value) < 1e-4;
  const text = small ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, (_, sign, digit) => `e${sign}0${digit}`);
}
