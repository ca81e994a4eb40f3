import { assertEquals } from "@std/assert";
import { openSplitSource } from "../../../engine/data/open_source.ts";
import { readSlideData } from "../../../engine/slides/slide_data.ts";
import { slideSplit } from "../../../engine/slides/slide_split.ts";
import { bagValues, writeCohort } from "../../_slides.ts";
import { inFolder } from "../../_training.ts";

Deno.test("slideSplit() keeps the order that is asked for", async () => {
  await inFolder(async (folder) => {
    const labels_file = await writeCohort(folder, 2);
    const data = await readSlideData(folder, { labels_file, task: "Classification" });
    const split = slideSplit(data, Int32Array.of(3, 0), "val");
    assertEquals([split.name, split.length], [`${folder} (val)`, 2]);
    assertEquals([split.ids, split.patients], [["s3", "s0"], ["p1", "p0"]]);
    assertEquals(split.labels, { values: Int32Array.of(1, 0), width: 1 });
    const source = await openSplitSource(split);
    const { features, lengths } = await source.read(Int32Array.of(0, 1));
    assertEquals([...lengths!], [3, 3]);
    assertEquals(features, Float32Array.of(...bagValues(3, 3), ...bagValues(0, 3)));
    source.close();
  });
});
