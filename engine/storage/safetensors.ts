/**
 * safetensors files: a header in JSON and the tensors' bytes. Tensors are read one at a time.
 * @module
 */
import { DataError } from "../errors.ts";
import { writeFileAtomic } from "./atomic.ts";
import { describeWrongFile, FILE_START, fileKind } from "./file_kind.ts";
import { FileReader } from "./file_reader.ts";
import {
  bytesOf,
  elementCount,
  findTensorType,
  isTensorType,
  type StoredTensor,
  TENSOR_TYPES,
} from "./tensor_types.ts";

/** What the header says about a tensor. */
export interface SafetensorsEntry {
  /** Element type; the format's own name of one that cannot be read. */
  readonly dtype: string;
  /** Dimensions; none for a single value. */
  readonly shape: readonly number[];
  /** First byte after the header. */
  readonly begin: number;
  /** Byte after the last. */
  readonly end: number;
}

/** The header's length, in 8 bytes. */
const LENGTH_BYTES = 8;
/** Longest header that the format allows. */
const MAX_HEADER = 100_000_000;

type Fail = (state: string, tensor?: string) => DataError;

const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Reads and decodes the header; gives its length in bytes too. */
function readHeader(file: FileReader, fail: Fail): [header: Record<string, unknown>, end: number] {
  const start = file.start(FILE_START);
  const kind = fileKind(start);
  if (file.size < LENGTH_BYTES || kind !== undefined && kind !== "safetensors") {
    throw fail(describeWrongFile(start, "a safetensors file"));
  }
  const length = Number(new DataView(start.buffer).getBigUint64(0, true));
  const end = LENGTH_BYTES + length;
  if (length > MAX_HEADER || length < 2) throw fail("it is not a safetensors file");
  if (end > file.size) {
    throw fail(`it is truncated: the header ends at byte ${end} of ${file.size}`);
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(file.read(LENGTH_BYTES, length));
    const header: unknown = JSON.parse(text);
    if (isRecord(header)) return [header, end];
  } catch (error) {
    if (error instanceof DataError) throw error;
  }
  throw fail("its header is not valid JSON");
}

function parseEntry(name: string, value: unknown, fail: Fail): SafetensorsEntry {
  if (!isRecord(value)) throw fail("has no description", name);
  const { dtype: given, shape, data_offsets: offsets } = value;
  if (typeof given !== "string") throw fail("has no type", name);
  if (!Array.isArray(shape) || !shape.every(isSize)) throw fail("has an invalid shape", name);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw fail("has invalid offsets", name);
  }
  const [begin = 0, end = 0] = offsets;
  const dtype = findTensorType((info) => info.safetensors === given);
  // A type that is not known here matters only if somebody wants the tensor.
  if (dtype === undefined) return { dtype: given, shape, begin, end };
  const wanted = elementCount(shape) * TENSOR_TYPES[dtype].format.size;
  if (end - begin !== wanted) {
    throw fail(`takes ${wanted} bytes by type and shape, ${end - begin} by its offsets`, name);
  }
  return { dtype, shape, begin, end };
}

/** Tensors must follow one another without gap or overlap, and fill the file. */
function checkLayout(
  entries: ReadonlyMap<string, SafetensorsEntry>,
  size: number,
  fail: Fail,
): void {
  const order = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const [name, { begin, end }] of order) {
    if (begin < at) throw fail("overlaps another tensor", name);
    if (begin > at) throw fail(`starts ${begin - at} bytes after the one before it ends`, name);
    if (end > size) throw fail(`ends at byte ${end} but the file holds ${size}`, name);
    at = end;
  }
  if (at !== size) throw fail(`${size - at} bytes after the last tensor belong to none`);
}

/**
 * An open safetensors file.
 *
 * @example Write and read back
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { storedTensor, toFloat32 } from "./tensor_types.ts";
 * const path = `${Deno.makeTempDirSync()}/model.safetensors`;
 * const bias = storedTensor("float32", [2], new Float32Array([1, 2]));
 * await writeSafetensors(path, new Map([["bias", bias]]));
 * using file = SafetensorsFile.open(path);
 * assertEquals(toFloat32(file.read("bias")).data, new Float32Array([1, 2]));
 * ```
 */
