/**
 * Writes values as a Python pickle of protocol 2, the one that `torch.save` uses.
 * @module
 */
import { isTensor, OrderedDict, PyFloat, PyTuple, type TorchValue } from "./pickle_values.ts";
import { OP } from "./pickle_opcodes.ts";
import { elementCount, type StoredTensor, TENSOR_TYPES } from "../tensor_types.ts";

/** Gives the key of the storage that holds a tensor's data. */
export type StorageKey = (tensor: StoredTensor) => string;

class PickleWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(1024);
  #length = 0;
  readonly #memo = new Map<string, number>();
  readonly #storageKey: StorageKey;

  constructor(storageKey: StorageKey) {
    this.#storageKey = storageKey;
  }

  finish(value: TorchValue): Uint8Array<ArrayBuffer> {
    this.#put(OP.PROTO, 2);
    this.#value(value);
    this.#put(OP.STOP);
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(count: number): DataView<ArrayBuffer> {
    if (this.#length + count > this.#bytes.length) {
      const larger = new Uint8Array(2 * (this.#length + count));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    const view = new DataView(this.#bytes.buffer, this.#length, count);
    this.#length += count;
    return view;
  }

  #put(...bytes: readonly number[]): void {
    const view = this.#reserve(bytes.length);
    bytes.forEach((byte, i) => view.setUint8(i, byte));
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length - bytes.length);
  }

  #value(value: TorchValue): void {
    if (value === null) return this.#put(OP.NONE);
    switch (typeof value) {
      case "boolean":
        return this.#put(value ? OP.NEWTRUE : OP.NEWFALSE);
      case "number":
        return Number.isInteger(value) ? this.#int(BigInt(value)) : this.#float(value);
      case "bigint":
        return this.#int(value);
      case "string":
        return this.#string(value);
      case "object":
        return this.#object(value);
      default:
        throw new TypeError(`Cannot write a ${typeof value} into a PyTorch file: it is not data`);
    }
  }

  #object(value: Exclude<TorchValue, null | boolean | number | bigint | string>): void {
    if (value instanceof PyFloat) return this.#float(value.value);
    if (value instanceof PyTuple) return this.#tuple(value.items);
    if (Array.isArray(value)) return this.#list(value);
    if (isTensor(value)) return this.#tensor(value);
    if (value instanceof OrderedDict) {
      this.#global("collections OrderedDict");
      this.#put(OP.EMPTY_TUPLE, OP.REDUCE);
      return this.#items(value);
    }
    this.#put(OP.EMPTY_DICT);
    this.#items(value instanceof Map ? value : Object.entries(value));
  }

  #int(value: bigint): void {
    if (value >= 0n && value < 0x100n) return this.#put(OP.BININT1, Number(value));
    if (value >= 0n && value < 0x1_0000n) {
      return this.#put(OP.BININT2, Number(value & 0xffn), Number(value >> 8n));
    }
    if (BigInt.asIntN(32, value) === value) {
      this.#put(OP.BININT);
      return this.#reserve(4).setInt32(0, Number(value), true);
    }
    const bytes: number[] = [];
    for (let rest = value;; rest >>= 8n) {
      bytes.push(Number(rest & 0xffn));
      if (BigInt.asIntN(8 * bytes.length, value) === value) break;
    }
    if (bytes.length > 255) throw new RangeError("Cannot write an integer beyond 255 bytes");
    this.#put(OP.LONG1, bytes.length, ...bytes);
  }

  #float(value: number): void {
    this.#put(OP.BINFLOAT);
    this.#reserve(8).setFloat64(0, value, false);
  }

  /** Writes something once and refers to it afterwards. */
  #memoized(key: string, write: () => void): void {
    const known = this.#memo.get(key);
    if (known === undefined) {
      const index = this.#memo.size;
      this.#memo.set(key, index);
      write();
      this.#memoOp(OP.BINPUT, OP.LONG_BINPUT, index);
    } else {
      this.#memoOp(OP.BINGET, OP.LONG_BINGET, known);
    }
  }

  #memoOp(short: number, long: number, index: number): void {
    if (index < 256) return this.#put(short, index);
    this.#put(long);
    this.#reserve(4).setUint32(0, index, true);
  }

  #string(value: string): void {
    this.#memoized(`string ${value}`, () => {
      const bytes = new TextEncoder().encode(value);
      this.#put(OP.BINUNICODE);
      this.#reserve(4).setUint32(0, bytes.length, true);
      this.#append(bytes);
    });
  }

  /** @param name Module and name, separated by a space. */
  #global(name: string): void {
    this.#memoized(`global ${name}`, () => {
      this.#put(OP.GLOBAL);
      this.#append(new TextEncoder().encode(name.replace(" ", "\n") + "\n"));
    });
  }

  #tuple(items: readonly TorchValue[]): void {
    if (items.length === 0) return this.#put(OP.EMPTY_TUPLE);
    this.#put(OP.MARK);
    for (const item of items) this.#value(item);
    this.#put(OP.TUPLE);
  }

  #list(items: readonly TorchValue[]): void {
    this.#put(OP.EMPTY_LIST);
    if (items.length === 0) return;
    this.#put(OP.MARK);
    for (const item of items) this.#value(item);
    this.#put(OP.APPENDS);
  }

  #items(entries: Iterable<readonly [string | number, TorchValue]>): void {
    this.#put(OP.MARK);
    for (const [key, value] of entries) {
      this.#value(key);
      this.#value(value);
    }
    this.#put(OP.SETITEMS);
  }

  /** `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)`. */
  #tensor(tensor: StoredTensor): void {
    const { storage } = TENSOR_TYPES[tensor.dtype];
    if (storage === undefined) {
      throw new TypeError(`Cannot write a ${tensor.dtype} tensor: PyTorch has no storage for it`);
    }
    const strides = tensor.shape.map((_, axis) => elementCount(tensor.shape.slice(axis + 1)));
    this.#global("torch._utils _rebuild_tensor_v2");
    this.#put(OP.MARK, OP.MARK);
    this.#string("storage");
    this.#global(`torch ${storage}`);
    this.#string(this.#storageKey(tensor));
    this.#string("cpu");
    this.#int(BigInt(elementCount(tensor.shape)));
    this.#put(OP.TUPLE, OP.BINPERSID);
    this.#int(0n);
    this.#tuple(tensor.shape);
    this.#tuple(strides);
    this.#put(OP.NEWFALSE);
    this.#global("collections OrderedDict");
    this.#put(OP.EMPTY_TUPLE, OP.REDUCE, OP.TUPLE, OP.REDUCE);
  }
}

/**
 * Writes a value as a pickle. Tensors refer to storages, which lie outside the pickle.
 *
 * @param value The value.
 * @param storageKey Called for every tensor.
 * @returns The pickle; the same for the same value.
 * @throws {TypeError} if the value holds something that is not data.
 *
 * @example A dictionary
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const bytes = writePickle({ epoch: 3 }, () => "0");
 * assertEquals([bytes[0], bytes.at(-1)], [0x80, 0x2e]);
 * ```
 */
export function writePickle(value: TorchValue, storageKey: StorageKey): Uint8Array<ArrayBuffer> {
  return new PickleWriter(storageKey).finish(value);
}
