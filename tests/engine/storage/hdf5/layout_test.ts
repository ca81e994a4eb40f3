import { assert, assertEquals } from "@std/assert";
import { findChunks } from "../../../../engine/storage/hdf5/chunks.ts";
import { ContainerSet } from "../../../../engine/storage/hdf5/container.ts";
import {
  readFilters,
  readLayout,
  readMaxShape,
  readShape,
  readType,
} from "../../../../engine/storage/hdf5/layout.ts";
import { numberType } from "../../../../engine/storage/hdf5/number_type.ts";
import { findObject } from "../../../../engine/storage/hdf5/paths.ts";
import { formatName, type NumberFormat } from "../../../../engine/storage/number_format.ts";
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
  "latest_extensible.h5": ["float32", true, "extensible_array", [1]],
  "latest_btree2.h5": ["float32", true, "tree2", []],
  "latest_single_chunk.h5": ["float32", true, "single", [1]],
};

for (const [name, [type, littleEndian, kind, filters]] of Object.entries(EXPECTED)) {
  Deno.test(`Header messages of ${name} tell type, layout and filters`, () => {
    using files = new ContainerSet(`${LAYOUT_FOLDER}/${name}`);
    const object = findObject(files, "features");
    assert(object.kind === "object");
    const { messages, container: { blocks } } = object;
    const format = numberType(readType(messages)) as NumberFormat;
    const layout = readLayout(messages);
    assertEquals([formatName(format), format.littleEndian], [type, littleEndian]);
    assertEquals(layout.kind === "chunked" ? layout.index.kind : layout.kind, kind);
    assertEquals(readFilters(messages).map((filter) => filter.id), filters);
    if (layout.kind !== "chunked") return;
    const shape = readShape(messages) ?? [];
    const maxShape = readMaxShape(messages);
    const chunkBytes = layout.chunk.reduce((a, b) => a * b, format.size);
    const filtered = filters.length > 0;
    const options = { shape, maxShape, chunk: layout.chunk, chunkBytes, filtered };
    const table = findChunks(blocks, layout.index, options);
    assertEquals(table.grid, shape.map((size, axis) => Math.ceil(size / layout.chunk[axis])));
    assertEquals(
      table.positions.every((at, i) => at > 0 && at + table.sizes[i] <= blocks.file.size),
      true,
    );
    assertEquals(new Set(table.positions).size, table.positions.length, "chunks must not overlap");
  });
}
