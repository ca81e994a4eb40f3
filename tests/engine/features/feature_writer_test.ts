import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { featureSplit, openFeatureFile } from "../../../engine/features/feature_file.ts";
import { openSource } from "../../../engine/features/feature_source.ts";
import { FeatureWriter } from "../../../engine/features/feature_writer.ts";
import { Hdf5File } from "../../../engine/storage/hdf5/hdf5.ts";
import { loadHdf5Library } from "../../../engine/storage/hdf5/library.ts";
import { emptyFloat16File } from "../../../engine/features/float16_template.ts";
import { canMount, needsMount, onSmallDisk } from "../../_small_disk.ts";

const folder = Deno.makeTempDirSync();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

const ROWS = Float32Array.from({ length: 15 }, (_, i) => i / 4 - 1);

async function read(path: string, indices: number[]): Promise<number[]> {
  const split = featureSplit(await openFeatureFile(path));
  const source = await openSource(split.source.options);
  const { features } = await source.read(Int32Array.from(indices));
  source.close();
  return [...features];
}

for (const precision of [16, 32] as const) {
  for (const compression of [0, 1, 9]) {
    Deno.test(`FeatureWriter writes float${precision} at gzip level ${compression}`, async () => {
      const path = `${folder}/${precision}_${compression}.h5`;
      const writer = await FeatureWriter.create(path, { embedDim: 3, precision, compression });
      writer.append(ROWS.subarray(0, 6), [4, 2]);
      writer.append(ROWS.subarray(6), [0, 1, 3]);
      writer.close();
      const file = await openFeatureFile(path);
      assertEquals(file.dtype, `float${precision}`);
      assertEquals([file.layout, file.length, file.embedDim], ["instance", 5, 3]);
      assertEquals([...file.labels.values], [4, 2, 0, 1, 3]);
      assertEquals(await read(path, [4, 0]), [...ROWS.subarray(12), ...ROWS.subarray(0, 3)]);
    });
  }
}

Deno.test("FeatureWriter writes bags of any size", async () => {
  const path = `${folder}/bags.h5`;
  const writer = await FeatureWriter.create(path, { embedDim: 3 });
  writer.appendBag(ROWS.subarray(0, 3), 1);
  writer.appendBag(ROWS.subarray(3), 0);
  writer.close();
  const file = await openFeatureFile(path);
  assertEquals([file.layout, file.length, file.instances], ["variable_bags", 2, 5]);
  assertEquals([...file.bagLengths!], [1, 4]);
  assertEquals(await read(path, [1]), [...ROWS.subarray(3)]);
});

Deno.test("FeatureWriter refuses rows that do not fit, and mixtures", async () => {
  const writer = await FeatureWriter.create(`${folder}/refused.h5`, { embedDim: 3 });
  assertThrows(() => writer.append(ROWS.subarray(0, 4), [0]), TypeError, "1 rows want 3");
  assertThrows(() => writer.appendBag(ROWS.subarray(0, 4), 0), TypeError, "2 rows want 6");
  writer.append(ROWS.subarray(0, 3), [0]);
  assertThrows(() => writer.appendBag(ROWS.subarray(0, 3), 0), TypeError, "Cannot append a bag");
  writer.discard();
  const bags = await FeatureWriter.create(`${folder}/refused.h5`, { embedDim: 3 });
  bags.appendBag(ROWS.subarray(0, 3), 0);
  assertThrows(() => bags.append(ROWS.subarray(0, 3), [0]), TypeError, "the file has bags");
  bags.discard();
});

Deno.test("FeatureWriter keeps names of samples, and real-valued targets", async () => {
  const path = `${folder}/named.h5`;
  const writer = await FeatureWriter.create(path, { embedDim: 3, targets: 2 });
  writer.append(ROWS.subarray(0, 6), [0.5, 1, 1.5, 2], ["ä/1.png", "2"]);
  writer.append(ROWS.subarray(6, 9), [3, -1], ["a longer name than the others"]);
  writer.attribute("encoder", "{}");
  writer.close();
  const file = await openFeatureFile(path, { labels: "regression" });
  assertEquals(file.labels, { values: Float32Array.of(0.5, 1, 1.5, 2, 3, -1), width: 2 });
  assertEquals(file.origin, { encoder: "{}" });
  const { h5wasm } = await loadHdf5Library();
  const handle = new h5wasm.File(path, "r");
  const ids = handle.get("sample_ids");
  assertEquals(ids && "value" in ids && ids.value, [
    "ä/1.png",
    "2",
    "a longer name than the others",
  ]);
  handle.close();
});

