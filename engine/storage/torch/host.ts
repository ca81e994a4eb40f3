/**
 * What a PyTorch file's pickle may build: tensors, ordered dicts, and a few plain values that
 * Python writes in roundabout ways. Everything else is refused by name.
 * @module
 */
import { DataError } from "../../errors.ts";
import { converter, type NumberFormat } from "../number_format.ts";
import { PickleError, PickleGlobal, type PickleHost } from "./pickle_reader.ts";
import { OrderedDict } from "./pickle_values.ts";
import {
  elementCount,
  findTensorType,
  type StoredTensor,
  TENSOR_TYPES,
  type TensorType,
} from "../tensor_types.ts";

/** Reads the bytes of a storage: its key, type and number of elements. */
export type ReadStorage = (key: string, dtype: TensorType, count: number) => Uint8Array;

/** Most elements that a view may have beyond those of its storage (`expand` repeats elements). */
const MAX_EXPANDED = 1 << 28;

/** The memory of tensors. */
class Storage {
  constructor(readonly dtype: TensorType, readonly count: number, readonly bytes: Uint8Array) {}
}

/** The type of a NumPy scalar. */
class NumpyType {
  littleEndian = true;
  constructor(readonly kind: string, readonly size: number) {}
}

function fail(state: string): never {
  throw new PickleError(state);
}

function asSizes(value: unknown, what: string): number[] {
  const valid = Array.isArray(value) &&
    value.every((size) => Number.isSafeInteger(size) && size >= 0);
  return valid ? value : fail(`${what} of a tensor is no list of sizes`);
}

/** Copies a strided view element by element into row-major order. */
function gather(
  storage: Storage,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array {
  const { size } = TENSOR_TYPES[storage.dtype].format;
  const count = elementCount(shape);
  if (count > storage.count + MAX_EXPANDED) fail("a tensor is far larger than its storage");
  const source = storage.bytes;
  const target = new Uint8Array(count * size);
  const index = shape.map(() => 0);
  let from = offset;
  for (let to = 0; to < count; to++) {
    for (let byte = 0; byte < size; byte++) target[to * size + byte] = source[from * size + byte];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= shape[axis] * strides[axis];
      index[axis] = 0;
    }
  }
  return target;
}

/** `torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, …)`. */
function rebuildTensor(args: readonly unknown[]): StoredTensor {
  const [storage, offset] = args;
  if (!(storage instanceof Storage)) fail("a tensor has no storage");
  const [start] = asSizes([offset], "the offset");
  const shape = asSizes(args[2], "the shape");
  const strides = asSizes(args[3], "the strides");
  if (shape.length !== strides.length) fail("a tensor has not as many strides as dimensions");
  const { dtype } = storage;
  const { size } = TENSOR_TYPES[dtype].format;
  const count = elementCount(shape);
  const last = shape.reduce((at, length, axis) => at + (length - 1) * strides[axis], start);
  if (count > 0 && last >= storage.count) fail("a tensor reaches beyond its storage");
  let dense = 1;
  const contiguous = shape.toReversed().every((length, i) => {
    const fits = length === 1 || strides[shape.length - 1 - i] === dense;
    dense *= length;
    return fits;
  });
  const data = contiguous || count === 0
    ? storage.bytes.subarray(start * size, (start + count) * size)
    : gather(storage, start, shape, strides);
  return { kind: "tensor", dtype, shape, data };
}

/** `numpy.dtype("f8", False, True)`. */
function numpyType([name]: readonly unknown[]): NumpyType {
  const match = typeof name === "string" ? /^([fiub])([1248])$/.exec(name) : null;
  return match ? new NumpyType(match[1], Number(match[2])) : fail("a NumPy type is unknown");
}

/** `numpy.core.multiarray.scalar(dtype, bytes)`. */
function numpyScalar([type, bytes]: readonly unknown[]): number | boolean {
  if (!(type instanceof NumpyType) || !(bytes instanceof Uint8Array)) fail("a NumPy scalar is odd");
  const kind = ({ f: "float", i: "signed" } as const)[type.kind] ?? "unsigned";
  const format = { kind, size: type.size, littleEndian: type.littleEndian } as NumberFormat;
  if (bytes.length !== type.size) fail("a NumPy scalar is cut off");
  const target = new Float64Array(1);
  converter(format)(bytes.slice(), target, 0);
  return type.kind === "b" ? target[0] !== 0 : target[0];
}

