/**
 * Element types of tensors in files: PyTorch's and safetensors' names, sizes and conversion.
 * @module
 */
import { converter, type NumberFormat } from "./number_format.ts";

/**
 * Name of an element type, as PyTorch prints it without `torch.`.
 * @category State dicts
 */
export type TensorType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint64"
  | "uint32"
  | "uint16"
  | "uint8"
  | "bool";

/** What is known about an element type. */
export interface TensorTypeInfo {
  /** Class name of PyTorch's storage, where it has one. */
  readonly storage?: string;
  /** Name in safetensors headers. */
  readonly safetensors: string;
  /** How an element is stored. */
  readonly format: NumberFormat;
}

function info(
  storage: string | undefined,
  safetensors: string,
  [kind, size]: readonly [NumberFormat["kind"], NumberFormat["size"]],
): TensorTypeInfo {
  return { storage, safetensors, format: { kind, size, littleEndian: true } };
}

/** All element types. */
export const TENSOR_TYPES: { readonly [T in TensorType]: TensorTypeInfo } = {
  float64: info("DoubleStorage", "F64", ["float", 8]),
  float32: info("FloatStorage", "F32", ["float", 4]),
  float16: info("HalfStorage", "F16", ["float", 2]),
  bfloat16: info("BFloat16Storage", "BF16", ["bfloat", 2]),
  int64: info("LongStorage", "I64", ["signed", 8]),
  int32: info("IntStorage", "I32", ["signed", 4]),
  int16: info("ShortStorage", "I16", ["signed", 2]),
  int8: info("CharStorage", "I8", ["signed", 1]),
  uint64: info(undefined, "U64", ["unsigned", 8]),
  uint32: info(undefined, "U32", ["unsigned", 4]),
  uint16: info(undefined, "U16", ["unsigned", 2]),
  uint8: info("ByteStorage", "U8", ["unsigned", 1]),
  bool: info("BoolStorage", "BOOL", ["unsigned", 1]),
};

/**
 * A tensor in a file: contiguous, row-major, little endian.
 * @category State dicts
 */
export interface StoredTensor {
  /** Tells a tensor from other values. */
  readonly kind: "tensor";
  /** Element type. */
  readonly dtype: TensorType;
  /** Dimensions; none for a single value. */
  readonly shape: readonly number[];
  /** The elements' bytes; any typed array or `Uint8Array` over them. */
  readonly data: ArrayBufferView;
}

/**
 * A tensor that lies in an open file.
 * @category State dicts
 */
export interface LazyTensor {
  /** Tells a tensor from other values. */
  readonly kind: "lazy_tensor";
  /** Element type as PyTorch names it, also one that cannot be read. */
  readonly dtype: string;
  /** Dimensions; none for a single value. */
  readonly shape: readonly number[];
  /** Where in the file its values lie: two tensors of the same place are the same. */
  readonly place: string;
  /**
   * Reads its values.
   * @param name Its name, for messages.
   * @throws {DataError} if they cannot be read.
   */
  read(name: string): StoredTensor;
}

/**
 * A tensor as the engine uses it.
 * @category State dicts
 */
export interface FloatTensor {
  /** Dimensions; none for a single value. */
  readonly shape: readonly number[];
  /** Values, row-major. */
  readonly data: Float32Array<ArrayBuffer>;
}

/**
 * Tells element types that can be read from others.
 *
 * @param name Name of an element type, as PyTorch prints it without `torch.`.
 * @returns Whether it can be read.
 *
 * @example Numbers that only some processors have
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals([isTensorType("float16"), isTensorType("float8_e5m2")], [true, false]);
 * ```
 */
export function isTensorType(name: string): name is TensorType {
  return Object.hasOwn(TENSOR_TYPES, name);
}

/**
 * Finds the element type that `matches`.
 *
 * @param matches Tells whether a type is the wanted one.
 * @returns Its name, or `undefined`.
 *
 * @example By PyTorch's storage class
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(findTensorType((info) => info.storage === "HalfStorage"), "float16");
 * ```
 */
