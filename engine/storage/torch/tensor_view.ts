/**
 * Tensors of PyTorch files as views on storages: bounds are checked when a view is made, bytes are
 * read when it is wanted.
 * @module
 */
import { DataError } from "../../errors.ts";
import {
  isTensorType,
  type LazyTensor,
  type StoredTensor,
  TENSOR_TYPES,
  type TensorType,
} from "../tensor_types.ts";
import { PickleError } from "./pickle_reader.ts";

/** The memory of tensors, as a pickle names it. */
export interface TensorStorage {
  /** Its name in the file. */
  readonly key: string;
  /** Element type that its class names. */
  readonly dtype: string;
  /** Bytes of an element; `undefined` for types whose layout is unknown. */
  readonly elementSize?: number;
  /** Number of elements. */
  readonly count: number;
  /** First element within the memory of the same name. @default {0} */
  readonly first?: number;
}

/** Where the bytes of storages come from. */
export interface StorageSource {
  /** The file, for messages. */
  readonly path: string;
  /**
   * Reads a part of a storage, in little endian.
   * @param storage Which one.
   * @param range First byte, counted from the storage's own first one, and number of bytes.
   * @throws {DataError} if it is missing, damaged, or has another size than its tensors say.
   */
  read(storage: TensorStorage, range: ByteRange): Uint8Array<ArrayBuffer>;
  /**
   * Counts memory before it is taken.
   * @param bytes Bytes of a tensor.
   * @throws {DataError} if all tensors together are far larger than the file.
   */
  spend(bytes: number): void;
}

/** Bytes of a storage. */
export interface ByteRange {
  readonly start: number;
  readonly length: number;
  /** Bytes of an element, which are turned round in files of the other byte order. */
  readonly elementSize: number;
}

/** Where the elements of a tensor lie. */
export interface Layout {
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** Most dimensions, as in PyTorch. */
const MAX_DIMENSIONS = 64;

function fail(state: string): never {
  throw new PickleError(state);
}

/**
 * Checks a list of sizes.
 *
 * @param value What a pickle gives.
 * @param what What it is, for messages.
 * @returns The list.
 * @throws {PickleError} if it is not a list of sizes, or a very long one.
 */
export function asSizes(value: unknown, what: string): readonly number[] {
  const valid = Array.isArray(value) && value.length <= MAX_DIMENSIONS &&
    value.every((size) => Number.isSafeInteger(size) && size >= 0);
  return valid ? value : fail(`${what} of a tensor is not a list of sizes`);
}

/** Number of elements, and of the storage's elements from the first to the last of them. */
function measure({ shape, strides }: Layout): { count: number; span: number } {
  if (shape.includes(0)) return { count: 0, span: 0 };
  let [count, span] = [1, 1];
  for (const [axis, length] of shape.entries()) {
    count *= length;
    span += (length - 1) * (strides[axis] ?? 0);
  }
  return { count, span };
}

function isContiguous({ shape, strides }: Layout): boolean {
  let dense = 1;
  for (const [axis, length] of [...shape.entries()].reverse()) {
    if (length !== 1 && strides[axis] !== dense) return false;
    dense *= length;
  }
  return true;
}

/** Copies a strided view element by element into row-major order. */
function gather(
  source: Uint8Array,
  { shape, strides }: Layout,
  { count, size }: { readonly count: number; readonly size: number },
): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(count * size);
  const axes = shape.map((length, axis) => ({ length, stride: strides[axis] ?? 0, at: 0 }));
  axes.reverse();
  let from = 0;
  for (let to = 0; to < count; to++) {
    for (let byte = 0; byte < size; byte++) {
      target[to * size + byte] = source[from * size + byte] ?? 0;
    }
    for (const axis of axes) {
      from += axis.stride;
      if (++axis.at < axis.length) break;
      from -= axis.length * axis.stride;
      axis.at = 0;
    }
  }
  return target;
}

/** Changes the sign of floating-point numbers, in place. */
function negate(bytes: Uint8Array, size: number): void {
  for (let sign = size - 1; sign < bytes.length; sign += size) {
    bytes[sign] = (bytes[sign] ?? 0) ^ 0x80;
  }
}

/** How a tensor differs from the plain view of its storage. */
export interface ViewOptions {
  /** Element type, where it is another than the storage's. */
  readonly dtype?: string;
  /** What else PyTorch says of the tensor: `neg` and `conj`. */
  readonly metadata?: ReadonlyMap<unknown, unknown>;
}

