/**
 * Reads Python pickles of protocols 2 to 5 without running anything: a name that the pickle
 * imports is handed to a host, which decides what stands for it, and no name does anything.
 * @module
 */
import { PickleBytes, PickleError } from "./_pickle_bytes.ts";
import { OP, type OpcodeName } from "./pickle_opcodes.ts";

export { PickleError, UnfinishedPickle } from "./_pickle_bytes.ts";

/** A name that a pickle imports, for example `collections.OrderedDict`. */
export class PickleGlobal {
  /** @param name Module and name, joined by a dot. */
  constructor(readonly name: string) {}
}

/** What a pickle may do beyond plain values; each function may throw to refuse. */
export interface PickleHost {
  /** Calls `callable` with `args`, or makes an object of the class, as the pickle asks for. */
  reduce(callable: unknown, args: readonly unknown[]): unknown;
  /** Gives `target` the state that the pickle carries for it. */
  build(target: unknown, state: unknown): void;
  /** Finds what lies outside the pickle. */
  persistent(id: unknown): unknown;
  /** Gives what a name stands for, or throws to refuse it before anything is done with it. */
  global(name: string): PickleGlobal | string;
  /** Tells whether items for `target`, which is neither list nor dict, are passed over. */
  readonly ignoresItems?: (target: unknown) => boolean;
  /** Gives what a string of Python 2, which is bytes, stands for. @default Latin-1 text */
  readonly string?: (bytes: Uint8Array) => unknown;
}

/** Where a group of values begins on the stack. */
const MARK = Symbol("mark");

/** Most memory that the values of a pickle may take, counted in about 8 bytes. */
const MAX_COST = 1 << 25;
/** Costs of a list and of a dict. */
const LIST_COST = 4;
const DICT_COST = 20;

class PickleMachine {
  readonly bytes: PickleBytes;
  readonly #host: PickleHost;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  #cost = 0;

  constructor(bytes: PickleBytes, host: PickleHost) {
    this.bytes = bytes;
    this.#host = host;
  }

  run(): unknown {
    while (true) {
      const code = this.bytes.u8();
      if (code === OP.STOP) return this.pop();
      const operation = BY_CODE[code];
      if (!operation) {
        throw new PickleError(`opcode 0x${code.toString(16)} at ${this.bytes.at - 1} is unknown`);
      }
      this.spend(1);
      operation(this);
    }
  }

