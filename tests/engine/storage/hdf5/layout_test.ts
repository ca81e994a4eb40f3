import { assertEquals } from "@std/assert";
import { FileReader } from "../../../../engine/storage/file_reader.ts";
import { findChunks } from "../../../../engine/storage/hdf5/chunks.ts";
import { Blocks } from "../../../../engine/storage/hdf5/cursor.ts";
import {
  readFilters,
  readFormat,
  readLayout,
  readShape,
} from "../../../../engine/storage/hdf5/layout.ts";
import { readObject } from "../../../../engine/storage/hdf5/objects.ts";
import { readSuperblock } from "../../../../engine/storage/hdf5/superblock.ts";
import { formatName } from "../../../../engine/storage/number_format.ts";
import { LAYOUT_FOLDER } from "../testdata.ts";

/** Type, byte order, layout or chunk index, filters; as h5py was asked for them. */
const EXPECTED: Readonly<Record<string, readonly [string, boolean, string, number[]]>> = {
  "f64.h5": ["float64", true, "tree", [1]],
  "big_endian_f16.h5": ["float16", false, "tree", []],
  "big_endian_i64.h5": ["int64", false, "contiguous", []],
  "bfloat16.h5": ["bfloat16", true, "contiguous", []],
  "u2.h5": ["uint16", true, "contiguous", []],
  "column_chunks_gzip.h5": ["float32", true, "tree", [2, 1]],
  "lzf.h5": ["float32", true, "tree", [2, 32_000]],
  "latest_fixed_array.h5": ["float32", true, "fixed_array", [1]],
  "latest_paged_array.h5": ["float16", true, "fixed_array", []],
  "latest_single_chunk.h5": ["float32", true, "single", [1]],
};

for (const [name, [type, littleEndian, kind, filters]] of Object.entries(EXPECTED)) {
  Deno.test(`Header messages of ${name} tell type, layout and filters`, () => {
    using file = FileReader.open(`${LAYOUT_FOLDER}/${name}`);
    const blocks = new Blocks(file, readSuperblock(file));
    const messages = readObject(blocks, "features");
    const format = readFormat(messages);
    const layout = readLayout(messages);
    assertEquals([formatName(format), format.littleEndian], [type, littleEndian]);
    assertEquals(layout.kind === "chunked" ? layout.index.kind : layout.kind, kind);
    assertEquals(readFilters(messages).map((filter) => filter.id), filters);
    if (layout.kind !== "chunked") return;
    const shape = readShape(messages);
    const chunkBytes = layout.chunk.reduce((a, b) => a * b, format.size);
    const options = { shape, chunk: layout.chunk, chunkBytes, filtered: filters.length > 0 };
    const table = findChunks(blocks, layout.index, options);
    assertEquals(table.grid, shape.map((size, axis) => Math.ceil(size / layout.chunk[axis])));
    assertEquals(
      table.positions.every((at, i) => at > 0 && at + table.sizes[i] <= file.size),
      true,
    );
    assertEquals(new Set(table.positions).size, table.positions.length, "chunks must not overlap");
  });
}
