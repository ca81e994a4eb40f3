/**
 * Protobuf messages, TensorBoard's event files and W&B's run files, read without the code that writes
 * them.
 */
import { assert, assertEquals } from "@std/assert";
import { crc32 } from "node:zlib";

/** Values of a message by field number: numbers of varints, bytes of everything else. */
export type Message = Readonly<Record<number, readonly (number | Uint8Array)[]>>;

/** Reads a message. */
export function decode(bytes: Uint8Array): Message {
  const fields: Record<number, (number | Uint8Array)[]> = {};
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1;; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const value = (() => {
      switch (tag & 7) {
        case 0:
          return varint();
        case 1:
          return bytes.subarray(at, at += 8);
        case 2: {
          const length = varint();
          return bytes.subarray(at, at += length);
        }
        case 5:
          return bytes.subarray(at, at += 4);
      }
      throw new Error(`wire type ${tag & 7}`);
    })();
    (fields[tag >>> 3] ??= []).push(value);
  }
  assertEquals(at, bytes.length);
  return fields;
}

/** A message inside of a message; an empty one where there is none. */
export function inside(message: Message, ...path: readonly number[]): Message {
  return path.reduce((at, field) => {
    const [bytes = new Uint8Array()] = at[field] ?? [];
    return decode(bytes as Uint8Array);
  }, message);
}

/** All messages of a field. */
export function all(message: Message, field: number): Message[] {
  return (message[field] ?? []).map((bytes) => decode(bytes as Uint8Array));
}

/** A text field; `undefined` where it is absent. */
export function text(message: Message, field: number): string | undefined {
  const [bytes] = message[field] ?? [];
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes as Uint8Array);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** CRC-32C, bit by bit. */
export function crc32c(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0x82f63b78 : 0);
  }
  return ~sum >>> 0;
}

function masked(sum: number): number {
  return ((sum >>> 15 | sum << 17) + 0xa282ead8) >>> 0;
}

/** One event: its step, what it is, and its values by tag. */
export interface Event {
  readonly step: number;
  readonly kind: "version" | "start" | "summary";
  readonly values: Readonly<Record<string, unknown>>;
}

/** Reads an event file, and checks its checksums. */
export function readEvents(file: Uint8Array): Event[] {
  const events: Event[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(view(file).getBigUint64(at, true));
    assertEquals(view(file).getUint32(at + 8, true), masked(crc32c(file.subarray(at, at + 8))));
    const data = file.subarray(at + 12, at + 12 + length);
    assertEquals(view(file).getUint32(at + 12 + length, true), masked(crc32c(data)));
    at += length + 16;
    events.push(readEvent(decode(data)));
  }
  return events;
}

function readEvent(event: Message): Event {
  const [time] = event[1] as Uint8Array[];
  assert(view(time).getFloat64(0, true) > 0);
  const step = Number(event[2]?.[0] ?? 0);
  if (text(event, 3) === "brain.Event:2") return { step, kind: "version", values: {} };
  if (event[7]) {
    assertEquals(inside(event, 7), { 1: [1] });
    return { step, kind: "start", values: {} };
  }
  const values = all(inside(event, 5), 1).map((value) => [text(value, 1), valueOf(value)]);
  return { step, kind: "summary", values: Object.fromEntries(values) };
}

/** A number, the size of an image, or a text. */
function valueOf(value: Message): unknown {
  if (value[2]) return view(value[2][0] as Uint8Array).getFloat32(0, true);
  if (value[4]) {
    const { 1: height, 2: width, 4: png } = inside(value, 4);
    return [height[0], width[0], (png[0] as Uint8Array).length];
  }
  assertEquals(text(inside(value, 9, 1), 1), "text");
  assertEquals(inside(value, 8)[1], [7]);
  return text(inside(value, 8), 8);
}

/** Puts the records of a run file together, and checks blocks and checksums. */
export function readRecords(file: Uint8Array): Message[] {
  assertEquals([...file.subarray(0, 7)], [0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0]);
  const records: Message[] = [];
  let pieces: number[] = [];
  for (let at = 7; at < file.length;) {
    const left = 32_768 - at % 32_768;
    if (left < 7) {
      assert(file.subarray(at, at += left).every((byte) => byte === 0));
      continue;
    }
    const length = view(file).getUint16(at + 4, true);
    assert(length + 7 <= left);
    const end = at + 7 + length;
    assertEquals(view(file).getUint32(at, true), crc32(file.subarray(at + 6, end)));
    const type = file[at + 6];
    assertEquals(type === 1 || type === 2, pieces.length === 0 && at !== end);
    pieces.push(...file.subarray(at + 7, end));
    if (type === 1 || type === 4) {
      records.push(decode(new Uint8Array(pieces)));
      pieces = [];
    }
    at = end;
  }
  assertEquals(pieces, []);
  return records;
}

/** Key and JSON of a message's items. */
export function items(message: Message, field = 1): Record<string, string> {
  const pairs = all(message, field).map((item) => [text(item, 1), text(item, 16)]);
  return Object.fromEntries(pairs);
}
