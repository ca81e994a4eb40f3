/** Event files of TensorBoard: records with checksums, each of them an `Event` of its protobuf files. */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { pngSize } from "./_files.ts";

/** Fields of `tensorflow.Event`, by number. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const;
/** Fields of `tensorflow.Summary.Value`. */
const VALUE = { tag: 1, simpleValue: 2, image: 4, tensor: 8, metadata: 9 } as const;
/** Fields of `tensorflow.Summary.Image`. */
const IMAGE = { height: 1, width: 2, colorspace: 3, encoded: 4 } as const;
/** Fields of `tensorflow.TensorProto`, and its type of texts. */
const TENSOR = { dtype: 1, stringVal: 8 } as const;
const DT_STRING = 7;
/** `tensorflow.SessionLog.START`: what stands before at this step and later ones no longer counts. */
const SESSION_START = 1;
const RGBA = 4;

/** One entry of a summary. */
export type SummaryValue = (writer: BinaryWriter) => void;

/** A number. */
export function scalarValue(tag: string, value: number): SummaryValue {
  return (writer) => {
    writer.tag(VALUE.tag, WireType.LengthDelimited).string(tag);
    writer.tag(VALUE.simpleValue, WireType.Bit32).float(Math.fround(value));
  };
}

/** An image, as a PNG file. */
export function imageValue(tag: string, png: Uint8Array<ArrayBuffer>): SummaryValue {
  const { width, height } = pngSize(png);
  return (writer) => {
    writer.tag(VALUE.tag, WireType.LengthDelimited).string(tag);
    writer.tag(VALUE.image, WireType.LengthDelimited).fork();
    writer.tag(IMAGE.height, WireType.Varint).int32(height);
    writer.tag(IMAGE.width, WireType.Varint).int32(width);
    writer.tag(IMAGE.colorspace, WireType.Varint).int32(RGBA);
    writer.tag(IMAGE.encoded, WireType.LengthDelimited).bytes(png).join();
  };
}

/** A text in Markdown. */
export function textValue(tag: string, markdown: string): SummaryValue {
  return (writer) => {
    writer.tag(VALUE.tag, WireType.LengthDelimited).string(tag);
    writer.tag(VALUE.tensor, WireType.LengthDelimited).fork();
    writer.tag(TENSOR.dtype, WireType.Varint).int32(DT_STRING);
    writer.tag(TENSOR.stringVal, WireType.LengthDelimited).string(markdown).join();
    writer.tag(VALUE.metadata, WireType.LengthDelimited).fork(); // { plugin_data: { plugin_name } }
    writer.tag(1, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string("text").join().join();
  };
}

/** The record that a file begins with. */
export function fileVersion(seconds: number): Uint8Array<ArrayBuffer> {
  return record(seconds, 0, (writer) => {
    writer.tag(EVENT.fileVersion, WireType.LengthDelimited).string("brain.Event:2");
  });
}

/** The record of a run that goes on at a step. */
export function sessionStart(seconds: number, step: number): Uint8Array<ArrayBuffer> {
  return record(seconds, step, (writer) => {
    writer.tag(EVENT.sessionLog, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).int32(SESSION_START).join();
  });
}

/** The record of values that belong to one step. */
export function summary(
  seconds: number,
  step: number,
  values: readonly SummaryValue[],
): Uint8Array<ArrayBuffer> {
  return record(seconds, step, (writer) => {
    writer.tag(EVENT.summary, WireType.LengthDelimited).fork();
    for (const write of values) {
      writer.tag(1, WireType.LengthDelimited).fork();
      write(writer);
      writer.join();
    }
    writer.join();
  });
}

function record(
  seconds: number,
  step: number,
  write: (writer: BinaryWriter) => void,
): Uint8Array<ArrayBuffer> {
  const writer = new BinaryWriter();
  writer.tag(EVENT.wallTime, WireType.Bit64).double(seconds);
  if (step !== 0) writer.tag(EVENT.step, WireType.Varint).int64(step);
  write(writer);
  return framed(writer.finish());
}

const LENGTH_BYTES = 8;
const CHECKSUM_BYTES = 4;

/** A record of TFRecord: length, its checksum, data, its checksum. */
function framed(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = LENGTH_BYTES + CHECKSUM_BYTES;
  const bytes = new Uint8Array(head + data.length + CHECKSUM_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(LENGTH_BYTES, masked(crc32c(bytes.subarray(0, LENGTH_BYTES))), true);
  bytes.set(data, head);
  view.setUint32(head + data.length, masked(crc32c(data)), true);
  return bytes;
}

/**
 * Finds the last step with numbers in event files that continue each other; -1 where there is none.
 * A torn end is left out.
 */
export function lastStep(files: readonly Uint8Array[]): number {
  let last = -1;
  for (const event of files.flatMap((file) => [...recordsOf(file)])) {
    const { step, hasNumbers, begins } = readEvent(event);
    if (begins) last = Math.min(last, step - 1);
    if (hasNumbers) last = Math.max(last, step);
  }
  return last;
}

function* recordsOf(file: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const head = LENGTH_BYTES + CHECKSUM_BYTES;
  for (let at = 0; at + head <= file.length;) {
    const end = at + head + Number(view.getBigUint64(at, true));
    if (end + CHECKSUM_BYTES > file.length) return;
    yield file.subarray(at + head, end);
    at = end + CHECKSUM_BYTES;
  }
}

/** The step of an event, whether it holds numbers, and whether a run goes on there. */
function readEvent(event: Uint8Array): { step: number; hasNumbers: boolean; begins: boolean } {
  const found = { step: 0, hasNumbers: false, begins: false };
  for (const [field, reader] of fieldsOf(event)) {
    if (field === EVENT.step) found.step = Number(reader.int64());
    else if (field === EVENT.sessionLog) found.begins = reader.bytes().length > 0;
    else if (field === EVENT.summary) found.hasNumbers = hasNumbers(reader.bytes());
  }
  return found;
}

function hasNumbers(summary: Uint8Array): boolean {
  return fieldsOf(summary).some(([, values]) =>
    fieldsOf(values.bytes()).some(([field]) => field === VALUE.simpleValue)
  );
}

/** Fields of a message, each with a reader that stands at its value. */
function fieldsOf(message: Uint8Array): [number, BinaryReader][] {
  const reader = new BinaryReader(message);
  const fields: [number, BinaryReader][] = [];
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    fields.push([field, new BinaryReader(message.subarray(reader.pos))]);
    reader.skip(type, field);
  }
  return fields;
}

/** CRC-32C of each byte, from its reversed polynomial. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  return sum;
});

/** CRC-32C (Castagnoli), which node:zlib does not have. */
export function crc32c(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 0xff] ^ (sum >>> 8);
  return ~sum >>> 0;
}

/** TFRecord turns checksums around, so that data with checksums in it does not sum up to nothing. */
function masked(sum: number): number {
  return ((sum >>> 15 | sum << 17) + 0xa282ead8) >>> 0;
}
