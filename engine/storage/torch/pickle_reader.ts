/**
 * Reads Python pickles of protocols 2 to 5 without running anything: a name that the pickle
 * imports is looked up in a table of known names, and no other name does anything.
 * @module
 */

/** A name that a pickle imports, for example `collections.OrderedDict`. */
export class PickleGlobal {
  /** @param name Module and name, joined by a dot. */
  constructor(readonly name: string) {}
}

/** What a pickle may do beyond plain values; each function may throw to refuse. */
export interface PickleHost {
  /** Calls `callable` with `args`, as the pickle asks for. */
  reduce(callable: unknown, args: readonly unknown[]): unknown;
  /** Gives `target` the state that the pickle carries for it. */
  build(target: unknown, state: unknown): void;
  /** Finds what lies outside the pickle. */
  persistent(id: unknown): unknown;
  /** Gives what a name stands for, or throws to refuse it before anything is done with it. */
  global(name: string): PickleGlobal | string;
  /** Gives what a string of Python 2, which is bytes, stands for. @default Latin-1 text */
  readonly string?: (bytes: Uint8Array) => unknown;
}

/** A pickle that breaks its own rules. */
export class PickleError extends SyntaxError {
  override name = "PickleError";
}

/** Where a group of values begins on the stack. */
const MARK = Symbol("mark");

