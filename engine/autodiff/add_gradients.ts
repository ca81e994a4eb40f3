/**
 * Adding what flows back to a tensor from several of its users.
 * @module
 */
import { applyOne, int64s } from "../ir/create.ts";
import { add } from "../ir/elementwise.ts";
import { concat } from "../ir/layout.ts";
import type { Tensor } from "../ir/node.ts";
import { knownIntegers } from "./layout_gradients.ts";

/** A tensor with zeros before and after it along one axis: the gradient of a slice. */
interface Padded {
  readonly inner: Tensor;
  readonly axis: number;
  readonly before: number;
  readonly after: number;
}

/**
 * Adds two gradients of one tensor. Those of slices that lie side by side are joined instead: the
 * queries, keys and values of attention cost one copy, not three paddings and two sums.
 * @param a One gradient.
 * @param b The other, of the same shape.
 */
export function addGradients(a: Tensor, b: Tensor): Tensor {
  const [first, second] = [paddedBy(a), paddedBy(b)];
  if (first === undefined || second === undefined || first.axis !== second.axis) return add(a, b);
  return join(first, second, a) ?? join(second, first, a) ?? add(a, b);
}

function paddedBy({ node, shape }: Tensor): Padded | undefined {
  if (node.op !== "Pad") return undefined;
  const [inner, pads] = node.inputs as readonly [Tensor, Tensor];
  const known = knownIntegers(pads);
  if (known === undefined || known.some((size) => size < 0)) return undefined;
  const [before, after] = [known.slice(0, shape.length), known.slice(shape.length)];
  const axes = shape.map((_, axis) => axis).filter((axis) => before[axis] + after[axis] > 0);
  const [axis] = axes;
  return axes.length === 1 ? { inner, axis, before: before[axis], after: after[axis] } : undefined;
}

/** The sum, if `second` begins where `first` ends. */
function join(first: Padded, second: Padded, { shape }: Tensor): Tensor | undefined {
  const { axis } = first;
  if (first.before + Number(first.inner.shape[axis]) !== second.before) return undefined;
  const joined = concat([...partsOf(first), ...partsOf(second)], axis);
  if (first.before + second.after === 0) return joined;
  const pads = Array<number>(2 * shape.length).fill(0);
  pads[axis] = first.before;
  pads[shape.length + axis] = second.after;
  return applyOne("Pad", [joined, int64s(pads)], { shape });
}

/** What was joined already is joined anew, so that nothing is copied twice. */
function partsOf({ inner, axis }: Padded): readonly Tensor[] {
  const { node } = inner;
  return node.op === "Concat" && node.attributes.axis === axis
    ? node.inputs as readonly Tensor[]
    : [inner];
}