/**
 * Makes a tensor of a storage. Nothing is read.
 *
 * @param source Reads the storage.
 * @param storage The storage.
 * @param layout Where the elements lie.
 * @param options How it differs from a plain view.
 * @returns The tensor; one whose type cannot be read says so when it is wanted.
 * @throws {PickleError} if the layout reaches beyond the storage.
 */
export function viewStorage(
  source: StorageSource,
  storage: TensorStorage,
  layout: Layout,
  { dtype = storage.dtype, metadata }: ViewOptions = {},
): LazyTensor {
  const { offset, shape, strides } = layout;
  if (shape.length !== strides.length) fail("a tensor has not as many strides as dimensions");
  const { count, span } = measure(layout);
  if (!Number.isSafeInteger(count)) fail("a tensor has too many elements");
  const flags = [...metadata ?? []].filter(([, set]) => set !== false).map(([flag]) =>
    String(flag)
  );
  const size = isTensorType(dtype) ? TENSOR_TYPES[dtype].format.size : undefined;
  const bytes = storage.elementSize === undefined ? undefined : storage.count * storage.elementSize;
  if (size !== undefined && bytes !== undefined && count > 0 && (offset + span) * size > bytes) {
    fail("a tensor reaches beyond its storage");
  }
  const place = [storage.key, storage.first ?? 0, dtype, offset, shape, strides, flags].join(" ");
  const about = { dtype, shape, place };
  if (!isTensorType(dtype)) return new UnreadableTensor(source.path, about);
  const unknown = flags.find((flag) => flag !== "neg" || !isFloat(dtype));
  if (unknown !== undefined) {
    const why = `has PyTorch's "${unknown}" bit, which is not supported`;
    return new UnreadableTensor(source.path, { ...about, why });
  }
  return new TensorView(source, storage, { ...about, dtype, layout, negative: flags.length > 0 });
}

function isFloat(dtype: TensorType): boolean {
  const { kind } = TENSOR_TYPES[dtype].format;
  return kind === "float" || kind === "bfloat";
}

interface ViewFacts {
  readonly dtype: TensorType;
  readonly shape: readonly number[];
  readonly place: string;
  readonly layout: Layout;
  readonly negative: boolean;
}

class TensorView implements LazyTensor {
  readonly kind = "lazy_tensor";
  readonly dtype: TensorType;
  readonly shape: readonly number[];
  readonly place: string;
  readonly #source: StorageSource;
  readonly #storage: TensorStorage;
  readonly #layout: Layout;
  readonly #negative: boolean;

  constructor(source: StorageSource, storage: TensorStorage, facts: ViewFacts) {
    this.#source = source;
    this.#storage = storage;
    this.dtype = facts.dtype;
    this.shape = facts.shape;
    this.place = facts.place;
    this.#layout = facts.layout;
    this.#negative = facts.negative;
  }

  read(): StoredTensor {
    const { dtype, shape } = this;
    const { size } = TENSOR_TYPES[dtype].format;
    const { count, span } = measure(this.#layout);
    this.#source.spend(Math.max(count, span) * size);
    const start = this.#layout.offset * size;
    const range = { start, length: span * size, elementSize: size };
    const bytes = this.#source.read(this.#storage, range);
    const data = isContiguous(this.#layout) ? bytes : gather(bytes, this.#layout, { count, size });
    if (this.#negative) negate(data, size);
    return { kind: "tensor", dtype, shape, data };
  }
}

/** What is known of a tensor that cannot be read. */
export interface UnreadableFacts {
  /** What it is instead of a plain element type, for example `complex64` or `sparse`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Where its values lie, or a name that no other tensor has. */
  readonly place: string;
  /** Why it cannot be read. @default {`is ${dtype}, which is not supported`} */
  readonly why?: string;
}

/** A tensor that only matters if somebody wants it. */
export class UnreadableTensor implements LazyTensor {
  readonly kind = "lazy_tensor";
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly place: string;
  readonly #path: string;
  readonly #why: string;

  /**
   * @param path The file.
   * @param facts What is known of it.
   */
  constructor(path: string, { dtype, shape, place, why }: UnreadableFacts) {
    this.#path = path;
    this.dtype = dtype;
    this.shape = shape;
    this.place = place;
    this.#why = why ?? `is ${dtype}, which is not supported`;
  }

  /** Refuses. */
  read(name: string): never {
    throw new DataError(`Cannot read "${this.#path}": tensor "${name}" ${this.#why}`, {
      file: this.#path,
      dataset: name,
    });
  }
}
