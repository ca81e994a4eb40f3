/**
 * What the names in a PyTorch file's pickle stand for: tensors, which are made as views that read
 * when they are wanted, ordered dicts, and a few plain values that Python writes in roundabout
 * ways. Whatever else a file names is passed over unbuilt.
 * @module
 */
import { findTensorType, type LazyTensor, TENSOR_TYPES, type TensorType } from "../tensor_types.ts";
import { PickleError, PickleGlobal, type PickleHost } from "./pickle_reader.ts";
import { OpaqueObject } from "./pickle_values.ts";
import {
  type Args,
  CALLABLES,
  dtypeName,
  NumpyType,
  type TensorMaker,
  type TensorOptions,
} from "./_callables.ts";
import {
  asSizes,
  type StorageSource,
  type TensorStorage,
  UnreadableTensor,
  viewStorage,
} from "./tensor_view.ts";

/** Most memory, in about a byte, that a pickle may have copied by naming one value many times. */
const MAX_COPIED = 1 << 28;

/** A storage on the pickle's stack. */
class Storage extends OpaqueObject implements TensorStorage {
  constructor(
    readonly key: string,
    readonly dtype: string,
    readonly count: number,
    readonly elementSize?: number,
    readonly first?: number,
  ) {
    super("torch.storage");
  }
}

/** Storages of element types that no tensor here has, with the bytes of an element. */
const OTHER_STORAGES: Readonly<Record<string, readonly [dtype: string, size: number]>> = {
  ComplexFloatStorage: ["complex64", 8],
  ComplexDoubleStorage: ["complex128", 16],
  QInt8Storage: ["qint8", 1],
  QUInt8Storage: ["quint8", 1],
  QInt32Storage: ["qint32", 4],
  QUInt4x2Storage: ["quint4x2", 1],
  QUInt2x4Storage: ["quint2x4", 1],
  UntypedStorage: ["uint8", 1],
};

/** Element type and size of what a storage class holds. */
function storageType(type: unknown): readonly [dtype: string, size?: number] {
  const name = type instanceof PickleGlobal ? type.name : String(type);
  const [, own] = /^torch\.(?:storage\.|cuda\.)?(\w+)$/.exec(name) ?? [];
  if (own === undefined) throw new PickleError("a storage is of an unknown class");
  const known = findTensorType((info) => info.storage === own) ??
    (Object.hasOwn(TENSOR_TYPES, own) ? own as TensorType : undefined);
  if (known !== undefined) return [known, TENSOR_TYPES[known].format.size];
  return (Object.hasOwn(OTHER_STORAGES, own) && OTHER_STORAGES[own]) || [own];
}

/** Makes the values of one file. */
export class TorchHost implements PickleHost, TensorMaker {
  readonly #source: StorageSource;
  /** Storages of the legacy format by key: how many bytes an element has, and how many there are. */
  readonly storages = new Map<string, TensorStorage>();
  #copied = 0;
  #unreadable = 0;

  /** @param source Reads storages of the same file. */
  constructor(source: StorageSource) {
    this.#source = source;
  }

  /**
   * Admits any name: what is done with it decides.
   *
   * @param name Module and name, joined by a dot.
   * @returns The name; for an element type (`torch.float32`) a string, which is a plain value.
   */
  global(name: string): PickleGlobal | string {
    if (name.startsWith("torch.") && Object.hasOwn(TENSOR_TYPES, name.slice(6))) return name;
    return new PickleGlobal(name);
  }

  /**
   * Makes what a known name makes of its arguments.
   *
   * @param callable A name, or an object that was passed over.
   * @param args The arguments.
   * @returns The value; an {@linkcode OpaqueObject} for every other name.
   * @throws {PickleError} if something is called that has no name, or a tensor is damaged.
   */
  reduce(callable: unknown, args: Args): unknown {
    if (callable instanceof OpaqueObject) return new OpaqueObject(callable.name);
    if (!(callable instanceof PickleGlobal)) {
      throw new PickleError("something that is not a function is called");
    }
    const { name } = callable;
    const call = Object.hasOwn(CALLABLES, name) ? CALLABLES[name] : undefined;
    return call === undefined ? new OpaqueObject(name) : call(args, this);
  }

