import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { openSlide } from "../../../engine/slides/slide_file.ts";
import { PRODUCERS, SLIDES, writeSlide, writeTensor } from "../../_slides.ts";
import { inFolder, writeHdf5 } from "../../_training.ts";

const VALUES = Float32Array.of(1, 2, 3, 4, 5, 6);

/** Kind, instances and width of a file. */
async function facts(path: string, key?: string) {
  using slide = await openSlide(path, key);
  const header = slide?.header;
  return header && [header.kind, header.instances, header.embedDim];
}

Deno.test("openSlide() knows bags, single vectors and empty slides", async () => {
  await inFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    const cases: readonly (readonly [readonly number[], readonly unknown[]])[] = [
      [[3, 2], ["bag", 3, 2]],
      [[1, 3, 2], ["bag", 3, 2]],
      [[1, 2], ["bag", 1, 2]],
      [[6], ["vector", 1, 6]],
      [[0, 5], ["empty", 0, 5]],
      [[0], ["empty", 0, 0]],
      [[1, 0, 5], ["empty", 0, 5]],
    ];
    for (const [index, [shape, expected]] of cases.entries()) {
      assertEquals(await facts(await writeSlide(at(`${index}.h5`), shape)), expected);
      if (!shape.includes(0)) {
        assertEquals(await facts(await writeTensor(at(`${index}.pt`), shape)), expected);
      }
    }
  });
});

Deno.test("openSlide() finds the features by their usual names, or by the given one", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "a.h5");
    const dataset = (width: number) => ({ data: new Float32Array(2 * width), shape: [2, width] });
    await writeHdf5(file, {
      patch_embeddings: dataset(1),
      feats: dataset(2),
      mine: dataset(4),
      coords: dataset(2),
    });
    assertEquals(await facts(file), ["bag", 2, 2]);
    assertEquals(await facts(file, "mine"), ["bag", 2, 4]);
    assertEquals(await facts(file, "features"), undefined);
    const coords = await writeSlide(join(folder, "b.h5"), [2, 2], { key: "coords" });
    assertEquals(await facts(coords), undefined);
  });
});

Deno.test("openSlide() reads the rows that are asked for, from every format and shape", async () => {
  await inFolder(async (folder) => {
    const at = (name: string) => join(folder, name);
    const files = [
      await writeSlide(at("a.h5"), [3, 2], { data: VALUES }),
      await writeSlide(at("b.h5"), [1, 3, 2], { data: VALUES }),
      await writeTensor(at("a.pt"), [3, 2], VALUES),
      await writeTensor(at("b.pt"), [1, 3, 2], VALUES),
      await writeArray(at("a.npy"), [3, 2]),
      await writeArray(at("b.npy"), [1, 3, 2]),
    ];
    for (const file of files) {
      using slide = await openSlide(file);
      const target = new Float32Array(4);
      slide?.read([{ start: 2, count: 1, to: 0 }, { start: 0, count: 1, to: 1 }], target);
      assertEquals([file, ...target], [file, 5, 6, 1, 2]);
    }
  });
});

Deno.test("the .h5 and .pt files of CLAM hold the same", async () => {
  const { root } = PRODUCERS.clam;
  const [name] = Array.from(Deno.readDirSync(root), ({ name }) => name).sort();
  const pt = join(SLIDES, "clam", "features", "pt_files", name.replace(".h5", ".pt"));
  const read = async (path: string) => {
    using slide = (await openSlide(path))!;
    const { instances, embedDim } = slide.header;
    const target = new Float32Array(instances * embedDim);
    slide.read([{ start: 0, count: instances, to: 0 }], target);
    return target;
  };
  assertEquals(await read(pt), await read(join(root, name)));
});

Deno.test("openSlide() says what it cannot read", async () => {
  await inFolder(async (folder) => {
    const cube = await writeSlide(join(folder, "cube.h5"), [2, 3, 2]);
    const cut = join(folder, "cut.h5");
    await Deno.writeFile(cut, (await Deno.readFile(cube)).slice(0, 300));
    const deep = await writeTensor(join(folder, "deep.pt"), [1, 1, 2, 2]);
    const message = async (path: string) =>
      (await assertRejects(() => openSlide(path), DataError)).message;
    assertEquals(
      await message(cube),
      `Cannot read "${cube}": dataset "features" has the shape (2, 3, 2), ` +
        "expected (N, D), (1, N, D) or (D,)",
    );
    assertEquals(
      await message(deep),
      `Cannot read "${deep}": its array has the shape (1, 1, 2, 2), ` +
        "expected (N, D), (1, N, D) or (D,)",
    );
    assertEquals((await message(cut)).startsWith(`Cannot read "${cut}": `), true);
  });
});

/** Writes the values as NumPy does. */
async function writeArray(path: string, shape: readonly number[]): Promise<string> {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const text = header.padEnd(117) + "\n";
  const bytes = new Uint8Array(10 + text.length + VALUES.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0]);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes.set(new Uint8Array(VALUES.buffer), 10 + text.length);
  await Deno.writeFile(path, bytes);
  return path;
}
