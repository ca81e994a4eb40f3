/** What methods share that rotate what linear layers get, in blocks. */
import { constant } from "../../engine/ir/create.ts";
import { add, cast, detach, div, mul, neg, sub } from "../../engine/ir/elementwise.ts";
import { gather, topK } from "../../engine/ir/indexing.ts";
import { concat, reshape, transpose } from "../../engine/ir/layout.ts";
import { greater } from "../../engine/ir/logic.ts";
import { matMul, reduceMin, reduceSumSquare } from "../../engine/ir/matrix.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import type { ForwardContext } from "../../engine/nn/scope.ts";

/** Newton's steps to an inverse: enough for rotations by up to 177°. */
const NEWTON_STEPS = 14;

/**
 * Skew matrices of which the entries above the diagonal are given, row by row.
 * @param entries `[blocks, size (size - 1) / 2]`.
 * @param size Rows and columns of a matrix.
 * @returns `[blocks, size, size]`.
 *
 * @example Two rows and columns
 * ```ts
 * import { constant, evaluate } from "@glovita/glovita/engine";
 * import { skewMatrices } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(skewMatrices(constant([3], [1, 1]), 2));
 * assertEquals([...data], [0, 3, -3, 0]);
 * ```
 *
 * @category Parts of PEFT methods
 */
export function skewMatrices(entries: Tensor, size: number): Tensor {
  const blocks = Number(entries.shape[0]);
  const count = size * (size - 1) / 2;
  // A column of zeros for the diagonal, the entries above it, the negative ones below.
  const columns = concat(
    [constant(new Float32Array(blocks), [blocks, 1]), entries, neg(entries)],
    1,
  );
  const above = (row: number, column: number) =>
    1 + row * size - row * (row + 1) / 2 + column - row - 1;
  const places = Array.from({ length: size * size }, (_, i) => {
    const [row, column] = [Math.floor(i / size), i % size];
    if (row === column) return 0;
    return row < column ? above(row, column) : count + above(column, row);
  });
  const chosen = gather(columns, constant(places, [places.length], "int64"), 1);
  return reshape(chosen, [blocks, size, size]);
}

/**
 * Rotations by Cayley's transform of skew matrices, `(I - Q) (I + Q)⁻¹`.
 * @param skew `[blocks, size, size]`.
 * @returns Rotations of the same shape.
 *
 * @example A right angle
 * ```ts
 * import { constant, evaluate } from "@glovita/glovita/engine";
 * import { cayley } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(cayley(constant([0, 1, -1, 0], [1, 2, 2])));
 * assertEquals([...data].map((value) => Math.round(Number(value)) + 0), [0, -1, 1, 0]);
 * ```
 *
 * @category Parts of PEFT methods
 */
export function cayley(skew: Tensor): Tensor {
  const size = Number(skew.shape.at(-1));
  const one = identity(size);
  const matrix = add(one, skew);
  const fixed = detach(matrix);
  // (I + Q) (I + Q)ᵀ = I - Q² has eigenvalues from 1 to 1 + θ², and 2 θ² is at most ‖Q‖².
  const square = reduceSumSquare(detach(skew), { axes: [1, 2], keepdims: true });
  let inverse = mul(transpose(fixed, [0, 2, 1]), div(2, add(mul(square, 0.5), 2)));
  for (let step = 0; step < NEWTON_STEPS; step++) inverse = refined(inverse, fixed, one);
  // The gradient of this last step, alone, is that of the inverse.
  return sub(mul(refined(inverse, matrix, one), 2), one);
}

/** One of Newton's steps to the inverse of a matrix. */
function refined(inverse: Tensor, matrix: Tensor, one: Tensor): Tensor {
  return matMul(inverse, sub(mul(one, 2), matMul(matrix, inverse)));
}

/**
 * Cayley's transform by the first terms of its series: `I + 2Q + 2Q² + 2Q³ + Q⁴`.
 * @param skew `[blocks, size, size]`.
 * @returns Near-rotations of the same shape.
 *
 * @example No rotation
 * ```ts
 * import { constant, evaluate } from "@glovita/glovita/engine";
 * import { cayleyNeumann } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const { data } = await evaluate(cayleyNeumann(constant([0, 0, 0, 0], [1, 2, 2])));
 * assertEquals([...data], [1, 0, 0, 1]);
 * ```
 *
 * @category Parts of PEFT methods
 */
export function cayleyNeumann(skew: Tensor): Tensor {
  const square = matMul(skew, skew);
  const cube = matMul(square, skew);
  const terms = [mul(skew, 2), mul(square, 2), mul(cube, 2), matMul(cube, skew)];
  return terms.reduce((sum, term) => add(sum, term), identity(Number(skew.shape.at(-1))));
}

/**
 * The weight of a layer that gets rotated inputs: `W R`ᵀ, block by block.
 * @param weight `[outputs, inputs]`.
 * @param rotations `[blocks, size, size]` for all inputs; a row of inputs is multiplied by its
 *   block from the right.
 *
 * @example Two inputs that are exchanged
 * ```ts
 * import { constant, evaluate } from "@glovita/glovita/engine";
 * import { rotateInputs } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const weight = constant([5, 7], [1, 2]);
 * const { data } = await evaluate(rotateInputs(weight, constant([0, 1, 1, 0], [1, 2, 2])));
 * assertEquals([...data], [7, 5]);
 * ```
 *
 * @category Parts of PEFT methods
 */
export function rotateInputs(weight: Tensor, rotations: Tensor): Tensor {
  const [outputs, inputs] = weight.shape.map(Number);
  const [blocks, size] = rotations.shape.map(Number);
  const columns = transpose(reshape(weight, [outputs, blocks, size]), [1, 0, 2]);
  const rotated = matMul(columns, transpose(rotations, [0, 2, 1])); // [blocks, outputs, size]
  return reshape(transpose(rotated, [1, 0, 2]), [outputs, inputs]);
}

/**
 * Replaces a share of rotations, chosen at random, by none: multiplicative dropout.
 * @param rotations `[blocks, size, size]`; a single one stays.
 * @param rate The share; the number of blocks is rounded down.
 * @param context Mode and random numbers; only training drops.
 *
 * @example Nothing is dropped in evaluation
 * ```ts
 * import { constant, scalar } from "@glovita/glovita/engine";
 * import { RandomStream } from "@glovita/glovita/nn";
 * import { dropRotations } from "@glovita/glovita/parts";
 * import { assertStrictEquals } from "@std/assert";
 *
 * const rotations = constant([0, 1, 1, 0], [1, 2, 2]);
 * const random = new RandomStream(scalar(1, "uint32"));
 * assertStrictEquals(dropRotations(rotations, 0.5, { training: false, random }), rotations);
 * ```
 *
 * @category Parts of PEFT methods
 */
export function dropRotations(
  rotations: Tensor,
  rate: number,
  { training, random }: ForwardContext,
): Tensor {
  const [blocks, size] = rotations.shape.map(Number);
  const count = Math.floor(rate * blocks);
  if (!training || count === 0 || blocks === 1) return rotations;
  const drawn = random.uniform(constant(new Float32Array(blocks), [blocks]));
  const border = reduceMin(topK(drawn, blocks - count).values);
  const dropped = reshape(cast(greater(border, drawn), "float32"), [blocks, 1, 1]);
  const kept = mul(rotations, sub(1, dropped));
  return add(kept, mul(identity(size), dropped));
}

function identity(size: number): Tensor {
  const values = new Float32Array(size * size);
  for (let i = 0; i < size; i++) values[i * size + i] = 1;
  return constant(values, [1, size, size]);
}
