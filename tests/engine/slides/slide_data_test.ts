import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { readSlideData, type SlideDataOptions } from "../../../engine/slides/slide_data.ts";
import { PRODUCERS, SLIDES, writeSlide, writeTable, writeTensor } from "../../_slides.ts";
import { inFolder } from "../../_training.ts";

type Options = Omit<Partial<SlideDataOptions>, "labels_file">;

/** A folder of slides with a table; messages and notes name files below it. */
class Folder {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Shapes by the names of `.h5` and `.pt` files. */
  async slides(shapes: Readonly<Record<string, readonly number[]>>): Promise<void> {
    for (const [name, shape] of Object.entries(shapes)) {
      const write = name.endsWith(".pt") ? writeTensor : writeSlide;
      await write(join(this.#path, name), shape);
    }
  }

  path(name: string): string {
    return join(this.#path, name);
  }

  async read(lines: readonly string[], options: Options = {}) {
    const labels_file = await writeTable(this.path("labels.csv"), ...lines);
    const data = await readSlideData(this.#path, {
      labels_file,
      task: "Classification",
      ...options,
    });
    const samples = data.samples.map(({ id, patient, parts, targets }) => [
      id,
      patient,
      parts.map(({ path, instances }) => `${this.#short(path)} ${instances}`).join(),
      ...targets,
    ]);
    return { ...data, samples, notices: data.notices.map((line) => this.#short(line)) };
  }

  async refusal(lines: readonly string[], options: Options = {}): Promise<string> {
    const { message } = await assertRejects(() => this.read(lines, options), DataError);
    return this.#short(message);
  }

  #short(text: string): string {
    return text.replaceAll(`${this.#path}/`, "").replaceAll(this.#path, "ROOT");
  }
}

async function inSlides(test: (folder: Folder) => Promise<void>): Promise<void> {
  await inFolder((path) => test(new Folder(path)));
}

const HEAD = "case_id,slide_id,label";
const TWO = [HEAD, "p,a,x", "q,b,y"];

Deno.test("the folders of CLAM, TRIDENT and STAMP hold the slides of the manifest", async () => {
  const manifest = JSON.parse(await Deno.readTextFile(join(SLIDES, "manifest.json")));
  const expected = new Map<string, { patient: string; instances: number; label: number }>();
  for (const slide of manifest.slides) expected.set(slide.id, slide);
  for (const { root, ...options } of Object.values(PRODUCERS)) {
    const { samples, embedDim, bags } = await readSlideData(root, {
      ...options,
      task: "Classification",
    });
    assertEquals([embedDim, bags, samples.length], [32, true, 40]);
    for (const { id, patient, parts: [{ instances }], targets } of samples) {
      const slide = expected.get(id.replace(/^.*\//, "").replace(/\.h5$/, ""))!;
      assertEquals([patient, instances, targets], [slide.patient, slide.instances, [slide.label]]);
    }
  }
});

Deno.test("what is left out is told with a count and the first names; strict refuses it", async () => {
  await inSlides(async (folder) => {
    await folder.slides({
      "a.h5": [3, 2],
      "b.h5": [1, 2],
      "c.h5": [0, 2],
      "d.h5": [2, 2],
      "f.h5": [1, 2],
    });
    const lines = [...TWO, "r,c,x", "r,d,", "s,e,x", "s,e2,x"];
    const { samples, notices, leftOut } = await folder.read(lines);
    assertEquals(samples, [["a", "p", "a.h5 3", 0], ["b", "q", "b.h5 1", 1]]);
    assertEquals(notices, [
      'left out: 2 slides of "labels.csv" without a feature file below "ROOT": "e", "e2"',
      'left out: 1 slide of "labels.csv" without a label: "d"',
      'left out: 1 slide below "ROOT" without instances: "c"',
      'left out: 1 file below "ROOT" without a row in "labels.csv": "f.h5"',
    ]);
    assertEquals([leftOut.empty, leftOut.withoutRow], [["c"], ["f.h5"]]);
    const strict = { strict: true };
    const refusals = [];
    for (const row of ["s,e,x", "r,d,", "r,c,x"]) {
      refusals.push(await folder.refusal([...TWO, row], strict));
    }
    assertEquals(refusals, [
      'Cannot use "labels.csv": 1 slide of "labels.csv" without a feature file below "ROOT": "e"',
      'Cannot use "labels.csv": 1 slide of "labels.csv" without a label: "d"',
      'Cannot use "labels.csv": 1 slide below "ROOT" without instances: "c"',
    ]);
    assertEquals((await folder.read(TWO, strict)).samples.length, 2);
  });
});

Deno.test("of files of several formats the first is read, and a note says so", async () => {
  await inSlides(async (folder) => {
    await folder.slides({ "h/a.h5": [3, 2], "p/a.pt": [3, 2], "p/b.pt": [1, 2] });
    await writeSlide(folder.path("coords/a.h5"), [3, 2], { key: "coords" });
    const { samples, notices } = await folder.read(TWO);
    assertEquals(samples, [["a", "p", "h/a.h5 3", 0], ["b", "q", "p/b.pt 1", 1]]);
    assertEquals(notices, [
      "1 of the slides have files that end in .h5 and .pt, of which the first is read",
      "left out: HDF5 files without features: 1",
    ]);
  });
});

Deno.test("two files of one format cannot be told apart", async () => {
  await inSlides(async (folder) => {
    await folder.slides({ "uni/a.h5": [3, 2], "conch/a.h5": [3, 2], "b.h5": [1, 2] });
    assertEquals(
      await folder.refusal(TWO),
      'Cannot tell which file is slide "a" (line 2 of "labels.csv"): "conch/a.h5" or "uni/a.h5"; ' +
        "narrow data.data_root_dir",
    );
  });
});

Deno.test("rows that repeat a slide must agree", async () => {
  await inSlides(async (folder) => {
    await folder.slides({ "a.h5": [3, 2], "b.h5": [1, 2] });
    const { samples, notices } = await folder.read([...TWO, "p,a.svs,x"]);
    assertEquals([samples.length, notices], [2, [
      '1 rows of "labels.csv" repeat what another row says of the same slide',
    ]]);
    const places = '(line 2 of "labels.csv") and';
    assertEquals(
      await folder.refusal([...TWO, "p,a,y"]),
      `Cannot use "labels.csv": it gives slide "a" the labels "x" ${places} "y" (line 4 of "labels.csv")`,
    );
    assertEquals(
      await folder.refusal([...TWO, "q,a,x"]),
      `Cannot use "labels.csv": it gives slide "a" the patients "p" ${places} "q" (line 4 of "labels.csv")`,
    );
  });
});

Deno.test("slides of different widths or kinds are named side by side", async () => {
  await inSlides(async (folder) => {
    await folder.slides({ "a.h5": [3, 2], "b.h5": [1, 4] });
    assertEquals(
      await folder.refusal(TWO),
      'Cannot use "b.h5": its features are 4 wide, those of "a.h5" 2',
    );
    await folder.slides({ "b.h5": [2] });
    assertEquals(
      await folder.refusal(TWO),
      'Cannot use "b.h5": it holds one vector, "a.h5" a bag of instances',
    );
    await folder.slides({ "a.h5": [2] });
    const { bags, embedDim } = await folder.read(TWO);
    assertEquals([bags, embedDim], [false, 2]);
  });
});

Deno.test("the slides of a patient become one bag, if they agree", async () => {
  await inSlides(async (folder) => {
    await folder.slides({ "a.h5": [3, 2], "b.h5": [1, 2], "c.h5": [2, 2] });
    const lines = [...TWO, "p,c,x"];
    const options = { bag_level: "patient" } as const;
    const { samples } = await folder.read(lines, options);
    assertEquals(samples, [["p", "p", "a.h5 3,c.h5 2", 0], ["q", "q", "b.h5 1", 1]]);
    assertEquals(
      await folder.refusal([...TWO, "p,c,y"], options),
      'Cannot join the slides of patient "p": "a" (line 2 of "labels.csv") and "c" (line 4 of ' +
        '"labels.csv") have different labels',
    );
  });
});

Deno.test("a folder that fits no row is refused with an example of both", async () => {
  await inSlides(async (folder) => {
    assertEquals(
      await folder.refusal(TWO),
      'Cannot use "ROOT": it holds no feature file (.h5, .hdf5, .pt, .npy)',
    );
    await folder.slides({ "x1.h5": [3, 2] });
    assertEquals(
      await folder.refusal(TWO),
      'Cannot use "ROOT": none of the 2 slides of "labels.csv", such as "a", has a file there, such ' +
        'as "x1.h5"',
    );
    await folder.slides({ "a.h5": [0, 2], "b.h5": [0, 2] });
    assertEquals(
      await folder.refusal(TWO),
      'Cannot use "ROOT": of the 2 slides of "labels.csv" none has both features and a label',
    );
  });
});

Deno.test("a damaged slide is named", async () => {
  await inSlides(async (folder) => {
    await folder.slides({ "a.h5": [3, 2], "b.h5": [1, 2] });
    const bytes = await Deno.readFile(folder.path("b.h5"));
    await Deno.writeFile(folder.path("b.h5"), bytes.slice(0, bytes.length - 8));
    assertEquals((await folder.refusal(TWO)).startsWith('Cannot read "b.h5": '), true);
  });
});

Deno.test("each header is reported", async () => {
  const { root, ...options } = PRODUCERS.clam;
  const seen: string[] = [];
  await readSlideData(root, { ...options, task: "Classification" }, (done, total) => {
    seen.push(`${done}/${total}`);
  });
  assertEquals([seen.length, seen.at(0), seen.at(-1)], [40, "1/40", "40/40"]);
});