  /**
   * Takes the state of a NumPy type. Other state is not needed.
   *
   * @param target What the state is for.
   * @param state The state.
   * @throws {PickleError} if the target is a plain value.
   */
  build(target: unknown, state: unknown): void {
    if (target instanceof NumpyType && Array.isArray(state)) {
      target.littleEndian = state[1] !== ">";
    } else if (typeof target !== "object" || target === null || Array.isArray(target)) {
      throw new PickleError("state is given to something that takes none");
    }
  }

  /**
   * Tells what is passed over with everything that is put into it.
   *
   * @param target A value of the pickle.
   * @returns Whether it is an object that is not built.
   */
  ignoresItems(target: unknown): boolean {
    return target instanceof OpaqueObject;
  }

  /**
   * Finds a storage, or passes over what else lies outside.
   *
   * @param id `("storage", class, key, location, count)`; in the legacy format also where a part of
   * the storage lies, or `("module", class, …)`.
   * @returns The storage.
   * @throws {PickleError} if a storage is described in an unknown way.
   */
  persistent(id: unknown): unknown {
    if (!Array.isArray(id) || id[0] !== "storage") return new OpaqueObject(nameOf(id));
    const [, type, key, , count, part] = id;
    const [dtype, elementSize] = storageType(type);
    if (typeof key !== "string" || !isCount(count)) {
      throw new PickleError("a storage is described in an unknown way");
    }
    const whole = new Storage(key, dtype, count, elementSize);
    if (!this.storages.has(key)) this.storages.set(key, whole);
    if (part === undefined || part === null) return whole;
    const [, first, length] = Array.isArray(part) ? part : [];
    if (!isCount(first) || !isCount(length) || first + length > count) {
      throw new PickleError("a part of a storage is described in an unknown way");
    }
    return new Storage(key, dtype, length, elementSize, first);
  }

  /**
   * Makes a tensor.
   *
   * @param storage Its storage.
   * @param layout Offset, shape and strides.
   * @param options What else the pickle says of it.
   * @throws {PickleError} if they do not belong together.
   */
  tensor(
    storage: unknown,
    [offset, shape, strides]: Args,
    { dtype, metadata }: TensorOptions,
  ): LazyTensor {
    if (!(storage instanceof Storage)) throw new PickleError("a tensor has no storage");
    const [first = 0] = asSizes([offset], "the offset");
    const layout = {
      offset: first,
      shape: asSizes(shape, "the shape"),
      strides: asSizes(strides, "the strides"),
    };
    return viewStorage(this.#source, storage, layout, {
      dtype: dtype === undefined ? undefined : dtypeName(dtype),
      metadata: metadata instanceof Map ? metadata : undefined,
    });
  }

  /**
   * Makes a tensor that cannot be read.
   *
   * @param what What it is.
   * @param shape Its shape, if the pickle gives one.
   */
  unreadable(what: string, shape: unknown): LazyTensor {
    const known = Array.isArray(shape) && shape.length <= 64 && shape.every(isCount);
    const place = `unreadable ${this.#unreadable++}`;
    return new UnreadableTensor(this.#source.path, {
      dtype: what,
      shape: known ? shape : [],
      place,
    });
  }

  /**
   * Counts what is copied.
   *
   * @param bytes About as many bytes.
   * @throws {PickleError} if all copies together are far larger than the file.
   */
  spend(bytes: number): void {
    this.#copied += bytes;
    if (this.#copied > MAX_COPIED) throw new PickleError("it repeats its values too often");
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function nameOf(id: unknown): string {
  const [, type] = Array.isArray(id) ? id : [];
  return type instanceof PickleGlobal ? type.name : "an unknown object";
}