function toSafe(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

class PickleMachine {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #host: PickleHost;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  #at = 0;

  constructor(bytes: Uint8Array, host: PickleHost) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#host = host;
  }

  run(): unknown {
    while (true) {
      const code = this.u8();
      if (code === 0x2e) return this.pop();
      const step = OPERATIONS[code];
      if (!step) throw new PickleError(`unknown opcode 0x${code.toString(16)} at ${this.#at - 1}`);
      step(this);
    }
  }

  u8(): number {
    return this.#view.getUint8(this.#at++);
  }

  #advance(count: number): number {
    this.#at += count;
    return this.#at - count;
  }

  u16(): number {
    return this.#view.getUint16(this.#advance(2), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#advance(4), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  u64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), true));
  }

  f64(): number {
    return this.#view.getFloat64(this.#advance(8), false);
  }

  take(count: number): Uint8Array {
    if (count > this.#bytes.length - this.#at) throw new PickleError("the end is missing");
    const start = this.#advance(count);
    return this.#bytes.subarray(start, start + count);
  }

  text(count: number, encoding = "utf-8"): string {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(this.take(count));
  }

  /** A string as Python 2 writes it. */
  string(count: number): unknown {
    return this.#host.string ? this.#host.string(this.take(count)) : this.text(count, "latin1");
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw new PickleError("the end is missing");
    const line = this.text(end - this.#at);
    this.#at++;
    return line;
  }

  long(count: number): number | bigint {
    let value = 0n;
    for (const byte of this.take(count).toReversed()) value = (value << 8n) | BigInt(byte);
    return toSafe(BigInt.asIntN(8 * count, value));
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    if (this.#stack.length === 0) throw new PickleError("a value is missing");
    const value = this.#stack.pop();
    if (value === MARK) throw new PickleError("a value is missing");
    return value;
  }

  popString(): string {
    const value = this.pop();
    if (typeof value !== "string") throw new PickleError("a name is no string");
    return value;
  }

  top(): unknown {
    if (this.#stack.length === 0) throw new PickleError("a value is missing");
    return this.#stack.at(-1);
  }

  mark(): void {
    this.#stack.push(MARK);
  }

  /** Takes everything down to the last mark, and the mark. */
  popMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw new PickleError("a mark is missing");
    return this.#stack.splice(mark).slice(1);
  }

  popItems(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  put(index: number): void {
    this.#memo.set(index, this.top());
  }

  memoize(): void {
    this.put(this.#memo.size);
  }

  get(index: number): void {
    if (!this.#memo.has(index)) throw new PickleError(`memo ${index} is missing`);
    this.push(this.#memo.get(index));
  }

  append(items: readonly unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new PickleError("items are appended to something else");
    for (const item of items) list.push(item);
  }

  setItems(items: readonly unknown[]): void {
    const dict = this.top();
    if (!(dict instanceof Map)) throw new PickleError("items are set in something else");
    if (items.length % 2 !== 0) throw new PickleError("a key has no value");
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key !== "string" && typeof key !== "number") {
        throw new PickleError("a dict has a key that is neither string nor number");
      }
      dict.set(key, items[i + 1]);
    }
  }

  global(name: string): void {
    this.push(this.#host.global(name));
  }

  reduce(): void {
    const args = this.pop();
    const callable = this.pop();
    if (!Array.isArray(args)) throw new PickleError("arguments are no tuple");
    this.push(this.#host.reduce(callable, args));
  }

  build(): void {
    const state = this.pop();
    this.#host.build(this.top(), state);
  }

  persistent(): void {
    this.push(this.#host.persistent(this.pop()));
  }
}

type Operation = (machine: PickleMachine) => void;

/** One operation per opcode; a code that is not here is refused. */
const OPERATIONS: { readonly [code: number]: Operation | undefined } = {
  0x80: (m) => {
    const protocol = m.u8();
    if (protocol > 5) throw new PickleError(`protocol ${protocol} is unknown`);
  },
  0x95: (m) => void m.u64(), // FRAME
  0x28: (m) => m.mark(),
  0x30: (m) => void m.pop(), // POP
  0x31: (m) => void m.popMark(), // POP_MARK
  0x32: (m) => m.push(m.top()), // DUP
  0x4e: (m) => m.push(null),
  0x88: (m) => m.push(true),
  0x89: (m) => m.push(false),
  0x4a: (m) => m.push(m.i32()),
  0x4b: (m) => m.push(m.u8()),
  0x4d: (m) => m.push(m.u16()),
  0x8a: (m) => m.push(m.long(m.u8())),
  0x8b: (m) => m.push(m.long(m.u32())),
  0x47: (m) => m.push(m.f64()),
  0x55: (m) => m.push(m.string(m.u8())), // SHORT_BINSTRING
  0x54: (m) => m.push(m.string(m.u32())), // BINSTRING
  0x58: (m) => m.push(m.text(m.u32())),
  0x8c: (m) => m.push(m.text(m.u8())),
  0x8d: (m) => m.push(m.text(m.u64())),
  0x42: (m) => m.push(m.take(m.u32())), // BINBYTES
  0x43: (m) => m.push(m.take(m.u8())),
  0x8e: (m) => m.push(m.take(m.u64())),
  0x96: (m) => m.push(m.take(m.u64())), // BYTEARRAY8
  0x29: (m) => m.push([]), // EMPTY_TUPLE
  0x74: (m) => m.push(m.popMark()), // TUPLE
  0x85: (m) => m.push(m.popItems(1)),
  0x86: (m) => m.push(m.popItems(2)),
  0x87: (m) => m.push(m.popItems(3)),
  0x5d: (m) => m.push([]), // EMPTY_LIST
  0x6c: (m) => m.push(m.popMark()), // LIST
  0x61: (m) => m.append([m.pop()]),
  0x65: (m) => m.append(m.popMark()),
  0x8f: (m) => m.push([]), // EMPTY_SET
  0x90: (m) => m.append(m.popMark()), // ADDITEMS
  0x91: (m) => m.push(m.popMark()), // FROZENSET
  0x7d: (m) => m.push(new Map()), // EMPTY_DICT
  0x64: (m) => { // DICT
    const items = m.popMark();
    m.push(new Map());
    m.setItems(items);
  },
  0x73: (m) => m.setItems(m.popItems(2)),
  0x75: (m) => m.setItems(m.popMark()),
  0x63: (m) => m.global(`${m.line()}.${m.line()}`),
  0x93: (m) => {
    const [name, module] = [m.popString(), m.popString()];
    m.global(`${module}.${name}`);
  },
  0x52: (m) => m.reduce(),
  0x81: (m) => m.reduce(), // NEWOBJ
  0x62: (m) => m.build(),
  0x51: (m) => m.persistent(),
  0x71: (m) => m.put(m.u8()),
  0x72: (m) => m.put(m.u32()),
  0x94: (m) => m.memoize(),
  0x68: (m) => m.get(m.u8()),
  0x6a: (m) => m.get(m.u32()),
};

/**
 * Reads a pickle. Dicts become `Map`, lists, tuples and sets arrays, bytes `Uint8Array`, integers
 * beyond 2^53 `bigint`.
 *
 * @param bytes The pickle.
 * @param host Decides about everything that is no plain value.
 * @returns The value.
 * @throws {PickleError} if the pickle is damaged.
 *
 * @example A list of two
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const refuse = () => {
 *   throw new Error("no");
 * };
 * const host = { reduce: refuse, build: refuse, persistent: refuse, global: refuse };
 * const bytes = new Uint8Array([0x80, 2, 0x4b, 1, 0x4b, 2, 0x86, 0x2e]);
 * assertEquals(readPickle(bytes, host), [1, 2]);
 * ```
 */
export function readPickle(bytes: Uint8Array, host: PickleHost): unknown {
  try {
    return new PickleMachine(bytes, host).run();
  } catch (error) {
    if (error instanceof RangeError) throw new PickleError("the end is missing", { cause: error });
    if (error instanceof TypeError) throw new PickleError("a text is damaged", { cause: error });
    throw error;
  }
}
