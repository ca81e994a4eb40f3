/**
 * HDF5 object headers: the messages that describe a group or a dataset.
 * @module
 */
import { type Blocks, type Cursor, DamagedStructure, UnknownStructure } from "./cursor.ts";

/** Numbers of header messages. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  oldFill: 0x04,
  fill: 0x05,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

/** Flag of a message whose data is kept elsewhere. */
const SHARED = 0x02;
/** Of a shared message: it is that of another object, a committed datatype. */
const COMMITTED = 2;

/** A message as it stands in the header. */
interface Message {
  readonly shared: boolean;
  readonly data: Cursor;
}

/** Header messages of one object, by number. */
export class Messages {
  readonly #blocks: Blocks;
  readonly #messages: ReadonlyMap<number, readonly Message[]>;

  /**
   * @param blocks The open file.
   * @param messages What the header holds.
   */
  constructor(blocks: Blocks, messages: ReadonlyMap<number, readonly Message[]>) {
    this.#blocks = blocks;
    this.#messages = messages;
  }

  /** Whether there is a message of this number. */
  has(type: number): boolean {
    return this.#messages.has(type);
  }

  /** All messages of a number, each at its start. */
  all(type: number): Cursor[] {
    return (this.#messages.get(type) ?? []).map(({ shared, data }) => {
      data.at = 0;
      return shared ? sharedMessage(this.#blocks, data, type) : data;
    });
  }

  /** The message of a number, at its start. */
  one(type: number): Cursor {
    const [message] = this.all(type);
    if (!message) throw new DamagedStructure(`header message ${type} is missing`);
    return message;
  }
}

/**
 * Follows a message to where it is kept.
 *
 * @param blocks The open file.
 * @param data What stands in its place.
 * @param type Number of the message.
 * @returns The message.
 * @throws {UnknownStructure} if it is kept in a table of the whole file.
 */
export function sharedMessage(blocks: Blocks, data: Cursor, type: number): Cursor {
  const version = data.u8();
  const kind = data.u8();
  if (version < 1 || version > 3) {
    throw new UnknownStructure(`shared message of version ${version}`);
  }
  if (version === 3 && kind !== COMMITTED) {
    throw new UnknownStructure("header messages in a table of the whole file");
  }
  if (version === 1) data.skip(6);
  const reader = new MessageReader(blocks);
  const [message] = reader.read(data.requiredAddress()).get(type) ?? [];
  if (!message || message.shared) throw new DamagedStructure("a shared message leads nowhere");
  return message.data;
}

/** Collects messages of one object, block after block. */
class MessageReader {
  readonly #messages = new Map<number, Message[]>();
  readonly #blocks: Blocks;
  readonly #pending: { readonly address: number; readonly length: number }[] = [];

  constructor(blocks: Blocks) {
    this.#blocks = blocks;
  }

  read(address: number): ReadonlyMap<number, readonly Message[]> {
    const start = this.#blocks.peek(address, 64);
    if (start.u8() === 1) this.#readOld(address, start);
    else this.#readNew(address);
    return this.#messages;
  }

  #add(type: number, flags: number, data: Cursor): void {
    const shared = (flags & SHARED) !== 0;
    if (type === MESSAGE.continuation) {
      this.#pending.push({ address: data.requiredAddress(), length: data.length() });
      return;
    }
    const known = this.#messages.get(type);
    if (known) known.push({ shared, data });
    else this.#messages.set(type, [{ shared, data }]);
  }

  *#continuations(): Generator<{ readonly address: number; readonly length: number }> {
    const seen = new Set<number>();
    for (let i = 0; i < this.#pending.length; i++) {
      const block = this.#pending[i]!;
      if (seen.has(block.address)) throw new DamagedStructure("an object header never ends");
      seen.add(block.address);
      yield block;
    }
  }

  /** Version 1: 16 bytes of prefix; messages of 8 bytes and their data. */
  #readOld(address: number, start: Cursor): void {
    const length = start.skip(7).u32();
    this.#oldMessages(this.#blocks.read(address + 16, length));
    for (const { address, length } of this.#continuations()) {
      this.#oldMessages(this.#blocks.read(address, length));
    }
  }

  #oldMessages(block: Cursor): void {
    while (block.left >= 8) {
      const type = block.u16();
      const size = block.u16();
      const flags = block.u8();
      this.#add(type, flags, block.skip(3).block(size));
    }
  }

  /** Version 2: signature, flags, optional fields; messages of 4 or 6 bytes; a checksum. */
  #readNew(address: number): void {
    const start = this.#blocks.peek(address, 64).expect("OHDR");
    const version = start.u8();
    if (version !== 2) throw new UnknownStructure(`object header of version ${version}`);
    const flags = start.u8();
    if (flags & 0x20) start.skip(16);
    if (flags & 0x10) start.skip(4);
    const length = start.uint(1 << (flags & 3));
    const ordered = (flags & 0x04) !== 0;
    const whole = this.#blocks.checked(address, start.at + length);
    this.#newMessages(whole.skip(start.at), ordered);
    for (const { address, length } of this.#continuations()) {
      this.#newMessages(this.#blocks.checked(address, length - 4).expect("OCHK"), ordered);
    }
  }

  #newMessages(block: Cursor, ordered: boolean): void {
    const head = ordered ? 6 : 4;
    while (block.left >= head) {
      const type = block.u8();
      const size = block.u16();
      const flags = block.u8();
      if (ordered) block.skip(2);
      this.#add(type, flags, block.block(size));
    }
  }
}

/**
 * Reads the header of an object.
 *
 * @param blocks The open file.
 * @param address Address of the header.
 * @returns Its messages.
 * @throws {DamagedStructure} if the header is damaged.
 * @throws {UnknownStructure} if it is of an unknown kind.
 */
export function readMessages(blocks: Blocks, address: number): Messages {
  return new Messages(blocks, new MessageReader(blocks).read(address));
}
