/**
 * Work that is divided among machines: which part a command makes, said by a flag or by the cluster
 * that started it.
 * @module
 */
import { env } from "node:process";
import * as v from "valibot";
import { ConfigError, quote } from "../errors.ts";
import { choice, count, option, type OptionEntries, required, text } from "../options/mod.ts";

/** One of several parts. */
export interface Shard {
  /** Which part, counted from 1. */
  readonly index: number;
  /** How many parts there are. */
  readonly count: number;
}

/** Fields of a command whose work can be divided. */
export interface ShardFields {
  /**
   * Part `i/n`, counted from 1; `auto` takes it from the cluster's environment; `null` is all of it.
   * @default {null}
   */
  readonly shard: string | null;
  /** Number of parts that are joined; `auto` finds it; `null` joins nothing. @default {null} */
  readonly merge: number | "auto" | null;
}

/** A shard, and a line on where it was found. */
export interface ChosenShard extends Shard {
  /** Where it comes from, if the environment said it. */
  readonly source?: string;
}

/** Reads a variable of the environment. */
export type Environment = (name: string) => string | undefined;

/** More parts than anybody divides work into: a number above is a slip. */
const MAX_SHARDS = 10_000;

function checkShard(shard: string): string | undefined {
  if (shard === "auto") return undefined;
  const [, count] = /^[1-9]\d*\/([1-9]\d*)$/.exec(shard) ?? [];
  return Number(count) <= MAX_SHARDS
    ? undefined
    : `expected i/n, such as 1/4, with n up to ${MAX_SHARDS}, or auto, received ${quote(shard)}`;
}

/**
 * Makes the options of a command whose work can be divided.
 * @param what What a part is of: `of every split`.
 *
 * @example Only parts that can be
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import * as v from "valibot";
 * const { shard } = shardEntries("of every split");
 * assertEquals(["1/4", "auto", "0/4"].map((each) => v.is(shard, each)), [true, true, false]);
 * ```
 */
export function shardEntries(what: string): OptionEntries<ShardFields> {
  const numbered = count(required, "", { max: MAX_SHARDS });
  return {
    shard: text(
      null,
      `Part i/n ${what}, counted from 1, written to its own file; auto takes it from the cluster.`,
      { check: checkShard },
    ),
    merge: option<number | "auto", null>(
      null,
      "Number of parts whose files are joined, instead of making them; auto finds it.",
      v.union([numbered, choice(required, "", ["auto"])]),
    ),
  };
}

/**
 * Reads `shard`.
 * @param config The resolved config.
 * @param environment The environment that `auto` reads.
 * @returns The shard; `undefined` where all of the work is wanted.
 * @throws {ConfigError} if there is no such part, or the environment does not say one.
 *
 * @example The third of five tasks of a SLURM array
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const variables = new Map([
 *   ["SLURM_ARRAY_TASK_ID", "2"],
 *   ["SLURM_ARRAY_TASK_MIN", "0"],
 *   ["SLURM_ARRAY_TASK_COUNT", "5"],
 * ]);
 * const { index, count } = shardOf({ shard: "auto" }, (name) => variables.get(name))!;
 * assertEquals([index, count], [3, 5]);
 * ```
 */
export function shardOf(
  { shard, merge = null }: Pick<ShardFields, "shard"> & Partial<ShardFields>,
  environment: Environment = (name) => env[name],
): ChosenShard | undefined {
  if (shard === null) return undefined;
  if (merge !== null) throw refusal("expected shard or merge, not both");
  if (shard === "auto") return environmentShard(environment);
  const { index, count } = parsed(shard);
  if (index <= count) return { index, count };
  throw refusal(`expected a part from 1/${count} to ${count}/${count}, received ${quote(shard)}`);
}

/**
 * Which part the cluster wants: SLURM of an array's task, Kubernetes of an indexed job's pod, or
 * `GLOVITA_SHARD`.
 * @param environment The environment.
 * @param path The field that asks.
 * @throws {ConfigError} if the environment says nothing, half of it, or several things.
 *
 * @example Kubernetes counts from 0
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const variables = new Map([["JOB_COMPLETION_INDEX", "0"], ["JOB_COMPLETIONS", "8"]]);
 * const { index, count } = environmentShard((name) => variables.get(name));
 * assertEquals([index, count], [1, 8]);
 * ```
 */
