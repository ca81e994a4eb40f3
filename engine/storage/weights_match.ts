/**
 * Finds a model's parameters in a file of weights: in the dictionary, and behind the common
 * beginning of names, where all of them are.
 * @module
 */
import { DataError } from "../errors.ts";
import { formatShape, sameShape } from "../ir/dims.ts";
import { isUsual, mostWanted, placeName, type WeightsPlace } from "./_weights_order.ts";
import {
  type Candidate,
  CandidateFinder,
  distinct,
  type NamedTensor,
  Names,
  unwrapName,
  type WantedParameter,
  type WeightsQuery,
} from "./_weights_candidates.ts";
import type { WeightsFile } from "./weights_file.ts";

export {
  type NamedTensor,
  unwrapName,
  type WantedParameter,
  type WeightsQuery,
} from "./_weights_candidates.ts";

/**
 * A tensor of the file that no parameter took.
 * @category State dicts
 */
export interface UnusedTensor {
  /** Its name in the file. */
  readonly name: string;
  /** Its name without the beginning that the names of parameters have in the file. */
  readonly bare: string;
}

/**
 * Where a model's parameters are in a file.
 * @category State dicts
 */
export interface WeightsMatch {
  /** Tensors by name of the parameter. */
  readonly found: ReadonlyMap<string, NamedTensor>;
  /** Tensors of the same dictionary that no parameter took, counters of training steps aside. */
  readonly unused: readonly UnusedTensor[];
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/** How many names a message lists. */
const LISTED = 3;
/** Counters of training steps, which no model takes for weights. */
const COUNTER = /(?:^|\.)num_batches_tracked$/;
/** How much of a name a message repeats. */
const LONGEST = 100;

class Matcher {
  readonly #path: string;
  readonly #request: WeightsQuery;
  readonly #finder: CandidateFinder;

  constructor(path: string, request: WeightsQuery, finder: CandidateFinder) {
    this.#path = path;
    this.#request = request;
    this.#finder = finder;
  }

  /** Whether `key` names a candidate's place, or one around it. */
  isWanted(place: WeightsPlace): boolean {
    const { key } = this.#request;
    if (key === null || key === undefined) return true;
    return [placeName(place), place.prefix.join(".")].some((name) =>
      name === key || name.startsWith(`${key}.`)
    );
  }

  /** The one candidate to take of those that fit. */
  choose(fitting: readonly Candidate[]): Candidate {
    const wanted = mostWanted(fitting);
    if (wanted !== undefined) return wanted;
    throw this.fail(`it holds ${sets(fitting)}, which cannot be told apart${this.#advice(": ")}`);
  }

  /** Lines on what was taken, where nobody has named it and there are others, or it is unusual. */
  notices(taken: Candidate, all: readonly Candidate[]): string[] {
    const { key } = this.#request;
    if (key !== null && key !== undefined) return [];
    const name = quotePlace(taken);
    if (all.length > 1) {
      return [`"${this.#path}" holds ${sets(all)}: ${name} is taken${this.#advice("; ")}`];
    }
    if ([...taken.keys, ...taken.prefix].every(isUsual)) return [];
    return [`the weights of "${this.#path}" are taken from ${name}`];
  }

  #advice(before: string): string {
    const { keyOption } = this.#request;
    return keyOption === undefined ? "" : `${before}${keyOption} chooses another`;
  }

  /** Tensors of a candidate's dictionary that neither it nor another set of weights takes. */
  unused(taken: Candidate, all: readonly Candidate[]): UnusedTensor[] {
    const others = all.filter(({ dict, prefix }) => dict === taken.dict && prefix.length > 0)
      .filter((candidate) => candidate !== taken).map(startOf);
    const places = new Set([...taken.found.values()].map(({ tensor }) => tensor.place));
    const start = startOf(taken);
    const unused: UnusedTensor[] = [];
    for (const [name, { name: given, tensor }] of taken.dict.tensors) {
      const inside = name.startsWith(start);
      const bare = inside ? name.slice(start.length) : name;
      const second = inside && this.#finder.knows(bare) || places.has(tensor.place);
      const elsewhere = others.some((other) => name.startsWith(other));
      if (!second && !elsewhere && !COUNTER.test(name)) unused.push({ name: given, bare });
    }
    return unused;
  }

