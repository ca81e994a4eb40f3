/** Places of tiles, as CLAM, TRIDENT and STAMP store them. */
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { FeatureWriter } from "../../../engine/features/feature_writer.ts";
import { readTilePlaces } from "../../../engine/slides/tile_places.ts";
import { inFolder, writeHdf5 } from "../../_training.ts";

const SLIDES = new URL("../../testdata/slides", import.meta.url).pathname;
const TRIDENT = join(SLIDES, "trident/20x_256px_0px_overlap/features_uni_v1/00001_1.h5");
const CLAM = join(SLIDES, "clam/features/h5_files/00001_1.h5");
const CLAM_PT = join(SLIDES, "clam/features/pt_files/00001_1.pt");
const STAMP = join(SLIDES, "stamp/uni2-0a1b2c3d/00001/00001_1.h5");
const instances = 48;

Deno.test("readTilePlaces() takes TRIDENT's side of a tile at level 0", async () => {
  const { corners, ...rest } = await readTilePlaces({ path: TRIDENT, instances });
  assertEquals([...corners.subarray(0, 4)], [1024, 1024, 1536, 1024]);
  assertEquals(rest, { size: 512, slideSize: [65536, 65536] });
});

Deno.test("readTilePlaces() finds CLAM's patches beside its features, of .h5 and of .pt", async () => {
  for (const path of [CLAM, CLAM_PT]) {
    const { corners, size, slideSize } = await readTilePlaces({ path, instances });
    assertEquals([...corners.subarray(0, 4), size], [1024, 1024, 1536, 1024, 256]);
    assertEquals(slideSize, [8192, 8192]);
  }
});

Deno.test("readTilePlaces() turns STAMP's micrometres into pixels", async () => {
  const { corners, size, mpp } = await readTilePlaces({ path: STAMP, instances }, { mpp: 0.25 });
  assertEquals([...corners.subarray(0, 4), size, mpp], [1024, 1024, 1536, 1024, 1024, 0.25]);
  const message = "its coords are in micrometres; --mpp says how many a pixel of level 0 has";
  await assertRejects(() => readTilePlaces({ path: STAMP, instances }), DataError, message);
});

Deno.test("readTilePlaces() takes what a file says before what the user says", async () => {
  const { size } = await readTilePlaces({ path: TRIDENT, instances }, { patchSize: 7 });
  assertEquals(size, 512);
});

Deno.test("readTilePlaces() asks for the side of a tile where no file has it", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "slide.h5");
    const writer = await FeatureWriter.create(path, { embedDim: 1, coords: "int32" });
    writer.appendBag(Float32Array.of(1, 2), 0, { coords: Float64Array.of(0, 0, 9, 0) });
    writer.close();
    const part = { path, instances: 2 };
    await assertRejects(() => readTilePlaces(part), DataError, "--patch_size says it");
    const { corners, size } = await readTilePlaces(part, { patchSize: 9 });
    assertEquals([...corners, size], [0, 0, 9, 0, 9]);
  });
});

Deno.test("readTilePlaces() refuses places that are missing or not as many", async () => {
  await inFolder(async (folder) => {
    const features = { data: new Float32Array(6), shape: [3, 2] };
    const none = await writeHdf5(join(folder, "none.h5"), { features });
    const of = (path: string) => () => readTilePlaces({ path, instances: 3 }, { patchSize: 1 });
    await assertRejects(of(none), DataError, 'there is no dataset "coords"');
    const coords = { data: new Int32Array(4), shape: [2, 2] };
    const two = await writeHdf5(join(folder, "two.h5"), { features, coords });
    await assertRejects(of(two), DataError, '"coords" is 2 x 2, expected 3 x 2');
    const nan = { data: Float32Array.of(0, 1, 2, NaN, 4, 5), shape: [3, 2] };
    const bad = await writeHdf5(join(folder, "bad.h5"), { features, coords: nan });
    await assertRejects(of(bad), DataError, '"coords", row 1 holds NaN');
  });
});
