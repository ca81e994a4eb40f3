import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { featureSplit, openFeatureFile } from "../../../engine/features/feature_file.ts";
import { openSource } from "../../../engine/features/feature_source.ts";
import type { Rows, Source } from "../../../engine/data/data.ts";
import { H5_FOLDER } from "../storage/testdata.ts";

async function open(name: string): Promise<{ source: Source; dim: number; lengths: number[] }> {
  const file = await openFeatureFile(`${H5_FOLDER}/${name}`);
  const source = await openSource(featureSplit(file).source.options);
  return { source, dim: file.embedDim, lengths: [...(file.bagLengths ?? [])] };
}

function row(rows: Rows, index: number, dim: number): number[] {
  return [...rows.features.subarray(index * dim, (index + 1) * dim)];
}

for (const name of ["instance_f16.h5", "instance_f16_gzip_rows.h5", "instance_f32_lzf.h5"]) {
  Deno.test(`Source.read() gives the rows of ${name} in the order asked for`, async () => {
    const { source, dim } = await open(name);
    const all = await source.read(Int32Array.from({ length: 40 }, (_, i) => i));
    const order = [39, 3, 4, 5, 0, 3, 17];
    const some = await source.read(new Int32Array(order));
    assertEquals(some.lengths, undefined);
    for (const [at, index] of order.entries()) {
      assertEquals(row(some, at, dim), row(all, index, dim));
    }
    source.close();
  });
}

for (const name of ["bags_ptr.h5", "bags_ptr_gzip.h5", "bags_fixed_f16.h5"]) {
  Deno.test(`Source.read() gives whole bags of ${name} in the order asked for`, async () => {
    const { source, dim, lengths } = await open(name);
    const all = await source.read(Int32Array.from(lengths.keys()));
    const order = [2, 0, 3, 2];
    const some = await source.read(new Int32Array(order));
    assertEquals([...(some.lengths ?? [])], order.map((bag) => lengths[bag]));
    let at = 0;
    for (const bag of order) {
      const first = lengths.slice(0, bag).reduce((a, b) => a + b, 0);
      for (let i = 0; i < lengths[bag]; i++) {
        assertEquals(row(some, at++, dim), row(all, first + i, dim));
      }
    }
    assertEquals(some.features.length, at * dim);
    source.close();
  });

  Deno.test(`Source.read() keeps chosen instances of ${name}`, async () => {
    const { source, dim, lengths } = await open(name);
    const whole = await source.read(new Int32Array([2]));
    const kept = new Int32Array([0, 2, 3]);
    const some = await source.read(new Int32Array([0, 2]), { instances: [undefined, kept] });
    assertEquals([...(some.lengths ?? [])], [lengths[0], 3]);
    for (const [at, instance] of kept.entries()) {
      assertEquals(row(some, lengths[0] + at, dim), row(whole, instance, dim));
    }
    source.close();
  });
}

Deno.test("Source.read() names the row of NaN whatever the order", async () => {
  const { source } = await open("features_nan.h5");
  const error = assertThrows(
    () => source.read(new Int32Array([5, 2, 0])),
    DataError,
    "row 2 holds",
  );
  assertEquals(error.index, 2);
  assertEquals(error.dataset, "features");
  source.close();
});

Deno.test("Source.read() names the rows of a damaged chunk", async () => {
  const { source } = await open("corrupt_chunk.h5");
  const all = Int32Array.from({ length: 40 }, (_, i) => i);
  const error = assertThrows(() => source.read(all), DataError, "damaged");
  assertEquals(error.dataset, "features");
  source.close();
});

Deno.test("openSource() refuses options that are none", async () => {
  await assertRejects(async () => await openSource({ path: "x" }), TypeError, "options lack");
});

Deno.test("openSource() refuses a file that has changed", async () => {
  const file = await openFeatureFile(`${H5_FOLDER}/instance_f32.h5`);
  const options = { ...featureSplit(file).source.options as object, embedDim: 7 };
  await assertRejects(async () => await openSource(options), DataError, "has changed");
});