export function environmentShard(environment: Environment, path = "shard"): ChosenShard {
  const read: Environment = (name) => environment(name) || undefined;
  const found = [ownShard, slurmShard, kubernetesShard].flatMap((of) => of(read, path) ?? []);
  const [first] = found;
  if (first === undefined) {
    const names = "GLOVITA_SHARD, SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX";
    throw refusal(`expected a cluster that says which part this is, neither ${names} is set`, path);
  }
  const other = found.find(({ index, count }) => index !== first.index || count !== first.count);
  if (other === undefined) {
    return { ...first, source: found.map(({ source }) => source).join(", ") };
  }
  const said = [first, other].map(({ source, index, count }) => `${index}/${count} (${source})`);
  throw refusal(`expected one part, the environment says ${said.join(" and ")}`, path);
}

function parsed(shard: string): Shard {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(shard) ?? [];
  return { index: Number(index), count: Number(count) };
}

function ownShard(read: Environment, path: string): ChosenShard | undefined {
  const shard = read("GLOVITA_SHARD");
  if (shard === undefined) return undefined;
  const { index, count } = parsed(shard);
  const good = shard !== "auto" && checkShard(shard) === undefined && index <= count;
  if (good) return { index, count, source: `GLOVITA_SHARD=${shard}` };
  throw refusal(`expected i/n in GLOVITA_SHARD, such as 1/4, received ${quote(shard)}`, path);
}

function slurmShard(read: Environment, path: string): ChosenShard | undefined {
  const id = read("SLURM_ARRAY_TASK_ID");
  if (id === undefined) return undefined;
  const variable = (name: string, fallback?: number) =>
    wholeNumber(`SLURM_ARRAY_TASK_${name}`, read, { path, fallback });
  const [task, first, count] = [variable("ID"), variable("MIN"), variable("COUNT")];
  const [step, last] = [variable("STEP", 1), variable("MAX", first + count - 1)];
  // A part of an array that is submitted alone would divide the work anew.
  if (first > 1 || step !== 1 && count > 1 || last !== first + count - 1) {
    const array = `${first} to ${last}, ${count} in all`;
    throw refusal(
      `expected an array like 1-${count} or 0-${
        count - 1
      }, without gaps, received tasks ${array}; ` +
        "--shard i/n makes one part again",
      path,
    );
  }
  return inRange({ index: task - first + 1, count }, `SLURM_ARRAY_TASK_ID=${id}`, path);
}

function kubernetesShard(read: Environment, path: string): ChosenShard | undefined {
  const id = read("JOB_COMPLETION_INDEX");
  if (id === undefined) return undefined;
  const index = wholeNumber("JOB_COMPLETION_INDEX", read, { path }) + 1;
  const count = wholeNumber("JOB_COMPLETIONS", read, { path });
  return inRange({ index, count }, `JOB_COMPLETION_INDEX=${id}`, path);
}

function inRange({ index, count }: Shard, source: string, path: string): ChosenShard {
  if (index >= 1 && index <= count && count <= MAX_SHARDS) return { index, count, source };
  throw refusal(`expected one of ${count} parts, up to ${MAX_SHARDS}, received ${source}`, path);
}

function wholeNumber(
  name: string,
  read: Environment,
  { path, fallback }: { readonly path: string; readonly fallback?: number },
): number {
  const value = read(name);
  if (value === undefined && fallback !== undefined) return fallback;
  if (value !== undefined && /^\d{1,9}$/.test(value)) return Number(value);
  const received = value === undefined ? "it is not set" : `received ${quote(value)}`;
  throw refusal(`expected a whole number in ${name}, ${received}`, path);
}

function refusal(message: string, path = "shard"): ConfigError {
  return new ConfigError([{ path, message }]);
}