Deno.test("FeatureWriter keeps what is known of bags", async () => {
  for (const coords of ["int32", "int64", "float32", "float64"] as const) {
    const path = `${folder}/known_${coords}.h5`;
    const options = { embedDim: 3, targets: 2, coords, chunkRows: 1, compression: 1 };
    const writer = await FeatureWriter.create(path, options);
    const first = { id: "ä", patient: "007", coords: Float64Array.of(1, 2, 70000, -4) };
    writer.appendBag(ROWS.subarray(0, 6), [0, 1], first);
    const second = { id: "b", patient: "", coords: Float64Array.of(5, 6) };
    writer.appendBag(ROWS.subarray(6, 9), Float32Array.of(1, 0.5), second);
    writer.close();
    const file = await openFeatureFile(path, { labels: "multilabel" });
    assertEquals([file.ids, file.patients], [["ä", "b"], ["007", ""]]);
    assertEquals(file.labels, { values: Float32Array.of(0, 1, 1, 0.5), width: 2 });
    assertEquals([featureSplit(file).ids, featureSplit(file).patients], [file.ids, file.patients]);
    using open = await Hdf5File.open(path);
    const places = await open.dataset("coords");
    assertEquals([places.dtype, places.header.shape], [coords, [3, 2]]);
    assertEquals([...places.readNumbers()], [1, 2, 70000, -4, 5, 6]);
  }
});

Deno.test("FeatureWriter refuses facts of bags that do not fit", async () => {
  const options = { embedDim: 3, coords: "int32" } as const;
  const writer = await FeatureWriter.create(`${folder}/facts.h5`, options);
  const row = ROWS.subarray(0, 3);
  const coords = Float64Array.of(1, 2);
  const cases: [() => void, string][] = [
    [() => writer.appendBag(row, 0), "Cannot append 0 coords: 1 rows want 2"],
    [() => writer.appendBag(row, [0, 1], { coords }), "with 2 labels: expected 1"],
    [() => writer.append(row, [0]), "the file stores coords of bags"],
  ];
  for (const [append, message] of cases) assertThrows(append, TypeError, message);
  writer.appendBag(row, 0, { patient: "p", coords });
  assertThrows(() => writer.appendBag(row, 0, { coords }), TypeError, "Cannot append 0 patients");
  writer.discard();
  const without = await FeatureWriter.create(`${folder}/facts.h5`, { embedDim: 3 });
  assertThrows(() => without.appendBag(row, 0, { coords }), TypeError, "1 rows want 0");
  without.discard();
});

Deno.test("FeatureWriter wants names of all samples or of none", async () => {
  const writer = await FeatureWriter.create(`${folder}/half.h5`, { embedDim: 3 });
  writer.append(ROWS.subarray(0, 3), [0]);
  assertThrows(() => writer.append(ROWS.subarray(0, 3), [1], ["a"]), TypeError);
  writer.discard();
});

Deno.test("FeatureWriter gives the name only to a finished file", async () => {
  const path = `${folder}/unfinished.h5`;
  const writer = await FeatureWriter.create(path, { embedDim: 3 });
  writer.append(ROWS, [0, 1, 2, 3, 4]);
  assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
  writer.discard();
  const left = [...Deno.readDirSync(folder)].filter(({ name }) => name.includes("unfinished"));
  assertEquals(left, []);
});

Deno.test({
  name: `FeatureWriter says that the disk is full, and leaves nothing behind${needsMount}`,
  ignore: !canMount,
  async fn() {
    await onSmallDisk("512k", async (disk) => {
      const path = `${disk}/a.h5`;
      // Full while rows come; and only at the end, with all of them in memory.
      for (const [embedDim, rows] of [[1024, 4000], [16, 14_000]]) {
        const options = { embedDim, precision: 32, compression: 0 } as const;
        const writer = await FeatureWriter.create(path, options);
        const block = new Float32Array(50 * embedDim).fill(1);
        const write = () => {
          for (let row = 0; row < rows; row += 50) writer.append(block, Array(50).fill(1));
          writer.close();
        };
        const error = assertThrows(write, DataError);
        assertEquals(error.message, `Cannot write "${path}": the disk is full`);
        assertEquals([...Deno.readDirSync(disk)], []);
        writer.discard();
      }
    });
  },
});

Deno.test("FeatureWriter writes chunks once, whatever pieces come", async () => {
  const rows = Float32Array.from({ length: 2500 * 3 }, (_, i) => i);
  const sizes = await Promise.all([1, 7, 2500].map(async (piece) => {
    const path = `${folder}/pieces_${piece}.h5`;
    const writer = await FeatureWriter.create(path, { embedDim: 3, precision: 32, chunkRows: 10 });
    for (let row = 0; row < 2500; row += piece) {
      const part = rows.subarray(row * 3, (row + piece) * 3);
      writer.append(part, Array(part.length / 3).fill(0));
    }
    writer.close();
    using file = await Hdf5File.open(path);
    assertEquals((await file.dataset("features")).readRows(0, 2500), rows);
    return Deno.statSync(path).size;
  }));
  assertEquals(new Set(sizes).size, 1);
});

Deno.test("FeatureWriter names a folder that is not there", async () => {
  const error = await FeatureWriter.create(`${folder}/missing/a.h5`, { embedDim: 3 }).catch((e) =>
    e
  );
  assert(error instanceof DataError);
  assert(error.message.startsWith(`Cannot write "${folder}/missing/a.h5"`), error.message);
});

Deno.test("emptyFloat16File() patches width, chunk rows and level", () => {
  const bytes = emptyFloat16File(1024, 32, 6);
  const view = new DataView(bytes.buffer);
  assertEquals([view.getBigUint64(840, true), view.getUint32(971, true)], [1024n, 32]);
  assertEquals(view.getUint32(944, true), 6);
});
