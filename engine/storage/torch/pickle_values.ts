/**
 * The values that Python's pickle format and JavaScript do not share: floats that are whole,
 * tuples, ordered dictionaries; and the tree of everything that may stand in a PyTorch file.
 * @module
 */
import type { PickleGlobal } from "./pickle_reader.ts";
import type { LazyTensor, StoredTensor } from "../tensor_types.ts";

/** A number that Python reads as a float even if it is whole. */
export class PyFloat {
  /** @param value The number. */
  constructor(readonly value: number) {}
}

/** A Python tuple. */
export class PyTuple {
  /** @param items What it holds. */
  constructor(readonly items: readonly TorchValue[]) {}
}

/** A Python `collections.OrderedDict`, which is what PyTorch's state dicts are. */
export class OrderedDict extends Map<string | number, TorchValue> {}

/**
 * Everything that a PyTorch file may hold. Whole numbers are written as ints, other numbers as
 * floats; maps and plain objects as dicts, arrays as lists.
 */
export type TorchValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | StoredTensor
  | PyFloat
  | PyTuple
  | readonly TorchValue[]
  | ReadonlyMap<string | number, TorchValue>
  | { readonly [key: string]: TorchValue };

/** An object of a Python class that is neither a tensor nor a plain value. It was not built. */
export class OpaqueObject {
  /** @param name Module and name of the class, joined by a dot. */
  constructor(readonly name: string) {}
}

/**
 * What an open PyTorch file holds: plain values, tensors that are read when they are wanted, and
 * whatever else it names, unbuilt. Lists, tuples and sets are arrays.
 */
export type TorchTree =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | LazyTensor
  | OpaqueObject
  | PickleGlobal
  | readonly TorchTree[]
  | ReadonlyMap<unknown, TorchTree>;

/**
 * Tells a tensor of an open file from its other values.
 *
 * @param value Any value of the file.
 * @returns Whether it is a tensor.
 */
export function isLazyTensor(value: TorchTree | undefined): value is LazyTensor {
  return typeof value === "object" && value !== null && "kind" in value &&
    value.kind === "lazy_tensor";
}

/**
 * Marks a number as a Python float.
 *
 * @param value The number.
 * @returns Something that is written as a float even if it is whole.
 *
 * @example A learning rate of one
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(pyFloat(1).value, 1);
 * ```
 */
export function pyFloat(value: number): PyFloat {
  return new PyFloat(value);
}

/**
 * Makes a Python tuple.
 *
 * @param items What it holds.
 * @returns Something that is written as a tuple.
 *
 * @example The betas of Adam
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(pyTuple(0.9, 0.999).items, [0.9, 0.999]);
 * ```
 */
export function pyTuple(...items: readonly TorchValue[]): PyTuple {
  return new PyTuple(items);
}

/**
 * Tells tensors from other values.
 *
 * @param value Any value of a file.
 * @returns Whether it is a tensor.
 */
export function isTensor(value: TorchValue): value is StoredTensor {
  return typeof value === "object" && value !== null && "kind" in value &&
    value.kind === "tensor" && "data" in value && ArrayBuffer.isView(value.data);
}