export class SafetensorsFile implements Disposable {
  /** Tensors by name, in the order of the header. */
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  /** The file's own notes. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly #file: FileReader;
  readonly #start: number;

  private constructor(file: FileReader) {
    this.#file = file;
    const fail: Fail = (state, tensor) =>
      new DataError(
        `Cannot read "${file.path}": ${tensor === undefined ? "" : `tensor "${tensor}" `}${state}`,
        { file: file.path, dataset: tensor },
      );
    const [{ __metadata__: metadata = {}, ...tensors }, start] = readHeader(file, fail);
    if (!isRecord(metadata) || !Object.values(metadata).every((note) => typeof note === "string")) {
      throw fail("its metadata is not made of strings");
    }
    this.metadata = metadata as Record<string, string>;
    this.#start = start;
    this.entries = new Map(
      Object.entries(tensors).map(([name, value]) => [name, parseEntry(name, value, fail)]),
    );
    checkLayout(this.entries, file.size - start, fail);
  }

  /**
   * Opens a file and checks its header.
   *
   * @param path The file.
   * @returns The open file; close it.
   * @throws {DataError} if it is missing, cut off, or its header is invalid.
   */
  static open(path: string): SafetensorsFile {
    return SafetensorsFile.of(FileReader.open(path));
  }

  /**
   * Checks the header of a file that is open already.
   *
   * @param file The file, which is closed with what comes back, or at once if it is refused.
   * @returns The open file; close it.
   * @throws {DataError} if it is cut off, or its header is invalid.
   */
  static of(file: FileReader): SafetensorsFile {
    try {
      return new SafetensorsFile(file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Reads one tensor.
   *
   * @param name Its name.
   * @returns The tensor, in memory of its own.
   * @throws {DataError} if there is none of that name, or its type or bytes cannot be read.
   */
  read(name: string): StoredTensor {
    const entry = this.entries.get(name);
    if (!entry) throw this.#unreadable(name, "is missing");
    const { dtype, shape, begin, end } = entry;
    if (!isTensorType(dtype)) {
      throw this.#unreadable(name, `is of type ${dtype}, which is not supported`);
    }
    return {
      kind: "tensor",
      dtype,
      shape,
      data: this.#file.read(this.#start + begin, end - begin),
    };
  }

  #unreadable(name: string, state: string): DataError {
    const file = this.#file.path;
    return new DataError(`Cannot read "${file}": tensor "${name}" ${state}`, {
      file,
      dataset: name,
    });
  }

  /** Releases the file; closing twice is fine. */
  close(): void {
    this.#file.close();
  }

  /** Releases the file. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Writes a safetensors file, atomically. Same tensors, same bytes.
 *
 * @param path The file to replace or create.
 * @param tensors Tensors by name. Larger element types come first, so that all are aligned.
 * @param metadata Notes to keep in the header.
 * @throws {DataError} if the file cannot be written.
 *
 * @example Write one tensor
 * ```ts
 * import { assert } from "@std/assert";
 * import { storedTensor } from "./tensor_types.ts";
 * const path = `${Deno.makeTempDirSync()}/model.safetensors`;
 * const step = storedTensor("int64", [], new BigInt64Array([3n]));
 * await writeSafetensors(path, new Map([["step", step]]), { format: "pt" });
 * assert(Deno.statSync(path).size > 8);
 * ```
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const sizeOf = ({ dtype }: StoredTensor) => TENSOR_TYPES[dtype].format.size;
  const order = [...tensors].sort(([a, first], [b, second]) =>
    sizeOf(second) - sizeOf(first) || (a < b ? -1 : 1)
  );
  let at = 0;
  const header = Object.fromEntries(order.map(([name, { dtype, shape, data }]) => {
    const begin = at;
    at += data.byteLength;
    const { safetensors } = TENSOR_TYPES[dtype];
    return [name, { dtype: safetensors, shape, data_offsets: [begin, at] }];
  }));
  const text = JSON.stringify(metadata ? { __metadata__: metadata, ...header } : header);
  const bytes = new TextEncoder().encode(text);
  const length = Math.ceil(bytes.length / 8) * 8;
  const head = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(bytes, LENGTH_BYTES);
  await writeFileAtomic(path, [head, ...order.map(([, { data }]) => bytesOf(data))]);
}
