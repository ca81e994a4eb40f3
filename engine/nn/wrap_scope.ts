/**
 * Scopes around scopes: what methods of parameter-efficient fine-tuning hand to layers. A wrapped
 * scope decides parameter by parameter what trains, and puts its own tensors and layers in the place
 * of those that a layer asks for.
 * @module
 */
import type { Tensor } from "../ir/node.ts";
import { type Initializer, torchDefault } from "./initializers.ts";
import { frozen, type Layer, linear, type LinearOptions, type Scope } from "./scope.ts";

/**
 * A parameter that a layer asked a wrapped scope for.
 * @category Parameters and layers
 */
export interface WrappedParameter {
  /** Its name within the scope that was wrapped, for example `blocks.0.norm1.weight`. */
  readonly name: string;
  /** The graph input that holds it. */
  readonly tensor: Tensor;
  /** Its place: what is declared here besides it trains, unless the scope was frozen. */
  readonly scope: Scope;
}

/**
 * A linear map that a layer asked a wrapped scope for.
 * @category Parameters and layers
 */
export interface WrappedLinear {
  /** Its name within the scope that was wrapped, for example `blocks.0.attn.qkv`. */
  readonly name: string;
  /** Width of what comes in. */
  readonly inputs: number;
  /** Width of what goes out. */
  readonly outputs: number;
  /** Its weight `[outputs, inputs]`. */
  readonly weight: Tensor;
  /** The values that the weight starts from. */
  readonly weightInitializer: Initializer;
  /** Its bias `[outputs]`, if any. */
  readonly bias?: Tensor;
  /** The map itself, `x Wᵀ + b`. */
  readonly base: Layer;
  /** Its place: what is declared here besides weight and bias trains, unless the scope was frozen. */
  readonly scope: Scope;
}

/**
 * A part of several layers that a wrapped scope was told of, for example a block of a transformer, or
 * the network of a block with its norm and scale.
 * @category Parameters and layers
 */
export interface WrappedLayer {
  /** Its name within the scope that was wrapped, for example `blocks.0.mlp_branch`. */
  readonly name: string;
  /** Width of what comes in and goes out. */
  readonly width: number;
  /** The part itself. */
  readonly base: Layer;
}

/**
 * What a wrapped scope does otherwise; what is absent stays as it is.
 * @category Parameters and layers
 */
export interface ScopeHooks {
  /**
   * Whether a parameter trains, where it did before.
   * @param name Its name within the scope that was wrapped.
   */
  readonly trains?: (name: string) => boolean;
  /**
   * What a layer gets for a parameter. Weights and biases of linear maps go to `linear` alone.
   * @param parameter The parameter.
   */
  readonly parameter?: (parameter: WrappedParameter) => Tensor;
  /**
   * What a layer gets for a linear map.
   * @param layer The map.
   */
  readonly linear?: (layer: WrappedLinear) => Layer;
  /**
   * What takes the place of a part of several layers. Transformers tell of each block, `blocks.0`,
   * which takes and gives `[batch, tokens, width]` with any number of tokens; blocks tell of their
   * network with its norm, scale and drop path, `blocks.0.mlp_branch`, to whose result they add its
   * input.
   * @param layer The part.
   */
  readonly layer?: (layer: WrappedLayer) => Layer;
}

/**
 * Tells a scope of a part of several layers, which it may replace.
 * @param scope Where the part's parameters stand.
 * @param name Name of the part.
 * @param width Width of what comes in and goes out.
 * @param layer The part.
 * @returns The part, or what takes its place.
 *
 * @example A scope that replaces nothing
 * ```ts
 * import { type Layer, namedLayer, Parameters } from "@glovita/glovita/nn";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const layer: Layer = (x) => x;
 * assertStrictEquals(namedLayer(new Parameters().scope(), "mlp_branch", 8, layer), layer);
 * ```
 *
 * @category Parameters and layers
 */
export function namedLayer(scope: Scope, name: string, width: number, layer: Layer): Layer {
  return scope.layer?.(name, width, layer) ?? layer;
}

/**
 * Wraps a scope and everything below it.
 * @param scope The scope.
 * @param hooks What it does otherwise.
 *
 * @example Frozen layers whose outputs are scaled by what trains
 * ```ts
 * import { mul } from "@glovita/glovita/engine";
 * import { ones, Parameters, wrapScope } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * const scope = wrapScope(parameters.scope(), {
 *   trains: () => false,
 *   linear({ outputs, base, scope }) {
 *     const scale = scope.parameter("scale", [outputs], ones);
 *     return (x, context) => mul(base(x, context), scale);
 *   },
 * });
 * scope.child("blocks.0").linear("fc", 4, 2);
 * assertEquals(parameters.list().map(({ name, trainable }) => [name, trainable]), [
 *   ["blocks.0.fc.weight", false],
 *   ["blocks.0.fc.bias", false],
 *   ["blocks.0.fc.scale", true],
 * ]);
 * ```
 *
 * @category Parameters and layers
 */
export function wrapScope(scope: Scope, hooks: ScopeHooks): Scope {
  return wrapped(scope, { root: scope.path, hooks });
}

interface Wrapping {
  readonly root: string;
  readonly hooks: ScopeHooks;
}

function wrapped(place: Scope, wrapping: Wrapping): Scope {
  const { root, hooks } = wrapping;
  const nameOf = (name: string) => within(root, place.path === "" ? name : `${place.path}.${name}`);
  const trains = (name: string) => hooks.trains?.(nameOf(name)) ?? true;
  return {
    path: place.path,
    // A norm in training normalises as it does in evaluation where nothing of it trains.
    trainable: place.trainable && ["weight", "bias"].some(trains),
    child: (name) => wrapped(place.child(name), wrapping),
    frozen: () => wrapped(frozen(place), wrapping),
    layer(name, width, layer) {
      const base = namedLayer(place, name, width, layer);
      return hooks.layer?.({ name: nameOf(name), width, base }) ?? base;
    },
    parameter(name, shape, initializer) {
      const tensor = (trains(name) ? place : frozen(place)).parameter(name, shape, initializer);
      return hooks.parameter?.({ name: nameOf(name), tensor, scope: place }) ?? tensor;
    },
    linear(name, inputs, outputs, options = {}) {
      const scope = place.child(name);
      const plain = wrapped(scope, { root, hooks: { trains: hooks.trains } });
      const declared = declareLinear(plain, inputs, outputs, options);
      const base: Layer = (x) => linear(x, declared.weight, declared.bias);
      return hooks.linear?.({ name: nameOf(name), inputs, outputs, ...declared, base, scope }) ??
        base;
    },
  };
}

function declareLinear(scope: Scope, inputs: number, outputs: number, options: LinearOptions) {
  const { weightInitializer = torchDefault(inputs), biasInitializer = torchDefault(inputs) } =
    options;
  const weight = scope.parameter("weight", [outputs, inputs], weightInitializer);
  const bias = options.bias ?? true
    ? scope.parameter("bias", [outputs], biasInitializer)
    : undefined;
  return { weight, weightInitializer, bias };
}

/** A name below a place, as it is called there. */
function within(root: string, name: string): string {
  return root === "" ? name : name.slice(root.length + 1);
}
