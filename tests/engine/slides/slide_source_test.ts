import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { openSource } from "../../../engine/slides/slide_source.ts";
import { bagValues, writeSlide } from "../../_slides.ts";
import { inFolder } from "../../_training.ts";

/** A slide of two files, of three and of two instances, and one of one file. */
async function twoSlides(folder: string) {
  const write = (name: string, bag: number, count: number) =>
    writeSlide(join(folder, name), [count, 2], { data: bagValues(bag, count) });
  const part = async (name: string, bag: number, instances: number) => ({
    path: await write(name, bag, instances),
    key: "features",
    instances,
  });
  const samples = [
    [await part("a.h5", 1, 3), await part("b.h5", 2, 2)],
    [await part("c.h5", 3, 1)],
  ];
  return { samples, embedDim: 2, bags: true };
}

Deno.test("the files of a sample are one bag, in any order of samples", async () => {
  await inFolder(async (folder) => {
    const source = openSource(await twoSlides(folder));
    const { features, lengths } = await source.read(Int32Array.of(1, 0));
    assertEquals([...lengths!], [1, 5]);
    assertEquals(
      features,
      Float32Array.of(...bagValues(3, 1), ...bagValues(1, 3), ...bagValues(2, 2)),
    );
    const chosen = [undefined, Int32Array.of(0, 2, 4)];
    const some = await source.read(Int32Array.of(1, 0), { instances: chosen });
    assertEquals([...some.lengths!], [1, 3]);
    const wanted = [...bagValues(3, 1), ...bagValues(1, 3).filter((_, at) => at < 2 || at > 3)];
    assertEquals(some.features, Float32Array.of(...wanted, ...bagValues(2, 2).slice(2)));
    source.close();
  });
});

Deno.test("NaN and Inf are named by file and row, also where only some rows are read", async () => {
  await inFolder(async (folder) => {
    const options = await twoSlides(folder);
    const data = bagValues(2, 2);
    data[3] = NaN;
    const { path } = options.samples[0][1];
    await writeSlide(path, [2, 2], { data });
    const source = openSource(options);
    for (const instances of [undefined, [Int32Array.of(0, 4)]]) {
      const error = await assertRejects(
        async () => await source.read(Int32Array.of(0), { instances }),
        DataError,
      );
      const message = `Cannot read "${path}": dataset "features", row 1 holds NaN`;
      assertEquals([error.message, error.file, error.index], [message, path, 1]);
    }
    assertEquals(
      (await source.read(Int32Array.of(0), { instances: [Int32Array.of(3)] })).lengths,
      Int32Array.of(1),
    );
  });
});

Deno.test("a file that has changed is refused", async () => {
  await inFolder(async (folder) => {
    const options = await twoSlides(folder);
    const { path } = options.samples[1][0];
    await writeSlide(path, [2, 3]);
    const { message } = await assertRejects(
      async () => await openSource(options).read(Int32Array.of(1)),
      DataError,
    );
    assertEquals(
      message,
      `Cannot read "${path}": it has changed, it holds (2, 3) instead of 1 rows of 2 values`,
    );
  });
});

Deno.test("no file stays open between reads", async () => {
  if (Deno.build.os !== "linux") return;
  await inFolder(async (folder) => {
    const source = openSource(await twoSlides(folder));
    const open = async () => {
      // Reading the folder itself would take all permissions.
      const { stdout } = await new Deno.Command("ls", { args: ["-l", `/proc/${Deno.pid}/fd`] })
        .output();
      return new TextDecoder().decode(stdout).split("\n").filter((line) => line.includes(folder));
    };
    const held = await Deno.open(join(folder, "a.h5"));
    assertEquals((await open()).length, 1);
    held.close();
    await source.read(Int32Array.of(0, 1));
    assertEquals(await open(), []);
  });
});

Deno.test("openSource() refuses options of another source", () => {
  assertThrows(() => openSource({ path: "a.h5" }), TypeError, "options lack samples");
});
