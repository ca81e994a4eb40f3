import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { Hdf5File } from "../../../engine/storage/hdf5/hdf5.ts";
import { writeBlockmap } from "../../../jobs/attention/blockmap.ts";
import { inFolder } from "../../_training.ts";
import { slideOf } from "./_slide.ts";

Deno.test("writeBlockmap() has CLAM's datasets", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "slide.h5");
    await writeBlockmap(path, slideOf());
    using file = await Hdf5File.open(path);
    const [scores, coords] = [await file.dataset("attention_scores"), await file.dataset("coords")];
    assertEquals([scores.header.shape, coords.header.shape], [[3, 1], [3, 2]]);
    assertEquals([scores.dtype, coords.dtype], ["float32", "int32"]);
    assertEquals([...scores.readRows(0, 3)], [0.25, 0.625, 0.125]);
    assertEquals([...coords.readRows(0, 3)], [100, 200, 300, 200, 300, 400]);
    assertEquals(file.attributes("coords").get("patch_size_level0"), 200);
  });
});