  /** Counts memory before it is taken. */
  spend(cost: number): void {
    this.#cost += cost;
    if (this.#cost > MAX_COST) throw new PickleError("it holds too many values");
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pushText(count: number): void {
    this.spend(count / 8);
    this.push(this.bytes.text(count));
  }

  /** A string as Python 2 writes it. */
  pushString(count: number): void {
    this.spend(count / 8);
    const { string } = this.#host;
    this.push(string ? string(this.bytes.take(count)) : this.bytes.latin1(count));
  }

  pushList(): void {
    this.spend(LIST_COST);
    this.push([]);
  }

  /** A tuple is a list that takes no items. */
  pushTuple(items: unknown[]): void {
    this.spend(LIST_COST);
    this.push(Object.freeze(items));
  }

  pushDict(): void {
    this.spend(DICT_COST);
    this.push(new Map());
  }

  pop(): unknown {
    const value = this.top();
    this.#stack.pop();
    return value;
  }

  popString(): string {
    const value = this.pop();
    if (typeof value !== "string") throw new PickleError("a name is not a string");
    return value;
  }

  top(): unknown {
    const value = this.#stack.at(-1);
    if (this.#stack.length === 0 || value === MARK) throw new PickleError("a value is missing");
    return value;
  }

  mark(): void {
    this.#stack.push(MARK);
  }

  /** Takes everything down to the last mark, and the mark. */
  popMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw new PickleError("a mark is missing");
    const items = this.#stack.splice(mark + 1);
    this.#stack.pop();
    return items;
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
    if (this.#host.ignoresItems?.(list)) return;
    if (!Array.isArray(list) || Object.isFrozen(list)) {
      throw new PickleError("items are appended to something else");
    }
    for (const item of items) list.push(item);
  }

  setItems(items: readonly unknown[]): void {
    const dict = this.top();
    if (items.length % 2 !== 0) throw new PickleError("a key has no value");
    if (this.#host.ignoresItems?.(dict)) return;
    if (!(dict instanceof Map)) throw new PickleError("items are set in something else");
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (key instanceof Map || Array.isArray(key) && !Object.isFrozen(key)) {
        throw new PickleError("a dict has a key that is a list or a dict");
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
    if (!Array.isArray(args)) throw new PickleError("arguments are not a tuple");
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

const OPERATIONS: { readonly [Name in Exclude<OpcodeName, "STOP">]: Operation } = {
  PROTO: ({ bytes }) => {
    const protocol = bytes.u8();
    if (protocol > 5) throw new PickleError(`protocol ${protocol} is unknown`);
  },
  FRAME: ({ bytes }) => void bytes.u64(),
  MARK: (m) => m.mark(),
  POP: (m) => void m.pop(),
  POP_MARK: (m) => void m.popMark(),
  DUP: (m) => m.push(m.top()),
  NONE: (m) => m.push(null),
  NEWTRUE: (m) => m.push(true),
  NEWFALSE: (m) => m.push(false),
  BININT: (m) => m.push(m.bytes.i32()),
  BININT1: (m) => m.push(m.bytes.u8()),
  BININT2: (m) => m.push(m.bytes.u16()),
  LONG1: (m) => m.push(m.bytes.long(m.bytes.u8())),
  LONG4: (m) => m.push(m.bytes.long(m.bytes.u32())),
  BINFLOAT: (m) => m.push(m.bytes.f64()),
  SHORT_BINSTRING: (m) => m.pushString(m.bytes.u8()),
  BINSTRING: (m) => m.pushString(m.bytes.u32()),
  SHORT_BINUNICODE: (m) => m.pushText(m.bytes.u8()),
  BINUNICODE: (m) => m.pushText(m.bytes.u32()),
  BINUNICODE8: (m) => m.pushText(m.bytes.u64()),
  SHORT_BINBYTES: (m) => m.push(m.bytes.take(m.bytes.u8())),
  BINBYTES: (m) => m.push(m.bytes.take(m.bytes.u32())),
  BINBYTES8: (m) => m.push(m.bytes.take(m.bytes.u64())),
  BYTEARRAY8: (m) => m.push(m.bytes.take(m.bytes.u64())),
  EMPTY_TUPLE: (m) => m.pushTuple([]),
  TUPLE: (m) => m.pushTuple(m.popMark()),
  TUPLE1: (m) => m.pushTuple(m.popItems(1)),
  TUPLE2: (m) => m.pushTuple(m.popItems(2)),
  TUPLE3: (m) => m.pushTuple(m.popItems(3)),
  EMPTY_LIST: (m) => m.pushList(),
  LIST: (m) => {
    const items = m.popMark();
    m.pushList();
    m.append(items);
  },
  APPEND: (m) => m.append(m.popItems(1)),
  APPENDS: (m) => {
    const items = m.popMark();
    m.append(items);
  },
  EMPTY_SET: (m) => m.pushList(),
  ADDITEMS: (m) => {
    const items = m.popMark();
    m.append(items);
  },
  FROZENSET: (m) => m.pushTuple(m.popMark()),
  EMPTY_DICT: (m) => m.pushDict(),
  DICT: (m) => {
    const items = m.popMark();
    m.pushDict();
    m.setItems(items);
  },
  SETITEM: (m) => m.setItems(m.popItems(2)),
  SETITEMS: (m) => m.setItems(m.popMark()),
  GLOBAL: (m) => m.global(`${m.bytes.line()}.${m.bytes.line()}`),
  STACK_GLOBAL: (m) => {
    const [name, module] = [m.popString(), m.popString()];
    m.global(`${module}.${name}`);
  },
  REDUCE: (m) => m.reduce(),
  NEWOBJ: (m) => m.reduce(),
  NEWOBJ_EX: (m) => {
    m.pop(); // arguments by name
    m.reduce();
  },
  BUILD: (m) => m.build(),
  BINPERSID: (m) => m.persistent(),
  BINPUT: (m) => m.put(m.bytes.u8()),
  LONG_BINPUT: (m) => m.put(m.bytes.u32()),
  MEMOIZE: (m) => m.memoize(),
  BINGET: (m) => m.get(m.bytes.u8()),
  LONG_BINGET: (m) => m.get(m.bytes.u32()),
};

/** Operations by code; a code that is not here is refused. */
const BY_CODE: readonly (Operation | undefined)[] = Array.from({ length: 256 }, (_, code) => {
  const names = Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[];
  const name = names.find((name) => OP[name] === code);
  return name && OPERATIONS[name];
});

/** A value, and where its pickle ends. */
export interface PickleRead {
  /** The value. */
  readonly value: unknown;
  /** Byte after the pickle. */
  readonly end: number;
}

/**
 * Reads a pickle that other bytes may follow.
 *
 * @param bytes What holds the pickle.
 * @param host Decides about everything that is not a plain value.
 * @param start Where the pickle begins.
 * @returns The value as {@linkcode readPickle} gives it, and where the pickle ends.
 * @throws {UnfinishedPickle} if the bytes end first.
 * @throws {PickleError} if the pickle is damaged.
 */
export function readPickleAt(bytes: Uint8Array, host: PickleHost, start: number): PickleRead {
  const machine = new PickleMachine(new PickleBytes(bytes, start), host);
  try {
    return { value: machine.run(), end: machine.bytes.at };
  } catch (error) {
    // An array or a map that is larger than the engine allows.
    if (error instanceof RangeError) {
      throw new PickleError("it holds too many values", { cause: error });
    }
    throw error;
  }
}

/**
 * Reads a pickle. Dicts become `Map`, lists, tuples and sets arrays, bytes `Uint8Array`, integers
 * beyond 2^53 `bigint`.
 *
 * @param bytes The pickle.
 * @param host Decides about everything that is not a plain value.
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
  return readPickleAt(bytes, host, 0).value;
}
