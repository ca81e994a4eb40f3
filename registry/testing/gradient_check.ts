/**
 * Compares the gradients of a graph with finite differences, both computed by the real runtime.
 * @module
 */
import { gradients } from "../../engine/autodiff/backward.ts";
import { add, mul } from "../../engine/ir/elementwise.ts";
import { input } from "../../engine/ir/create.ts";
import { formatShape, sizeOf } from "../../engine/ir/dims.ts";
import { reduceSum } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { Random } from "../../engine/random.ts";
import { Session, type Value } from "../../engine/runtime/session.ts";

/** A function given as a graph, and the point at which it is differentiated. */
export interface GradientPoint {
  /** Values of the function, `float32`. */
  readonly outputs: readonly Tensor[];
  /** Graph inputs by which it is differentiated, `float32`. */
  readonly wrt: readonly Tensor[];
  /** A value for every graph input, by name. Points at kinks have to be avoided here. */
  readonly feeds: Readonly<Record<string, Value>>;
}

/** How far along a graph input the function was followed, and what came of it. */
export interface Slope {
  /** Change of the function per step by the gradient. */
  readonly gradient: number;
  /** Change of the function per step as measured. */
  readonly measured: number;
  /** What rounding may add to the measured one. */
  readonly noise: number;
}

/** Steps of differences: one of them is small enough for curves and large enough for rounding. */
const STEPS = [1e-2, 2e-3, 5e-4];
/** Random directions that a tensor is moved in, besides that of its gradient. */
const DIRECTIONS = 3;
/** About eight roundings of float32, relative to what is summed up. */
const ROUNDING = 5e-7;

/**
 * The slopes of `Σ wᵢ yᵢ` over all values y of a function, for fixed weights w, so that every entry
 * of the Jacobian counts.
 */
export class Slopes implements AsyncDisposable {
  readonly #point: GradientPoint;
  readonly #forward: Session;
  readonly #weights: readonly Float32Array[];
  readonly #magnitude: number;
  /** The gradients by the graph's own rules, in the order of {@linkcode GradientPoint.wrt}. */
  readonly gradients: readonly Value[];
  /** The values of the function at the point, in the order of {@linkcode GradientPoint.outputs}. */
  readonly values: readonly Value[];

  private constructor(
    point: GradientPoint,
    forward: Session,
    parts: { weights: readonly Float32Array[]; values: readonly Value[]; gradients: Value[] },
  ) {
    this.#point = point;
    this.#forward = forward;
    this.#weights = parts.weights;
    this.values = parts.values;
    this.gradients = parts.gradients;
    const sizes = parts.values.map(({ data }, index) =>
      parts.weights[index].reduce((sum, w, i) => sum + Math.abs(w * Number(data[i])), 0)
    );
    this.#magnitude = sizes.reduce((a, b) => a + b, 0);
  }

  /**
   * Computes values and gradients at a point.
   * @param point The function and the point.
   */
  static async create(point: GradientPoint): Promise<Slopes> {
    const named = Object.fromEntries(
      point.outputs.map((tensor, index) => [`value_${index}`, tensor]),
    );
    const forward = await Session.create(named, { threads: 1 });
    const results = await forward.run(point.feeds);
    const values = point.outputs.map((_, index) => results[`value_${index}`]);
    const random = new Random(77);
    const weights = values.map(({ shape }) =>
      Float32Array.from({ length: sizeOf(shape) }, () => 2 * random.float() - 1)
    );
    const gradients = await analyticGradients(point, values, weights);
    return new Slopes(point, forward, { weights, values, gradients });
  }

  /**
   * Follows the function along one of the tensors.
   * @param index Which one, in the order of {@linkcode GradientPoint.wrt}.
   * @param direction Where to move it, entry by entry.
   * @param step How far, to both sides.
   */
  async along(index: number, direction: ArrayLike<number>, step: number): Promise<Slope> {
    const name = nameOf(this.#point.wrt[index]);
    const center = this.#point.feeds[name];
    const move = (by: number) =>
      Float32Array.from(center.data as Float32Array, (value, i) => value + by * direction[i]);
    const [right, left] = [move(step), move(-step)];
    const above = await this.#contract(name, { ...center, data: right });
    const below = await this.#contract(name, { ...center, data: left });
    const slopes = this.gradients[index].data as Float32Array;
    // Where the values really are, after rounding.
    const gradient = slopes.reduce((sum, slope, i) => sum + slope * (right[i] - left[i]), 0);
    return {
      gradient: gradient / (2 * step),
      measured: (above - below) / (2 * step),
      noise: ROUNDING * this.#magnitude / step,
    };
  }

  /** Frees the session. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#forward.release();
  }

  /** Σ wᵢ yᵢ in double precision, with another value for one input. */
  async #contract(name: string, value: Value): Promise<number> {
    const results = await this.#forward.run({ ...this.#point.feeds, [name]: value });
    let sum = 0;
    for (const [index, weights] of this.#weights.entries()) {
      const { data } = results[`value_${index}`];
      for (const [i, weight] of weights.entries()) sum += weight * Number(data[i]);
    }
    return sum;
  }
}

