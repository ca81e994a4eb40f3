/**
 * Scopes: where layers ask for parameters, under PyTorch's names. A method of parameter-efficient
 * fine-tuning works by handing layers another scope (frozen, or with wrapped linear maps), never by
 * changing the layers.
 * @module
 */
import { input } from "../ir/create.ts";
import type { Tensor } from "../ir/node.ts";
import { gemm } from "../ir/matrix.ts";
import { reshape } from "../ir/layout.ts";
import { flatSize } from "../ir/dims.ts";
import { currentPart, inPart } from "../ir/part.ts";
import { type Initializer, torchDefault } from "./initializers.ts";
import type { RandomStream } from "./random.ts";

/**
 * How a graph is being built.
 * @category Parameters and layers
 */
export interface ForwardContext {
  /** Whether dropout and other noise act. */
  readonly training: boolean;
  /** Random numbers of the step; only training may draw from it. */
  readonly random: RandomStream;
  /**
   * About how many rows of features a batch has: a layer over many rows may then work through them
   * in blocks that stay in the cache. Any batch gets the same numbers, to rounding. @default {0}
   */
  readonly expectedRows?: number;
  /**
   * Takes the next value of a parameter that the forward pass updates instead of the optimizer, such
   * as a running mean; absent where nothing is updated.
   * @param parameter The graph input that holds it.
   * @param next Its value after this batch.
   */
  readonly update?: (parameter: Tensor, next: Tensor) => void;
}

/**
 * A learnable or fixed tensor of a model.
 * @category Parameters and layers
 */
export interface Parameter {
  /** Name in the state dict. */
  readonly name: string;
  /** Shape. */
  readonly shape: readonly number[];
  /** Whether the optimizer updates it. */
  readonly trainable: boolean;
  /** Its initial values. */
  readonly initializer: Initializer;
  /** The graph input that holds it. */
  readonly tensor: Tensor;
}

/**
 * A layer without state of its own: parameters are graph inputs.
 * @category Parameters and layers
 */
export type Layer = (x: Tensor, context: ForwardContext) => Tensor;

/**
 * Options of {@linkcode Scope.linear}.
 * @category Parameters and layers
 */
export interface LinearOptions {
  /** Whether there is a bias. @default {true} */
  readonly bias?: boolean;
  /** Initial weight. @default {torchDefault} */
  readonly weightInitializer?: Initializer;
  /** Initial bias. @default {torchDefault} */
  readonly biasInitializer?: Initializer;
}

/**
 * A place in the tree of a model's parameters.
 * @category Parameters and layers
 */
export interface Scope {
  /** Path of this place, for example `encoder.model.blocks.0`; empty at the root. */
  readonly path: string;
  /** Whether parameters that are declared here train. */
  readonly trainable: boolean;
  /**
   * A place below this one.
   * @param name One or several name parts, joined by dots.
   */
  child(name: string): Scope;
  /**
   * Declares a parameter.
   * @param name Last part of its name.
   * @param shape Shape.
   * @param initializer Initial values.
   * @returns The graph input that holds it.
   * @throws {TypeError} if the name is taken, or the shape is not one of sizes.
   */
  parameter(name: string, shape: readonly number[], initializer: Initializer): Tensor;
  /**
   * Declares the linear map `x Wᵀ + b` over the last axis, with parameters `name.weight`
   * `[outputs, inputs]` and `name.bias` `[outputs]` (`torch.nn.Linear`).
   * @param name Name of the layer.
   * @param inputs Width of what comes in.
   * @param outputs Width of what goes out.
   * @param options Bias and initial values.
   */
  linear(name: string, inputs: number, outputs: number, options?: LinearOptions): Layer;
  /**
   * Told of a part of a model that is made of several layers and may be replaced; absent where it is
   * taken as it is. Ask for it by `namedLayer()`.
   * @param name Name of the part, for example `blocks.0` or `mlp_branch`.
   * @param width Width of what comes in and goes out.
   * @param layer The part.
   * @returns What takes its place.
   */
  layer?(name: string, width: number, layer: Layer): Layer;
  /** The same place, with parameters that do not train; absent where a scope cannot be frozen. */
  frozen?(): Scope;
}

/**
 * All parameters of a model, in the order of their declaration.
 *
 * @example The names of a layer
 * ```ts
 * import { Parameters } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * parameters.scope().child("head").linear("fc", 4, 2);
 * assertEquals(parameters.list().map(({ name, shape }) => [name, shape]), [
 *   ["head.fc.weight", [2, 4]],
 *   ["head.fc.bias", [2]],
 * ]);
 * ```
 *
 * @category Parameters and layers
 */
export class Parameters {
  readonly #all = new Map<string, Parameter>();

