/**
 * HDF5 attributes: numbers, truth values and texts of the usual types.
 * @module
 */
import { sizeOf } from "../../ir/dims.ts";
import { converter } from "../number_format.ts";
import { readRecords, RECORDS } from "./btree2.ts";
import type { Container } from "./container.ts";
import { type Cursor, DamagedStructure, UnknownStructure } from "./cursor.ts";
import { type Datatype, readDatatype } from "./datatype.ts";
import { FractalHeap } from "./fractal_heap.ts";
import { readDataspace } from "./layout.ts";
import { numberType } from "./number_type.ts";
import { MESSAGE, type Messages, sharedMessage } from "./objects.ts";
import { readTexts } from "./texts.ts";

/** The value of an attribute. */
export type Hdf5Attribute = string | number | boolean | null | Hdf5Attribute[];

/** An attribute as it is stored. */
export interface StoredAttribute {
  readonly name: string;
  readonly type: Datatype;
  /** Its dimensions; `undefined` where it has no value. */
  readonly shape: readonly number[] | undefined;
  readonly data: Cursor;
}

/** Flags of an attribute: its type, its dataspace are those of other objects. */
const SHARED = { type: 0x01, space: 0x02 } as const;

function readAttribute(container: Container, message: Cursor): StoredAttribute {
  const version = message.u8();
  if (version < 1 || version > 3) throw new UnknownStructure(`attribute of version ${version}`);
  const flags = version === 1 ? message.skip(1) && 0 : message.u8();
  const [nameSize, typeSize, spaceSize] = [message.u16(), message.u16(), message.u16()];
  if (version === 3) message.skip(1);
  const part = (size: number) => message.block(version === 1 ? Math.ceil(size / 8) * 8 : size);
  const name = part(nameSize);
  const type = part(typeSize);
  const space = part(spaceSize);
  const { blocks } = container;
  return {
    name: new TextDecoder().decode(name.untilZero()),
    type: readDatatype(
      flags & SHARED.type ? sharedMessage(blocks, type, MESSAGE.datatype) : type,
    ),
    shape: readDataspace(
      flags & SHARED.space ? sharedMessage(blocks, space, MESSAGE.dataspace) : space,
    ),
    data: message,
  };
}

/**
 * Lists the attributes of an object.
 *
 * @param container The file that holds it.
 * @param messages Its header.
 * @returns Its attributes.
 * @throws {DamagedStructure} if they are damaged.
 */
export function* readAttributes(
  container: Container,
  messages: Messages,
): Generator<StoredAttribute> {
  for (const message of messages.all(MESSAGE.attribute)) yield readAttribute(container, message);
  for (const info of messages.all(MESSAGE.attributeInfo)) {
    const flags = info.skip(1).u8();
    if (flags & 0x01) info.skip(2);
    const heapAddress = info.address();
    const tree = info.address();
    if (heapAddress === undefined || tree === undefined) continue;
    const heap = new FractalHeap(container.blocks, heapAddress);
    for (const record of readRecords(container.blocks, tree, RECORDS.attributeNames)) {
      const attribute = heap.object(record);
      record.at = 8;
      if (record.u8() & 0x02) throw new UnknownStructure("attributes of the whole file");
      yield readAttribute(container, attribute);
    }
  }
}

function readNumbers(type: Datatype, data: Cursor, count: number): number[] | undefined {
  const format = numberType(type);
  if (typeof format === "string") return undefined;
  const values = new Float64Array(count);
  converter(format)(data.bytes(count * format.size), values, 0);
  return [...values];
}

/** Whether an enumeration stands for truth values, as h5py writes them. */
function isTruth(type: Datatype): boolean {
  return type.class === "enumeration" && type.names.join() === "FALSE,TRUE";
}

/**
 * Reads the value of an attribute.
 *
 * @param container The file that holds it.
 * @param attribute The attribute.
 * @returns Its value, lists flat; `undefined` where its type is not known here.
 * @throws {DamagedStructure} if the value is damaged.
 */
export function attributeValue(
  container: Container,
  { type, shape, data }: StoredAttribute,
): Hdf5Attribute | undefined {
  if (shape === undefined) return null;
  const count = sizeOf(shape);
  if (count > data.left) throw new DamagedStructure(`${count} values in ${data.left} bytes`);
  const start = data.at;
  const values = type.class === "text"
    ? readTexts(container, type, { data, count })
    : readNumbers(type, data, count);
  data.at = start;
  if (values === undefined) return undefined;
  const typed = isTruth(type) ? values.map((value) => value !== 0) : values;
  return shape.length === 0 ? typed[0] : typed;
}