  /** Why no candidate fits: what the best one lacks, beside what it has instead. */
  lacking(candidates: readonly Candidate[], dicts: readonly Names[]): DataError {
    const { key, parameters } = this.#request;
    const named = candidates.filter((candidate) => this.isWanted(candidate));
    if (candidates.length > 0 && named.length === 0) {
      const known = dicts.map((dict) => placeName({ ...dict, prefix: [] })).filter(Boolean);
      const has = known.length === 0 ? "" : `: it has ${known.map(quote).join(", ")}`;
      return this.fail(`there are no weights of the model behind ${quote(key!)}${has}`);
    }
    const most = named.reduce((best, { found }) => Math.max(best, found.size), 0);
    const best = named.filter(({ found }) => found.size === most);
    const candidate = mostWanted(best) ?? best[0];
    if (candidate === undefined) {
      const tops = dicts.map((dict) => ({ keys: dict.keys, prefix: [], dict }));
      const top = mostWanted(tops) ?? tops[0];
      const left = top === undefined ? [] : leftOver(top.dict, new Map());
      return this.#lacks(top ?? { keys: [], prefix: [] }, parameters, left);
    }
    const { dict, found } = candidate;
    return this.#lacks(candidate, this.#finder.missing(candidate), leftOver(dict, found));
  }

  /** What a place lacks, and what it has that nobody wants. */
  #lacks(
    place: WeightsPlace,
    missing: readonly WantedParameter[],
    left: readonly WantedParameter[],
  ): DataError {
    const [where, total] = [placeName(place), this.#request.parameters.length];
    const subject = where === "" ? "it" : `its ${quote(where)}`;
    if (missing.length === 0) return this.fail(`${subject} has one tensor for several parameters`);
    const ours = `${missing.length} of the model's ${total} tensors: ${listTensors(missing)}`;
    const theirs = left.length === 0
      ? ""
      : `; unmatched in the file: ${listTensors(nearest(left, missing))}`;
    return this.fail(`${subject} lacks ${ours}${theirs}`, missing[0]?.name);
  }

  fail(state: string, tensor?: string): DataError {
    const file = this.#path;
    return new DataError(`Cannot load weights from "${file}": ${state}`, { file, dataset: tensor });
  }
}

/** What stands before the names of a candidate's parameters. */
function startOf({ prefix }: WeightsPlace): string {
  return prefix.map((segment) => `${segment}.`).join("");
}

/** Tensors of a dictionary that were not found to be parameters. */
function leftOver(dict: Names, found: ReadonlyMap<string, NamedTensor>): WantedParameter[] {
  const taken = new Set([...found.values()].map(({ name }) => name));
  return [...dict.tensors.values()].filter(({ name }) => !taken.has(name))
    .map(({ name, tensor: { shape } }) => ({ name, shape }));
}

function quote(text: string): string {
  return `"${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}"`;
}

function quotePlace(place: WeightsPlace): string {
  return quote(placeName(place)).replace('""', "the file's top level");
}