  /**
   * The root scope: parameters declared in it train.
   * @param part What the part is called that declares parameters in it, where it is not the
   *   engine's own.
   */
  scope(part?: string): Scope {
    return new ParameterScope(this, "", { trainable: true, part });
  }

  /**
   * Adds a parameter.
   * @param parameter The parameter.
   * @throws {TypeError} if the name is taken.
   */
  add(parameter: Parameter): void {
    if (this.#all.has(parameter.name)) {
      throw new TypeError(`Cannot declare parameter "${parameter.name}": the name is taken`);
    }
    this.#all.set(parameter.name, parameter);
  }

  /** All parameters in the order of their declaration. */
  list(): readonly Parameter[] {
    return [...this.#all.values()];
  }
}

/** What the parameters of a scope have in common. */
interface ScopeOptions {
  readonly trainable: boolean;
  readonly part?: string;
}

class ParameterScope implements Scope {
  readonly #parameters: Parameters;
  readonly #options: ScopeOptions;
  readonly path: string;
  readonly trainable: boolean;

  constructor(parameters: Parameters, path: string, options: ScopeOptions) {
    this.#parameters = parameters;
    this.path = path;
    this.#options = options;
    this.trainable = options.trainable;
  }

  child(name: string): Scope {
    return new ParameterScope(this.#parameters, join(this.path, name), this.#options);
  }

  frozen(): Scope {
    return new ParameterScope(this.#parameters, this.path, { ...this.#options, trainable: false });
  }

  parameter(name: string, shape: readonly number[], initializer: Initializer): Tensor {
    const full = join(this.path, name);
    const { trainable, part } = this.#options;
    if (!shape.every(Number.isInteger)) {
      const found = shape.map(String).join(", ");
      throw new TypeError(
        `Cannot declare parameter "${full}": its shape is [${found}], expected whole numbers`,
      );
    }
    const tensor = inPart(currentPart() ?? part, () => input(full, "float32", shape));
    this.#parameters.add({ name: full, shape, trainable, initializer, tensor });
    return tensor;
  }

  linear(name: string, inputs: number, outputs: number, options: LinearOptions = {}): Layer {
    const { weightInitializer = torchDefault(inputs), biasInitializer = torchDefault(inputs) } =
      options;
    const scope = this.child(name);
    const weight = scope.parameter("weight", [outputs, inputs], weightInitializer);
    const bias = options.bias ?? true
      ? scope.parameter("bias", [outputs], biasInitializer)
      : undefined;
    return (x) => linear(x, weight, bias);
  }
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/**
 * The same place, with parameters that do not train.
 * @param scope A scope made by {@linkcode Parameters.scope} or `wrapScope()`.
 * @throws {TypeError} if the scope cannot be frozen.
 *
 * @example An encoder that does not train
 * ```ts
 * import { frozen, Parameters } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const parameters = new Parameters();
 * frozen(parameters.scope()).linear("fc", 4, 2);
 * assertEquals(parameters.list().map(({ trainable }) => trainable), [false, false]);
 * ```
 *
 * @category Parameters and layers
 */
export function frozen(scope: Scope): Scope {
  const fixed = scope.frozen?.();
  if (fixed !== undefined) return fixed;
  throw new TypeError(`Cannot freeze scope "${scope.path}": it has no method frozen()`);
}

/**
 * `x Wᵀ + b` over the last axis (`torch.nn.functional.linear`), as one Gemm.
 * @param x `[…, inputs]`.
 * @param weight `[outputs, inputs]`.
 * @param bias `[outputs]`, or what else to add, of the shape of the result.
 *
 * @example One output
 * ```ts
 * import { constant, evaluate } from "@glovita/glovita/engine";
 * import { linear } from "@glovita/glovita/nn";
 * import { assertEquals } from "@std/assert";
 *
 * const [weight, bias] = [constant([3, 4], [1, 2]), constant([10])];
 * const { data } = await evaluate(linear(constant([1, 2], [1, 2]), weight, bias));
 * assertEquals([...data], [21]);
 * ```
 *
 * @category Parameters and layers
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  const leading = x.shape.slice(0, -1);
  if (leading.length === 1) return gemm(x, weight, { c: bias, transB: true });
  if (leading.length === 0) {
    return reshape(linear(reshape(x, [1, ...x.shape]), weight, bias), [weight.shape[0]]);
  }
  const asRows = (y: Tensor) => reshape(y, [flatSize(leading), y.shape.at(-1)!]);
  const c = bias && bias.shape.length > 1 ? asRows(bias) : bias;
  const flat = gemm(asRows(x), weight, { c, transB: true });
  return reshape(flat, [...leading, weight.shape[0]], x);
}
