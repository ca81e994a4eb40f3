/** What a run file of W&B says of the epochs that a resumed run has behind it. */
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { BLOCK, type Content, HEADER, IDENT, ITEM, joined, PIECE, RECORD, RUN } from "./_wandb.ts";

/** What every row has. */
const STEP_FIELDS: ReadonlySet<string> = new Set(["epoch", "_step", "_timestamp", "_runtime"]);

/** What stays of a file. */
export interface KeptRecords {
  /** When the run began, in milliseconds; absent where the file does not say. */
  readonly started?: number;
  /** Last epoch whose numbers are among the records; -1 where there are none. */
  readonly last: number;
  /** Numbers and images of earlier epochs, as they were. */
  readonly records: readonly Content[];
}

/**
 * Reads what a file says of the epochs before one. A torn end is left out.
 * @param file The bytes of the file; none where there is no file.
 * @param next The first epoch that is still to come.
 */
export function keptRecords(file: Uint8Array, next: number): KeptRecords {
  const records: Content[] = [];
  let started: number | undefined;
  let last = -1;
  for (const record of recordsOf(file)) {
    const { kind, body, raw } = readRecord(record);
    if (kind === RECORD.run) started = startOf(body);
    const step = kind === RECORD.history ? stepOf(body) : undefined;
    if (step !== undefined && step < next) {
      records.push((writer) => writer.raw(raw));
      if (hasNumbers(body)) last = Math.max(last, step);
    }
    if (kind === RECORD.files) records.push((writer) => writer.raw(raw));
  }
  return { started, last, records };
}

/** Puts the pieces of records together. */
function* recordsOf(file: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let pieces: Uint8Array[] = [];
  for (let at = IDENT.length; at + HEADER <= file.length;) {
    const left = BLOCK - at % BLOCK;
    if (left < HEADER) {
      at += left;
      continue;
    }
    const end = at + HEADER + view.getUint16(at + 4, true);
    if (end > file.length) return;
    const type = file[at + 6];
    pieces.push(file.subarray(at + HEADER, end));
    if (type === PIECE.full || type === PIECE.last) {
      yield joined(pieces);
      pieces = [];
    }
    at = end;
  }
}

/** A record, taken apart. */
interface RecordParts {
  readonly kind: number;
  readonly body: Uint8Array;
  readonly raw: Uint8Array;
}

/** The kind of a record, what it holds, and its bytes without its number. */
function readRecord(record: Uint8Array): RecordParts {
  let found: RecordParts = { kind: 0, body: record, raw: record };
  const reader = new BinaryReader(record);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [field, type] = reader.tag();
    if (field === RECORD.num) {
      reader.skip(type, field);
      continue;
    }
    const body = reader.bytes();
    found = { kind: field, body, raw: record.subarray(start, reader.pos) };
  }
  return found;
}

/** The step of a history record: `{ step: { num } }`, where 0 is left out. */
function stepOf(history: Uint8Array): number {
  const step = fieldOf(history, 2);
  return step === undefined ? 0 : Number(fieldOf(step.bytes(), 1)?.int64() ?? 0);
}

/** Whether a history record holds more than an image and its step. */
function hasNumbers(history: Uint8Array): boolean {
  const reader = new BinaryReader(history);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field !== 1) {
      reader.skip(type, field);
      continue;
    }
    const item = reader.bytes();
    const key = fieldOf(item, ITEM.key)?.string() ?? "";
    const isNumber = !fieldOf(item, ITEM.valueJson)?.string().startsWith("{");
    if (isNumber && !STEP_FIELDS.has(key)) return true;
  }
  return false;
}

/** The start of a run record: `{ seconds, nanos }`. */
function startOf(run: Uint8Array): number | undefined {
  const time = fieldOf(run, RUN.startTime)?.bytes();
  if (time === undefined) return undefined;
  const seconds = Number(fieldOf(time, 1)?.int64() ?? 0);
  return seconds * 1000 + Math.floor((fieldOf(time, 2)?.int32() ?? 0) / 1_000_000);
}

/** A reader that stands at the value of a field; `undefined` where the message lacks it. */
function fieldOf(message: Uint8Array, wanted: number): BinaryReader | undefined {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === wanted) return new BinaryReader(message.subarray(reader.pos));
    reader.skip(type, field);
  }
}
