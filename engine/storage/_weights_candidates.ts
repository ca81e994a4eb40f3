/** Where in a file a model's parameters may be: dictionaries, and beginnings of names in them. */
import { sameShape } from "../ir/dims.ts";
import type { WeightsPlace } from "./_weights_order.ts";
import type { LazyTensor } from "./tensor_types.ts";
import type { StateDict } from "./weights_file.ts";

/**
 * A parameter of a model.
 * @category State dicts
 */
export interface WantedParameter {
  /** Its name in the model. */
  readonly name: string;
  /** Its dimensions. */
  readonly shape: readonly number[];
}

/**
 * Which tensors of a file are wanted.
 * @category State dicts
 */
export interface WeightsQuery {
  /** Parameters of the model. */
  readonly parameters: readonly WantedParameter[];
  /** Other names that a parameter has in files. */
  names?(name: string): readonly string[];
  /**
   * Keys of a dictionary, or beginning of names, joined by dots: where to look. `null` looks
   * everywhere. @default {null}
   */
  readonly key?: string | null;
  /** Option that gives `key`, for messages. */
  readonly keyOption?: string;
  /** Tells whether a tensor of a shape can become the parameter. @default {those of its shape} */
  fits?(shape: readonly number[], parameter: WantedParameter): boolean;
  /** Tells whether a parameter may be absent, where `has` tells which names are there. */
  optional?(name: string, has: (name: string) => boolean): boolean;
}

/**
 * A tensor with its name in the file.
 * @category State dicts
 */
export interface NamedTensor {
  /** Its name in the file. */
  readonly name: string;
  /** The tensor. */
  readonly tensor: LazyTensor;
}

/** Segments that wrappers of modules put into names, wherever the wrapped module stands. */
const WRAPPERS = ["module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"];
/**
 * A tensor's name without what data parallel and compiled modules put into it.
 *
 * @param name Name in a state dict.
 * @returns The name that the module itself gives.
 *
 * @example A compiled backbone within a data parallel model
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(unwrapName("module.backbone._orig_mod.fc.weight"), "backbone.fc.weight");
 * ```
 */
export function unwrapName(name: string): string {
  const kept = name.split(".").filter((segment) => !WRAPPERS.includes(segment));
  return kept.length === 0 ? name : kept.join(".");
}

/** Parameters found behind one beginning of names in one dictionary. */
export interface Candidate extends WeightsPlace {
  readonly dict: Names;
  readonly found: Map<string, NamedTensor & { readonly order: number }>;
}

/** A dictionary by unwrapped names. */
export class Names {
  readonly keys: readonly string[];
  readonly tensors = new Map<string, NamedTensor>();
  /** Names that two tensors have without their wrappers. */
  readonly twice = new Set<string>();

  constructor({ keys, tensors }: StateDict) {
    this.keys = keys;
    for (const [name, tensor] of tensors) {
      const bare = unwrapName(name);
      const known = this.tensors.get(bare);
      if (known !== undefined && known.tensor.place !== tensor.place) this.twice.add(bare);
      if (known === undefined || name === bare) this.tensors.set(bare, { name, tensor });
    }
  }
}

/** A parameter that goes by a name, which is that many places down its list of names. */
interface Named {
  readonly parameter: string;
  readonly order: number;
}

/** Finds parameters in dictionaries. */
export class CandidateFinder {
  readonly #request: WeightsQuery;
  readonly #byName = new Map<string, Named[]>();
  /** Length of the longest name of a parameter. */
  #longest = 0;

  /** @param request What is wanted. */
  constructor(request: WeightsQuery) {
    this.#request = request;
    for (const { name } of request.parameters) {
      for (const [order, alias] of this.#namesOf(name).entries()) {
        const named = this.#byName.get(alias) ?? [];
        named.push({ parameter: name, order });
        this.#byName.set(alias, named);
        this.#longest = Math.max(this.#longest, alias.length);
      }
    }
  }

  #namesOf(name: string): readonly string[] {
    return [name, ...this.#request.names?.(name) ?? []].map(unwrapName);
  }

  /** Every beginning of names in a dictionary behind which a parameter is. */
  candidates(dict: Names): Candidate[] {
    const byPrefix = new Map<string, Candidate>();
    for (const [name, tensor] of dict.tensors) {
      for (const at of this.#starts(name)) {
        for (const { parameter, order } of this.#byName.get(name.slice(at)) ?? []) {
          const prefix = name.slice(0, at);
          const candidate = byPrefix.get(prefix) ??
            { dict, keys: dict.keys, prefix: prefix.split(".").slice(0, -1), found: new Map() };
          byPrefix.set(prefix, candidate);
          const known = candidate.found.get(parameter);
          if (!known || order < known.order) candidate.found.set(parameter, { ...tensor, order });
        }
      }
    }
    return [...byPrefix.values()];
  }

  /** Where a parameter's name may begin in a tensor's: at its segments, as far as names are long. */
  *#starts(name: string): Generator<number> {
    if (name.length <= this.#longest) yield 0;
    for (let at = Math.max(0, name.length - this.#longest - 1);; at++) {
      at = name.indexOf(".", at);
      if (at < 0) return;
      yield at + 1;
    }
  }

  /** Parameters that a candidate lacks. */
  missing({ dict, prefix, found }: Candidate): WantedParameter[] {
    const { parameters, optional } = this.#request;
    const has = (name: string) => dict.tensors.has([...prefix, name].join("."));
    return parameters.filter(({ name }) => !found.has(name) && !optional?.(name, has));
  }

  /** Whether a candidate has every parameter, each by a tensor of its own. */
  isComplete(candidate: Candidate): boolean {
    const names = new Set([...candidate.found.values()].map(({ name }) => name));
    return names.size === candidate.found.size && this.missing(candidate).length === 0;
  }

  /** Whether all tensors have shapes that fit. */
  fits({ found }: Candidate): boolean {
    const { parameters, fits = (shape, own) => sameShape(shape, own.shape) } = this.#request;
    return parameters.every((parameter) => {
      const tensor = found.get(parameter.name)?.tensor;
      return tensor === undefined || fits(tensor.shape, parameter);
    });
  }

  /** Whether a parameter goes by a name. */
  knows(name: string): boolean {
    return this.#byName.has(name);
  }
}

/** Of candidates that are the same tensors under other names, the first one. */
export function distinct(candidates: readonly Candidate[]): Candidate[] {
  const known = new Map<string, Candidate>();
  for (const candidate of candidates) {
    const places = [...candidate.found].map(([name, { tensor }]) => `${name} ${tensor.place}`);
    const id = places.sort().join("\n");
    if (!known.has(id)) known.set(id, candidate);
  }
  return [...known.values()];
}
