/**
 * Scopes that note what layers were given: whether it is a parameter, a linear map or a part of a
 * model as it was asked for, or what somebody has put in its place.
 * @module
 */
import { input } from "../ir/create.ts";
import type { Tensor } from "../ir/node.ts";
import type { ForwardContext, Layer, Scope } from "./scope.ts";
import { namedLayer } from "./wrap_scope.ts";

/** A parameter that was asked for. */
export interface GivenParameter {
  /** Its full name. */
  readonly name: string;
  /** What was given. */
  readonly tensor: Tensor;
}

/** A linear map that was asked for. */
export interface GivenLinear {
  /** Its full name. */
  readonly name: string;
  /** Width of what comes in. */
  readonly inputs: number;
  /** Width of what goes out. */
  readonly outputs: number;
  /** What was given. */
  readonly layer: Layer;
}

/** A part of several layers that a scope was told of. */
export interface GivenPart {
  /** Its full name. */
  readonly name: string;
  /**
   * Whether something else takes its place.
   * @param context How it is built.
   */
  isReplaced(context: ForwardContext): boolean;
}

/** What layers were given by a scope and those below it. */
export interface ScopeRecord {
  /** Parameters but for those of linear maps. */
  readonly parameters: GivenParameter[];
  /** Linear maps. */
  readonly linears: GivenLinear[];
  /** Parts. */
  readonly parts: GivenPart[];
}

/** Makes an empty record. */
export function emptyRecord(): ScopeRecord {
  return { parameters: [], linears: [], parts: [] };
}

/**
 * A scope that gives what another one gives, and notes it.
 * @param scope The scope.
 * @param record Where it is noted.
 */
export function recordScope(scope: Scope, record: ScopeRecord): Scope {
  const nameOf = (name: string) => scope.path === "" ? name : `${scope.path}.${name}`;
  const noting: Partial<Scope> = {
    child: (name) => recordScope(scope.child(name), record),
    frozen: scope.frozen && (() => recordScope(scope.frozen!(), record)),
    parameter(name, shape, initializer) {
      const tensor = scope.parameter(name, shape, initializer);
      record.parameters.push({ name: nameOf(name), tensor });
      return tensor;
    },
    linear(name, inputs, outputs, options) {
      const layer = scope.linear(name, inputs, outputs, options);
      record.linears.push({ name: nameOf(name), inputs, outputs, layer });
      return layer;
    },
    layer(name, width, layer) {
      const watched = watch(layer);
      const given = namedLayer(scope, name, width, watched.layer);
      const isReplaced = (context: ForwardContext) => !watched.gives(given, width, context);
      record.parts.push({ name: nameOf(name), isReplaced });
      return given;
    },
  };
  // Whatever else a scope can do, it still can.
  return new Proxy(scope, {
    get(target, key) {
      if (Object.hasOwn(noting, key)) return Reflect.get(noting, key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Tokens of a made-up sample: one before four patches. */
const TOKENS = 5;

/** A layer of which one can tell whether another one gives just what it gives. */
function watch(layer: Layer) {
  const given: Tensor[] = [];
  return {
    layer(x: Tensor, context: ForwardContext): Tensor {
      const y = layer(x, context);
      given.push(y);
      return y;
    },
    gives(other: Layer, width: number, context: ForwardContext): boolean {
      const found = other(input("x", "float32", [1, TOKENS, width]), context);
      return given.some(({ node, output }) => found.node === node && found.output === output);
    },
  };
}