export function findTensorType(
  matches: (info: TensorTypeInfo) => boolean,
): TensorType | undefined {
  const names = Object.keys(TENSOR_TYPES) as TensorType[];
  return names.find((name) => matches(TENSOR_TYPES[name]));
}

/**
 * Number of elements of a shape.
 *
 * @param shape Dimensions.
 * @returns Their product.
 *
 * @example A matrix and a single value
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals([elementCount([2, 3]), elementCount([])], [6, 1]);
 * ```
 */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1);
}

/**
 * The bytes of a typed array.
 *
 * @param data Any view.
 * @returns The same memory as bytes.
 */
export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/**
 * Makes a tensor of values that are at hand.
 *
 * @param dtype Element type.
 * @param shape Dimensions.
 * @param data The elements; tensors over one array share one storage in a PyTorch file.
 * @returns The tensor.
 * @throws {RangeError} if `data` has not as many bytes as the shape asks for.
 *
 * @example A matrix
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const weight = storedTensor("float32", [2, 2], new Float32Array([1, 2, 3, 4]));
 * assertEquals(weight.shape, [2, 2]);
 * ```
 */
export function storedTensor(
  dtype: TensorType,
  shape: readonly number[],
  data: ArrayBufferView,
): StoredTensor {
  const wanted = elementCount(shape) * TENSOR_TYPES[dtype].format.size;
  if (data.byteLength !== wanted) {
    throw new RangeError(
      `Cannot make a ${dtype} tensor of shape [${shape.join(", ")}]: ` +
        `it takes ${wanted} bytes but the data has ${data.byteLength}`,
    );
  }
  return { kind: "tensor", dtype, shape, data };
}

/**
 * Reads a tensor as float32. Values that are float32 stay in the memory that they were read into.
 *
 * @param tensor A tensor of an open file.
 * @param name Its name, for messages.
 * @returns The tensor.
 * @throws {DataError} if it cannot be read.
 *
 * @example A tensor of half the precision
 * ```ts
 * import { type LazyTensor, readFloat32 } from "@glovita/glovita/pretrained";
 * import { assertEquals } from "@std/assert";
 *
 * const about = { dtype: "float16", shape: [1] } as const;
 * const tensor: LazyTensor = {
 *   ...{ kind: "lazy_tensor", place: "0", ...about },
 *   read: () => ({ kind: "tensor", ...about, data: Uint16Array.of(0x3c00) }),
 * };
 * assertEquals(readFloat32(tensor, "scale"), { shape: [1], data: Float32Array.of(1) });
 * ```
 *
 * @category State dicts
 */
export function readFloat32(tensor: LazyTensor, name: string): FloatTensor {
  const stored = tensor.read(name);
  const { buffer, byteOffset, byteLength } = stored.data;
  const size = Float32Array.BYTES_PER_ELEMENT;
  const fits = stored.dtype === "float32" && byteOffset % size === 0;
  if (!fits || !(buffer instanceof ArrayBuffer)) return toFloat32(stored);
  const { shape } = stored;
  return { shape, data: new Float32Array(buffer, byteOffset, byteLength / size) };
}

/**
 * Converts a tensor to float32.
 *
 * @param tensor Any tensor; integers and booleans become numbers.
 * @returns A tensor with memory of its own.
 *
 * @example bfloat16
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const half = storedTensor("bfloat16", [1], new Uint16Array([0x3f80]));
 * assertEquals(toFloat32(half).data, new Float32Array([1]));
 * ```
 */
export function toFloat32(tensor: StoredTensor): FloatTensor {
  const data = new Float32Array(elementCount(tensor.shape));
  converter(TENSOR_TYPES[tensor.dtype].format)(bytesOf(tensor.data), data, 0);
  return { shape: tensor.shape, data };
}