async function analyticGradients(
  { outputs, wrt, feeds }: GradientPoint,
  values: readonly Value[],
  weights: readonly Float32Array[],
): Promise<Value[]> {
  const inputs = outputs.map(({ shape }, index) => input(`weights_${index}`, "float32", shape));
  const loss = outputs.map((tensor, index) => reduceSum(mul(tensor, inputs[index])))
    .reduce((a, b) => add(a, b));
  const flowing = gradients(loss, wrt);
  const named = Object.fromEntries(flowing.map((tensor, index) => [`gradient_${index}`, tensor]));
  const session = await Session.create(named, { threads: 1 });
  const fed = Object.fromEntries(
    weights.map((
      data,
      index,
    ): [string, Value] => [`weights_${index}`, {
      dtype: "float32",
      shape: values[index].shape,
      data,
    }]),
  );
  const results = await session.run({ ...feeds, ...fed });
  await session.release();
  return wrt.map((_, index) => results[`gradient_${index}`]);
}

function nameOf({ node }: Tensor): string {
  if (node.op === "Input") return node.attributes.name;
  throw new TypeError(`Cannot move the result of ${node.op}: it is not a graph input`);
}

/**
 * Checks the gradients of a graph: along each gradient, along random directions, and along the
 * entry that counts most, the function must change as the gradient says.
 * @param point The function and the point.
 * @param options Largest difference, relative to the steepest slope of a tensor.
 * @returns The gradients, in the order of `wrt`.
 * @throws {Error} if a gradient differs.
 *
 * @example The gradient of x · tanh x
 * ```ts
 * import { input, mul, tanh } from "@glovita/glovita/engine";
 * import { checkGradients } from "@glovita/glovita/testing";
 *
 * const x = input("x", "float32", [3]);
 * const value = { dtype: "float32", shape: [3], data: Float32Array.of(-1, 0.5, 2) } as const;
 * await checkGradients({ outputs: [mul(x, tanh(x))], wrt: [x], feeds: { x: value } });
 * ```
 */
export async function checkGradients(
  point: GradientPoint,
  { tolerance = 5e-3 }: { readonly tolerance?: number } = {},
): Promise<readonly Value[]> {
  await using slopes = await Slopes.create(point);
  for (const [index, tensor] of point.wrt.entries()) {
    const { shape, data } = slopes.gradients[index];
    const directions = directionsOf(data as Float32Array);
    const measured: Slope[][] = [];
    for (const direction of directions) measured.push(await follow(slopes, index, direction));
    const steepest = Math.max(...measured.flat().map(({ measured }) => Math.abs(measured)));
    for (const tries of measured) {
      const fits = ({ gradient, measured, noise }: Slope) =>
        Math.abs(gradient - measured) <= tolerance * steepest + noise;
      if (tries.some(fits)) continue;
      const [{ gradient, measured }] = tries;
      throw new Error(
        `the gradient of ${JSON.stringify(nameOf(tensor))} ${formatShape(shape)} says ` +
          `${gradient.toPrecision(4)} where the difference is ${measured.toPrecision(4)}`,
      );
    }
  }
  return slopes.gradients;
}

async function follow(slopes: Slopes, index: number, direction: Float64Array): Promise<Slope[]> {
  const found: Slope[] = [];
  for (const step of STEPS) found.push(await slopes.along(index, direction, step));
  return found;
}

/** The gradient's own direction, its largest entry, and random ones, all of one length. */
function directionsOf(gradient: Float32Array): Float64Array[] {
  const random = new Random(5);
  const size = gradient.length;
  const normal = () => Float64Array.from({ length: size }, () => random.normal());
  const largest = new Float64Array(size);
  const at = gradient.reduce((best, value, i) => {
    return Math.abs(value) > Math.abs(gradient[best]) ? i : best;
  }, 0);
  if (size > 0) largest[at] = 1;
  const others = Array.from({ length: DIRECTIONS }, normal);
  const own = Float64Array.from(gradient);
  return [own, largest, ...others].map(ofLength(Math.min(4, Math.sqrt(size))));
}

function ofLength(length: number): (direction: Float64Array) => Float64Array {
  return (direction) => {
    const norm = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0));
    return norm > 0 ? direction.map((value) => value * length / norm) : direction;
  };
}