/** `2 sets of weights, "a" and "b"`. */
function sets(candidates: readonly Candidate[]): string {
  const names = candidates.map(quotePlace);
  return `${names.length} sets of weights, ${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** The first tensors of a list, with their shapes. */
function listTensors(tensors: readonly WantedParameter[]): string {
  const listed = tensors.slice(0, LISTED).map(({ name, shape }) =>
    `${quote(name)} ${formatShape(shape)}`
  );
  return listed.join(", ") + (tensors.length > LISTED ? ", …" : "");
}

/** Those first that have the shape of a missing one: they are likely the same under other names. */
function nearest(
  left: readonly WantedParameter[],
  missing: readonly WantedParameter[],
): WantedParameter[] {
  const shapes = missing.slice(0, LISTED).map(({ shape }) => shape);
  const alike = ({ shape }: WantedParameter) => shapes.some((other) => sameShape(shape, other));
  return [...left.filter(alike), ...left.filter((tensor) => !alike(tensor))];
}

/**
 * Finds a model's parameters in a file. Names may stand in any of the file's dictionaries and behind
 * any common beginning (`model.`, `teacher.backbone.`), and wrappers of modules are taken out of
 * them (`module.`, `_orig_mod.`). Where several sets of weights fit, averaged ones come before raw
 * ones, and a notice says which was taken. No values are read.
 *
 * @param file The file.
 * @param request What is wanted.
 * @returns Where it is.
 * @throws {DataError} if parameters are missing, with their names beside those of the file; or if
 * sets of weights fit that cannot be told apart.
 *
 * @example A layer of a network that was trained in Lightning
 * ```ts
 * import { matchWeights, WeightsFile } from "@glovita/glovita/pretrained";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/model.safetensors`;
 * const header = '{"net.fc.bias":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
 * const length = new Uint8Array(new BigUint64Array([BigInt(header.length)]).buffer);
 * await Deno.writeFile(path, length);
 * await Deno.writeTextFile(path, header + "\0\0\0\0", { append: true });
 *
 * using file = WeightsFile.open(path);
 * const { found } = matchWeights(file, { parameters: [{ name: "fc.bias", shape: [1] }] });
 * assertEquals(found.get("fc.bias")!.name, "net.fc.bias");
 * ```
 *
 * @category State dicts
 */
export function matchWeights(
  file: Pick<WeightsFile, "path" | "stateDicts">,
  request: WeightsQuery,
): WeightsMatch {
  if (request.parameters.length === 0) return { found: new Map(), unused: [], notices: [] };
  const finder = new CandidateFinder(request);
  const matcher = new Matcher(file.path, request, finder);
  const dicts = file.stateDicts.map((dict) => new Names(dict));
  const candidates = dicts.flatMap((dict) => finder.candidates(dict));
  const complete = candidates.filter((candidate) => finder.isComplete(candidate));
  const wanted = distinct(complete.filter((candidate) => matcher.isWanted(candidate)));
  if (wanted.length === 0) throw matcher.lacking(candidates, dicts);
  const fitting = wanted.filter((candidate) => finder.fits(candidate));
  const choice = fitting.length > 0 ? fitting : wanted;
  const taken = matcher.choose(choice);
  const twice = [...taken.found.values()].find(({ name }) =>
    taken.dict.twice.has(unwrapName(name))
  );
  if (twice !== undefined) {
    throw matcher.fail(`"${twice.name}" is there with and without a prefix`, twice.name);
  }
  return {
    found: taken.found,
    unused: matcher.unused(taken, complete),
    notices: matcher.notices(taken, wanted),
  };
}

/**
 * Counts the parameters of a model that a file has, in the dictionary that has the most: under their
 * own names, or behind a beginning that frameworks use.
 *
 * @param file The file.
 * @param request What is wanted.
 * @returns How many of them are there.
 */
export function countMatches(file: WeightsFile, request: WeightsQuery): number {
  const finder = new CandidateFinder(request);
  const candidates = file.stateDicts.flatMap((dict) => finder.candidates(new Names(dict)));
  return candidates.filter(({ prefix }) => prefix.every(isUsual))
    .reduce((most, { found }) => Math.max(most, found.size), 0);
}

/**
 * The line on tensors of a file that nothing took.
 *
 * @param unused The tensors.
 * @param options The file, and what has no place for them.
 * @returns One line, or none where there are no such tensors.
 *
 * @example A loss that was trained with the model
 * ```ts
 * import { unusedNotice } from "@glovita/glovita/pretrained";
 * import { assertEquals } from "@std/assert";
 *
 * const unused = [{ name: "loss.scale", bare: "loss.scale" }];
 * const lines = unusedNotice(unused, { file: "last.ckpt", taker: "model" });
 * assertEquals(lines, ['the model has no place for 1 tensor of "last.ckpt": "loss.scale"']);
 * ```
 *
 * @category State dicts
 */
export function unusedNotice(
  unused: readonly UnusedTensor[],
  { file, taker }: { readonly file: string; readonly taker: "model" | "encoder" },
): string[] {
  if (unused.length === 0) return [];
  const names = unused.slice(0, LISTED).map(({ name }) => quote(name)).join(", ");
  const count = unused.length === 1 ? "1 tensor" : `${unused.length} tensors`;
  const rest = unused.length > LISTED ? ", …" : "";
  return [`the ${taker} has no place for ${count} of "${file}": ${names}${rest}`];
}
