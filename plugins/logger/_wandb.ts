/** Run files of W&B: LevelDB's log format, whose records are `Record`s of wandb_internal.proto. */
import { crc32 } from "node:zlib";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** Fields of `wandb_internal.Record`, by number. */
export const RECORD = {
  num: 1,
  history: 2,
  summary: 3,
  config: 5,
  files: 6,
  run: 17,
  exit: 18,
  header: 21,
} as const;
/** Fields of `RunRecord`. */
export const RUN = {
  runId: 1,
  entity: 2,
  project: 3,
  config: 4,
  group: 6,
  displayName: 8,
  tags: 10,
  host: 13,
  startTime: 17,
} as const;
/** Fields of the items of config, history and summary. */
export const ITEM = { key: 1, valueJson: 16 } as const;
/** `FilesItem.FileType.MEDIA`. */
const MEDIA = 2;

/** What a run is called. */
export interface WandbRun {
  /** Id, by which the service knows the run. */
  readonly id: string;
  /** User or team; the user's default where not given. */
  readonly entity: string | null;
  /** Project. */
  readonly project: string;
  /** Runs that belong together. */
  readonly group: string;
  /** Name that is shown; the service makes one where not given. */
  readonly name: string | null;
  /** Tags. */
  readonly tags: readonly string[];
  /** Config, as nested objects. */
  readonly config: Readonly<Record<string, unknown>>;
  /** When it began, in milliseconds. */
  readonly started: number;
}

/** Content of a record. */
export type Content = (writer: BinaryWriter) => void;

/** The first record: what wrote the file, and which readers can take it. */
export function header(version: string): Content {
  return message(RECORD.header, (writer) => {
    writer.tag(1, WireType.LengthDelimited).fork(); // version_info
    text(writer, 1, `glovita ${version}`);
    text(writer, 2, "0.12.0");
    writer.join();
  });
}

/** The run itself. */
export function run(
  { id, entity, project, group, name, tags, config, started }: WandbRun,
): Content {
  return message(RECORD.run, (writer) => {
    text(writer, RUN.runId, id);
    if (entity !== null) text(writer, RUN.entity, entity);
    text(writer, RUN.project, project);
    writer.tag(RUN.config, WireType.LengthDelimited).fork();
    items(writer, config);
    writer.join();
    text(writer, RUN.group, group);
    if (name !== null) text(writer, RUN.displayName, name);
    for (const tag of tags) text(writer, RUN.tags, tag);
    writer.tag(RUN.startTime, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).int64(Math.floor(started / 1000));
    writer.tag(2, WireType.Varint).int32(started % 1000 * 1_000_000).join();
  });
}

/** Values of a step. */
export function history(step: number, values: Readonly<Record<string, unknown>>): Content {
  return message(RECORD.history, (writer) => {
    items(writer, values);
    writer.tag(2, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.Varint).int64(step).join();
  });
}

/** Values that stand for the whole run in tables. */
export function runSummary(values: Readonly<Record<string, unknown>>): Content {
  return message(RECORD.summary, (writer) => items(writer, values));
}

/** A file of the run's `files` folder that is to be uploaded. */
export function mediaFile(path: string): Content {
  return message(RECORD.files, (writer) => {
    writer.tag(1, WireType.LengthDelimited).fork();
    text(writer, 1, path);
    writer.tag(3, WireType.Varint).int32(MEDIA).join();
  });
}

/** The end. */
export function exit(code: number, seconds: number): Content {
  return message(RECORD.exit, (writer) => {
    writer.tag(1, WireType.Varint).int32(code);
    writer.tag(2, WireType.Varint).int32(Math.floor(seconds));
  });
}

function message(field: number, write: Content): Content {
  return (writer) => {
    writer.tag(field, WireType.LengthDelimited).fork();
    write(writer);
    writer.join();
  };
}

function text(writer: BinaryWriter, field: number, value: string): void {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

/** Items of a message whose first field they are. */
function items(writer: BinaryWriter, values: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    writer.tag(1, WireType.LengthDelimited).fork();
    text(writer, ITEM.key, key);
    text(writer, ITEM.valueJson, asJson(value));
    writer.join();
  }
}

/** JSON as Python writes and reads it: with `NaN`, `Infinity` and `-Infinity`. */
function asJson(value: unknown): string {
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

export const BLOCK = 32_768;
export const HEADER = 7;
/** Bytes at the start of a file: `:W&B`, 0xBEE1, version 0. */
export const IDENT = Uint8Array.of(0x3a, 0x57, 0x26, 0x42, 0xe1, 0xbe, 0);
/** Where a piece stands in its record. */
export const PIECE = { full: 1, first: 2, middle: 3, last: 4 } as const;

/** A place in a file. */
export interface Mark {
  /** Bytes before it. */
  readonly position: number;
  /** Records before it. */
  readonly records: number;
}

/** Makes the bytes of a file, record by record: blocks of 32 KiB, over whose ends records are cut. */
export class RunFileEncoder {
  #position = 0;
  #records = 0;

  /** Where the next record goes. */
  get mark(): Mark {
    return { position: this.#position, records: this.#records };
  }

  /** Goes back to where a record began. */
  set mark({ position, records }: Mark) {
    this.#position = position;
    this.#records = records;
  }

  /**
   * Encodes the next records.
   * @param contents The records.
   * @returns Bytes that go to the end of the file.
   */
  encode(contents: readonly Content[]): Uint8Array<ArrayBuffer> {
    const parts: Uint8Array[] = [];
    if (this.#position === 0) this.#push(parts, IDENT);
    for (const content of contents) {
      const writer = new BinaryWriter();
      writer.tag(RECORD.num, WireType.Varint).int64(++this.#records);
      content(writer);
      this.#frame(parts, writer.finish());
    }
    return joined(parts);
  }

  #push(parts: Uint8Array[], bytes: Uint8Array): void {
    parts.push(bytes);
    this.#position += bytes.length;
  }

  #frame(parts: Uint8Array[], record: Uint8Array): void {
    for (let at = 0, first = true; first || at < record.length; first = false) {
      const left = BLOCK - this.#position % BLOCK;
      if (left < HEADER) this.#push(parts, new Uint8Array(left));
      const room = BLOCK - this.#position % BLOCK - HEADER;
      const piece = record.subarray(at, at + room);
      at += piece.length;
      const last = at === record.length;
      const type = first ? last ? PIECE.full : PIECE.first : last ? PIECE.last : PIECE.middle;
      this.#push(parts, headed(piece, type));
    }
  }
}

/** A piece of a record: checksum of type and data, length, type, data. */
function headed(piece: Uint8Array, type: number): Uint8Array {
  const bytes = new Uint8Array(HEADER + piece.length);
  const view = new DataView(bytes.buffer);
  bytes[6] = type;
  bytes.set(piece, HEADER);
  view.setUint32(0, crc32(bytes.subarray(6)), true);
  view.setUint16(4, piece.length, true);
  return bytes;
}

/** Puts pieces together. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
