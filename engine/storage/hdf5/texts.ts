/**
 * Texts in HDF5 files: of one length, and of any, which lie in heaps.
 * @module
 */
import { sizeOf } from "../../ir/dims.ts";
import { type Container, cursorOver } from "./container.ts";
import { type Cursor, DamagedStructure, UnknownStructure } from "./cursor.ts";
import type { TextType } from "./datatype.ts";
import { readShape, readType } from "./layout.ts";
import type { FoundObject } from "./paths.ts";
import { openRawRows } from "./raw.ts";
import type { Hdf5Header } from "./rows.ts";

/** Bytes of texts that are believed without asking how many of them are stored. */
const SMALL_BYTES = 64 << 20;

/** A text that is not UTF-8. */
export class NotUtf8 extends Error {
  override name = "NotUtf8";

  /** @param index Which of the texts it is. */
  constructor(readonly index: number) {
    super(`text ${index} is not UTF-8`);
  }
}

/** A text of one length without what fills it up. */
function trimmed(bytes: Uint8Array, padding: TextType["padding"]): Uint8Array {
  const zero = bytes.indexOf(0);
  let end = zero < 0 ? bytes.length : zero;
  if (padding === "spaces") { while (end > 0 && bytes[end - 1] === 0x20) end--; }
  return bytes.subarray(0, end);
}

/**
 * Reads texts.
 *
 * @param container The file.
 * @param type Their type.
 * @param data At the first of them.
 * @param count How many there are.
 * @returns The texts.
 * @throws {DamagedStructure} if one is missing.
 * @throws {NotUtf8} if one is not UTF-8.
 */
export function readTexts(
  container: Container,
  type: TextType,
  { data, count }: { readonly data: Cursor; readonly count: number },
): string[] {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  return Array.from({ length: count }, (_, i) => {
    const bytes = type.anyLength ? anyText(container, data) : data.bytes(type.size);
    try {
      return decoder.decode(trimmed(bytes, type.anyLength ? "terminated" : type.padding));
    } catch {
      throw new NotUtf8(i);
    }
  });
}

function anyText(container: Container, data: Cursor): Uint8Array {
  const length = data.u32();
  const object = container.heap.object(data);
  if (length === 0 || object === undefined) return new Uint8Array(0);
  return cursorOver(container, object).bytes(length);
}

/**
 * Reads a dataset of texts.
 *
 * @param object The dataset.
 * @param header Its file and name, for messages.
 * @returns The texts; `undefined` where it holds none.
 * @throws {DamagedStructure} if texts are missing.
 * @throws {NotUtf8} if one is not UTF-8.
 * @throws {UnknownStructure} if they are stored in a way that is not known here.
 */
export function readTextDataset(
  object: FoundObject,
  header: Pick<Hdf5Header, "file" | "name">,
): string[] | undefined {
  const { container, messages } = object;
  const { blocks: { file, superblock } } = container;
  const type = readType(messages);
  const shape = readShape(messages);
  if (type.class !== "text" || shape === undefined) return undefined;
  const elementSize = type.anyLength ? superblock.offsetSize + 8 : type.size;
  const raw = openRawRows(object, { header: { ...header, shape }, elementSize });
  if (raw === undefined) throw new UnknownStructure("texts that are stored in an unusual way");
  const count = sizeOf(shape);
  const bytes = count * elementSize;
  if (bytes > Math.max(file.size, SMALL_BYTES)) {
    throw new DamagedStructure(`${count} texts in a file of ${file.size} bytes`);
  }
  const target = new Uint8Array(bytes);
  if (count > 0) raw.rows.read(0, shape[0] ?? 1, target);
  raw.rows.close();
  return readTexts(container, type, { data: cursorOver(container, target), count });
}