/** `_codecs.encode(text, "latin1")`, which is how protocol 2 spells bytes. */
function encodeLatin1([text, encoding]: readonly unknown[]): Uint8Array {
  if (typeof text !== "string" || encoding !== "latin1") {
    fail("bytes are spelled in an unknown way");
  }
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function orderedDict([items]: readonly unknown[]): OrderedDict {
  const dict = new OrderedDict();
  if (items === undefined) return dict;
  if (!Array.isArray(items)) fail("an OrderedDict is made of something odd");
  for (const item of items) {
    if (!Array.isArray(item) || item.length !== 2) fail("an OrderedDict is made of something odd");
    dict.set(item[0], item[1]);
  }
  return dict;
}

function asList([items]: readonly unknown[]): unknown[] {
  if (items === undefined) return [];
  return Array.isArray(items) ? items : fail("a list is made of something odd");
}

/** Everything that may be called. */
const CALLABLES: { readonly [name: string]: ((args: readonly unknown[]) => unknown) | undefined } =
  {
    "collections.OrderedDict": orderedDict,
    "torch._utils._rebuild_tensor_v2": rebuildTensor,
    "torch._utils._rebuild_parameter": ([tensor]) => tensor,
    "torch._utils._rebuild_parameter_with_state": ([tensor]) => tensor,
    "torch.Size": asList,
    "torch.device": (args) => args.join(":"),
    "numpy.dtype": numpyType,
    "numpy.core.multiarray.scalar": numpyScalar,
    "numpy._core.multiarray.scalar": numpyScalar,
    "_codecs.encode": encodeLatin1,
    "builtins.set": asList,
    "__builtin__.set": asList,
  };

/** The element type that a storage class or a `torch` type is named after. */
function typeNamed(name: string): TensorType | undefined {
  const [, own] = /^torch\.(?:storage\.)?(\w+)$/.exec(name) ?? [];
  if (own === undefined) return undefined;
  return findTensorType((info) => info.storage === own) ??
    (Object.hasOwn(TENSOR_TYPES, own) ? own as TensorType : undefined);
}

/** Builds the values of one file. */
export class TorchHost implements PickleHost {
  readonly #path: string;
  readonly #readStorage: ReadStorage;

  /**
   * @param path The file, for messages.
   * @param readStorage Reads storages of the same archive.
   */
  constructor(path: string, readStorage: ReadStorage) {
    this.#path = path;
    this.#readStorage = readStorage;
  }

  /**
   * Admits a name or refuses it.
   *
   * @param name Module and name, joined by a dot.
   * @returns The name; for an element type (`torch.float32`) a string, which is a plain value.
   * @throws {DataError} if it stands for neither tensors nor plain values.
   */
  global(name: string): PickleGlobal | string {
    if (name.startsWith("torch.") && Object.hasOwn(TENSOR_TYPES, name.slice(6))) return name;
    if (Object.hasOwn(CALLABLES, name) || typeNamed(name)) return new PickleGlobal(name);
    throw new DataError(
      `Cannot read "${this.#path}": it contains "${name}", which is not a tensor or plain value`,
      { file: this.#path },
    );
  }

  /**
   * Calls one of the known functions.
   *
   * @param callable A name that `global` has admitted.
   * @param args Its arguments.
   * @returns The value.
   */
  reduce(callable: unknown, args: readonly unknown[]): unknown {
    if (!(callable instanceof PickleGlobal)) fail("something that is no function is called");
    const call = Object.hasOwn(CALLABLES, callable.name) ? CALLABLES[callable.name] : undefined;
    if (!call) fail(`"${callable.name}" is called`);
    return call(args);
  }

  /**
   * Takes the state of a NumPy type; PyTorch's metadata on ordered dicts is not needed.
   *
   * @param target What the state is for.
   * @param state The state.
   */
  build(target: unknown, state: unknown): void {
    if (target instanceof NumpyType && Array.isArray(state)) {
      target.littleEndian = state[1] !== ">";
    } else if (!(target instanceof OrderedDict)) {
      fail("state is given to something that takes none");
    }
  }

  /**
   * Finds a storage.
   *
   * @param id `("storage", class, key, location, count)`.
   * @returns The storage.
   */
  persistent(id: unknown): Storage {
    if (!Array.isArray(id) || id[0] !== "storage") fail("something outside is no storage");
    const [, type, key, , count] = id;
    const dtype = type instanceof PickleGlobal ? typeNamed(type.name) : undefined;
    if (dtype === undefined || typeof key !== "string" || !Number.isSafeInteger(count)) {
      fail("a storage is described in an unknown way");
    }
    return new Storage(dtype, count, this.#readStorage(key, dtype, count));
  }
}
