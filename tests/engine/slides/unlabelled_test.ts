import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { openSplitSource } from "../../../engine/data/open_source.ts";
import { DataError } from "../../../engine/errors.ts";
import { unlabelledSlides } from "../../../engine/slides/unlabelled.ts";
import { bagValues, SLIDES, writeSlide, writeTensor } from "../../_slides.ts";
import { inFolder } from "../../_training.ts";

Deno.test("every slide of a folder is a sample without a label", async () => {
  const { ids, unlabelled, labels, bagLengths, notices } = await unlabelledSlides(
    join(SLIDES, "trident"),
  );
  assertEquals([ids?.length, unlabelled, labels.values], [40, true, new Int32Array(40)]);
  assertEquals(bagLengths?.every((length) => length > 0), true);
  assertEquals(notices, ['left out: slides without instances: "empty_1d", "empty_2d"']);
  const regression = await unlabelledSlides(join(SLIDES, "stamp"), { targets: 2 });
  assertEquals(regression.labels, { values: new Float32Array(80), width: 2 });
});

Deno.test("stems name slides, paths those of the same stem, and one format is read", async () => {
  await inFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    await writeSlide(at("a/x.h5"), [1, 2], { data: bagValues(1, 1) });
    await writeSlide(at("b/x.h5"), [1, 2], { data: bagValues(2, 1) });
    await writeTensor(at("pt/y.pt"), [3, 2], bagValues(3, 3));
    await writeSlide(at("h5/y.h5"), [2, 2], { data: bagValues(4, 2) });
    await writeSlide(at("coords/y.h5"), [2, 2], { key: "coords" });
    const split = await unlabelledSlides(folder);
    assertEquals([split.ids, [...split.bagLengths!]], [["a/x", "b/x", "y"], [1, 1, 2]]);
    assertEquals(split.notices, [
      "1 file is not read, since the slide has one of another format",
      "left out: HDF5 files without features: 1",
    ]);
    const source = await openSplitSource(split);
    assertEquals((await source.read(Int32Array.of(2))).features, bagValues(4, 2));
    source.close();
  });
});

Deno.test("a folder without instances is refused", async () => {
  await inFolder(async (folder) => {
    await writeSlide(join(folder, "a.h5"), [0, 2]);
    const { message } = await assertRejects(() => unlabelledSlides(folder), DataError);
    assertEquals(message, `Cannot use "${folder}": it holds no slide with instances`);
  });
});
