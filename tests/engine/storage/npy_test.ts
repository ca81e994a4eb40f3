import { assert, assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { NpyFile } from "../../../engine/storage/npy.ts";
import { NPY_FOLDER, TemporaryFolder } from "./testdata.ts";

interface Expected {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: readonly (number | string)[];
}

const EXPECTED: Readonly<Record<string, Expected>> = JSON.parse(
  Deno.readTextFileSync(`${NPY_FOLDER}/expected.json`),
);

const bytesOf = (name: string) => Deno.readFileSync(`${NPY_FOLDER}/${name}`);

/** The message about a file of these bytes, without its beginning. */
function failure(content: Uint8Array<ArrayBuffer>): string {
  using folder = new TemporaryFolder();
  const file = folder.file("a.npy");
  Deno.writeFileSync(file, content);
  const { message } = assertThrows(() => NpyFile.open(file), DataError);
  assert(!message.includes("\n"));
  assert(message.startsWith(`Cannot read "${file}": `), message);
  return message.replace(`Cannot read "${file}": `, "");
}

/** A file of version 1 with this header. */
function withHeader(header: string, values = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(10 + header.length + values);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  return bytes;
}

const headerOf = (shape: string, descr = "<f4") =>
  `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`;

Deno.test("the files cover every type of numbers in both byte orders, and every version", () => {
  const dtypes = new Set(Object.values(EXPECTED).map(({ dtype }) => dtype));
  assertEquals(dtypes.size, 12);
  for (const version of [1, 2, 3]) assertEquals(bytesOf(`version_${version}.npy`)[6], version);
  for (const name of ["f2_be", "i8_be", "u4_be"]) assert(`${name}.npy` in EXPECTED);
});

for (const [name, { shape, dtype, values }] of Object.entries(EXPECTED)) {
  Deno.test(`NpyFile reads ${name}`, () => {
    using array = NpyFile.open(`${NPY_FOLDER}/${name}`);
    assertEquals([array.header.shape, array.header.dtype], [shape, dtype]);
    const wanted = values.map(Number);
    assertEquals(array.readNumbers(), Float64Array.from(wanted));
    assertEquals(array.readRows(), Float32Array.from(wanted));
    const [rows = 1, ...rest] = shape;
    const size = rest.reduce((product, length) => product * length, 1);
    assertEquals([array.rows, array.rowSize], [rows, size]);
    for (let row = 0; row < rows; row++) {
      const one = Float32Array.from(wanted.slice(row * size, (row + 1) * size));
      assertEquals(array.readRows(row, 1), one);
    }
  });
}

Deno.test("readRows() fills the array that it is given", () => {
  using array = NpyFile.open(`${NPY_FOLDER}/cube.npy`);
  const target = new Float32Array(13).fill(-1);
  assertStrictEquals(array.readRows(1, 1, target), target);
  assertEquals([...target], [...Array.from({ length: 12 }, (_, i) => 12 + i), -1]);
});

Deno.test("readRows() reads an array that is longer than a block", () => {
  using folder = new TemporaryFolder();
  const file = folder.file("a.npy");
  const rows = 600_000;
  const header = headerOf(`(${rows}, 5)`, "|u1");
  const content = withHeader(header, 5 * rows);
  content.subarray(10 + header.length).forEach((_, i, values) => values[i] = i % 251);
  Deno.writeFileSync(file, content);
  const wide = folder.file("b.npy");
  const wideHeader = headerOf(`(${rows}, 5)`, "<f8");
  const numbers = Float64Array.from({ length: 5 * rows }, (_, i) => i % 1021);
  const bytes = withHeader(wideHeader, numbers.byteLength);
  bytes.set(new Uint8Array(numbers.buffer), 10 + wideHeader.length);
  Deno.writeFileSync(wide, bytes);
  using small = NpyFile.open(file);
  using large = NpyFile.open(wide);
  assertEquals(
    small.readRows(1),
    Float32Array.from({ length: 5 * rows - 5 }, (_, i) => (i + 5) % 251),
  );
  assertEquals(large.readRows(), Float32Array.from(numbers));
});

Deno.test("readRows() refuses rows that are not there, and an array that is too small", () => {
  using array = NpyFile.open(`${NPY_FOLDER}/cube.npy`);
  for (const [start, count] of [[0, 3], [-1, 1], [2, 1], [0, -1]]) {
    assertThrows(() => array.readRows(start, count), RangeError, "it has 2 rows");
  }
  assertThrows(() => array.readRows(0, 2, new Float32Array(23)), RangeError, "they have 24 values");
});

Deno.test("a closed NpyFile says that it is closed", () => {
  const array = NpyFile.open(`${NPY_FOLDER}/cube.npy`);
  array.close();
  array.close();
  assertThrows(() => array.readRows(), DataError, "it is closed");
});

Deno.test("NpyFile refuses arrays that are not numbers in the order of C", () => {
  const expected = "expected floats, integers or booleans";
  const lines: readonly (readonly [string, string])[] = [
    [
      "fortran.npy",
      "it is in Fortran's order, column after column; save it with numpy.ascontiguousarray",
    ],
    ["object.npy", `it holds Python objects ("|O"), ${expected}`],
    ["record.npy", "it holds records of several fields, not numbers"],
    ["complex.npy", `it holds complex numbers ("<c8"), ${expected}`],
    ["text.npy", `it holds texts ("<U2"), ${expected}`],
    ["bytes.npy", `it holds texts ("|S2"), ${expected}`],
    ["date.npy", `it holds dates ("<M8[D]"), ${expected}`],
    ["longdouble.npy", `it holds another type ("<f16"), ${expected}`],
    ["two.npz", "it is a zip archive, not a NumPy array (.npy)"],
  ];
  for (const [name, line] of lines) assertEquals(failure(bytesOf(name)), line);
});

Deno.test("NpyFile refuses files whose size is not what the header says", () => {
  const bytes = bytesOf("f4_le.npy");
  const size = bytes.length;
  assertEquals(failure(bytes.slice(0, -1)), `it is cut off, it has ${size - 1} of ${size} bytes`);
  assertEquals(failure(bytes.slice(0, 60)), "it is cut off in its header");
  assertEquals(failure(bytes.slice(0, 8)), "it is cut off in its header");
  const longer = new Uint8Array(size + 3);
  longer.set(bytes);
  assertEquals(failure(longer), "it has 3 bytes more than its header says");
  assertEquals(failure(longer.slice(0, -2)), "it has 1 byte more than its header says");
});

Deno.test("NpyFile refuses headers that are damaged or absurd", () => {
  for (
    const header of [
      "",
      "{}",
      "{'descr': '<f4', 'fortran_order': False}",
      "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
      "{'descr': 4, 'fortran_order': False, 'shape': (1,)}",
    ]
  ) assertEquals(failure(withHeader(header)), "its header is damaged");
  for (
    const shape of ["(9007199254740993,)", "(4294967296, 4294967296)", "(1, 1000000000)", "(1 2,)"]
  ) {
    assertMatch(
      failure(withHeader(headerOf(shape))),
      /^its shape \(.*\) is more than can be read$/,
    );
  }
  assertMatch(failure(withHeader(headerOf(`(${"1,".repeat(65)})`))), /is more than can be read$/);
  for (const descr of ["<f1", "<b2", "=f4", "<f4x", "f", ""]) {
    assertMatch(failure(withHeader(headerOf("(1,)", descr))), /^it holds another type \(".*"\)/);
  }
  const version = withHeader(headerOf("(0,)"));
  version[6] = 9;
  assertEquals(failure(version), "it has version 9 of the format, versions 1 to 3 are known");
  version[6] = 2;
  assertMatch(failure(version), /^its header of \d+ bytes is damaged$/);
});

Deno.test("NpyFile reads headers as Python 2 and other programs write them", () => {
  using folder = new TemporaryFolder();
  const file = folder.file("a.npy");
  const header = '{"shape": (2L, 1L), "fortran_order": False, "descr": "|i1"}';
  Deno.writeFileSync(file, withHeader(header, 2));
  using array = NpyFile.open(file);
  assertEquals([array.header.shape, array.header.dtype], [[2, 1], "int8"]);
});

Deno.test("NpyFile says what a file is that is not an array, and that one is missing", () => {
  const text = new TextEncoder().encode("1 2 3\n");
  assertEquals(failure(text), 'it is text that begins "1 2 3", not a NumPy array (.npy)');
  assertThrows(() => NpyFile.open(`${NPY_FOLDER}/none.npy`), DataError, "does not exist");
});
