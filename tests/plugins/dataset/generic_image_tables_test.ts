import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { DataError } from "../../../engine/errors.ts";
import { genericImageDataset } from "../../../plugins/dataset/generic_image_dataset.ts";
import type { SplitName } from "../../../registry/plugin.ts";
import { encodeAs } from "../../_encodings.ts";
import { imagePath } from "../../engine/images/_images.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";

const image = Deno.readFileSync(imagePath("rgb.png"));
const SIZED = { channels: 3, size: [18, 24], operations: [] } as const;
const [COMPOSED, DECOMPOSED] = ["gr\u00f6\u00dfe", "gro\u0308\u00dfe"];

type Content = true | string | object | Uint8Array<ArrayBuffer>;

/** A folder with images (`true`), texts, bytes and values of JSON. */
class DataFolder extends TemporaryFolder {
  constructor(files: Readonly<Record<string, Content>>) {
    super();
    this.write(files);
  }

  write(files: Readonly<Record<string, Content>>): void {
    for (const [name, content] of Object.entries(files)) {
      const file = join(this.path, name);
      Deno.mkdirSync(dirname(file), { recursive: true });
      if (content === true) Deno.writeFileSync(file, image);
      else if (content instanceof Uint8Array) Deno.writeFileSync(file, content);
      else {
        const text = typeof content === "string" ? content : JSON.stringify(content);
        Deno.writeTextFileSync(file, text);
      }
    }
  }

  async open(options: Readonly<Record<string, unknown>> = {}, name: SplitName = "train") {
    const config = v.parse(genericImageDataset.config, { num_classes: 2, ...options });
    const images = { train: SIZED, eval: SIZED };
    const dataset = await genericImageDataset.create(config, { dataRootDir: this.path, images });
    const split = (await dataset.open(name))!;
    const labels = Object.fromEntries(split.ids!.map((id, i) => [id, split.labels.values[i]]));
    const { classNames } = dataset;
    return { labels, classNames, notices: split.notices!.map((line) => this.#short(line)) };
  }

  async failure(options: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const { message, file } = await assertRejects(() => this.open(options), DataError);
    assert(file !== undefined && !message.includes("\n"));
    return this.#short(message);
  }

  #short(line: string): string {
    return line.replaceAll(`${this.path}/`, "");
  }
}

const CSV = { split_source: "subdirs", label_source: "csv" } as const;
const JSON_LABELS = { split_source: "subdirs", label_source: "json" } as const;

Deno.test("generic_image_dataset reads labels in the encoding that data.encoding names", async () => {
  const images = { "images/train/a.png": true, "images/train/b.png": true } as const;
  const cases = [
    ["shift_jis", "良性", "悪性"],
    ["windows-1252", "bösartige Größe", "gutartige Größe"],
    ["koi8-r", "норма", "опухоль"],
  ];
  for (const [encoding, one, other] of cases) {
    const text = `path,label\r\na.png,${one}\r\nb.png,${other}\r\n`;
    using folder = new DataFolder({ ...images, "labels.csv": encodeAs(text, encoding) });
    const classNames = [one, other].sort();
    const labels = {
      "train/a.png": classNames.indexOf(one),
      "train/b.png": classNames.indexOf(other),
    };
    assertEquals(await folder.open({ ...CSV, encoding }), { labels, classNames, notices: [] });
    const message = await folder.failure(CSV);
    const start = 'Cannot read "labels.csv": line 2 is not UTF-8, it is probably ';
    assertEquals(message.slice(0, start.length + encoding.length), start + encoding);
    assert(message.endsWith(`; read it with data.encoding ${encoding}`), message);
  }
});

Deno.test("generic_image_dataset reads lists of splits in that encoding, too", async () => {
  using folder = new DataFolder({
    "images/größe.png": true,
    "splits.json": encodeAs('{"train": ["größe"]}', "windows-1252"),
    "labels.json": encodeAs('{"größe": 1}', "windows-1252"),
  });
  assertEquals((await folder.open({ encoding: "latin1" })).labels, { "größe.png": 1 });
  const message = 'Cannot read "splits.json": line 1 is not UTF-8, it is probably windows-1252';
  assertEquals((await folder.failure()).slice(0, message.length), message);
});

Deno.test("generic_image_dataset checks the name of an encoding", () => {
  const { issues } = v.safeParse(genericImageDataset.config, {
    num_classes: 2,
    encoding: "ansi-x",
  });
  assertEquals(issues?.map(({ message }) => message), [
    'expected an encoding such as gbk, shift_jis or windows-1251, received "ansi-x"',
  ]);
});

Deno.test("generic_image_dataset compares paths in the form that means the same", async () => {
  using folder = new DataFolder({
    [`images/train/${DECOMPOSED}/a.png`]: true,
    [`images/train/${COMPOSED}.png`]: true,
    "images/train/c.png": true,
    "images/train/d.png": true,
  });
  folder.write({
    "labels.csv": `path,label\ntrain\\${COMPOSED}\\a.png,1\n./train//${DECOMPOSED}.png,0\n` +
      `${folder.path}/images/train/c.png,1\nx/../images/train/d.png,0\n`,
  });
  assertEquals(await folder.open(CSV), {
    labels: {
      "train/c.png": 1,
      "train/d.png": 0,
      [`train/${COMPOSED}.png`]: 0,
      [`train/${DECOMPOSED}/a.png`]: 1,
    },
    classNames: undefined,
    notices: [],
  });
});

Deno.test("generic_image_dataset finds listed images however their paths are written", async () => {
  using folder = new DataFolder({
    [`images/x/${DECOMPOSED}/a.png`]: true,
    [`images/${DECOMPOSED}.png`]: true,
    [`images/${COMPOSED}b.png`]: true,
    "images/5.png": true,
    "labels.json": { a: 0, [COMPOSED]: 1, [`${DECOMPOSED}b`]: 0, 5: 1 },
    "splits.json": {
      train: [`x\\${COMPOSED}\\a`, `.\\${COMPOSED}`, `./y/../${DECOMPOSED}b.png`, 5],
    },
  });
  assertEquals((await folder.open()).labels, {
    "5.png": 1,
    [`x/${DECOMPOSED}/a.png`]: 0,
    [`${DECOMPOSED}.png`]: 1,
    [`${COMPOSED}b.png`]: 0,
  });
});

Deno.test("generic_image_dataset takes a name as it is written before another form of it", async () => {
  const [one, other] = [`${COMPOSED}.png`, `${DECOMPOSED}.png`];
  using folder = new DataFolder({
    [`images/${one}`]: true,
    [`images/${other}`]: true,
    "labels.json": { "a.png": 0 },
    "splits.json": { train: [one] },
  });
  const message = 'Cannot use "labels.json": it has no label of ';
  assertEquals(
    (await folder.failure()).slice(0, message.length + one.length + 2),
    `${message}"${one}"`,
  );
  folder.write({ "splits.json": { train: [COMPOSED] } });
  assertEquals(
    (await folder.failure()).slice(0, message.length + one.length + 2),
    `${message}"${one}"`,
  );
});

Deno.test("generic_image_dataset takes folders of classes for one that differ in the form of a letter", async () => {
  using folder = new DataFolder({
    [`images/train/${COMPOSED}/a.png`]: true,
    [`images/val/${DECOMPOSED}/b.png`]: true,
    "images/val/klein/c.png": true,
  });
  const options = { split_source: "subdirs", label_source: "folder" };
  const labels = { [`val/${DECOMPOSED}/b.png`]: 0, "val/klein/c.png": 1 };
  const { classNames, ...val } = await folder.open(options, "val");
  assertEquals([val.labels, classNames], [labels, [COMPOSED, "klein"]]);
});

Deno.test("generic_image_dataset labels no image with the row of another", async () => {
  using folder = new DataFolder({
    "images/train/a/1.png": true,
    "images/train/b/1.png": true,
    "images/train/2.png": true,
    "images/val/2.png": true,
    "labels.csv": "path,label\n1.png,0\n2.png,1\n",
  });
  assertEquals(
    await folder.failure(CSV),
    'Cannot use "labels.csv": it has no label of "train/2.png", "2.png" (line 3) may be ' +
      '"train/2.png", "val/2.png"',
  );
  folder.write({ "labels.csv": "path,label\ntrain/2.png,1\nval/2.png,0\na/1.png,0\n1.png,1\n" });
  assertEquals(
    await folder.failure(CSV),
    'Cannot use "labels.csv": it has no label of "train/b/1.png", "1.png" (line 5) may be ' +
      '"train/a/1.png", "train/b/1.png"',
  );
  const { labels, notices } = await folder.open({ ...CSV, strict: false });
  assertEquals(labels, { "train/2.png": 1, "train/a/1.png": 0 });
  assertEquals(notices, [
    '1 of 4 labels of "labels.csv" belong to no image, such as "1.png" (line 5)',
    '1 image left out of split "train": "labels.csv" has no label: "train/b/1.png"',
  ]);
});

Deno.test("generic_image_dataset refuses two labels of one image under two names", async () => {
  using folder = new DataFolder({
    "images/train/a.png": true,
    "labels.json": { "train/a.png": 0, "a": 1 },
  });
  assertEquals(
    await folder.failure(JSON_LABELS),
    'Cannot use "labels.json": it gives "train/a.png" the labels "0" (entry 0) and "1" (entry 1)',
  );
  folder.write({ "labels.json": { "train/a.png": 0, "a": "0" } });
  assertEquals((await folder.open(JSON_LABELS)).labels, { "train/a.png": 0 });
});

Deno.test("generic_image_dataset shows the nearest path of a table that lacks an image", async () => {
  using folder = new DataFolder({
    "images/train/s01.png": true,
    "labels.csv": "path,label\nval/s99.png,0\ntrain/s1.PNG,1\n",
  });
  assertEquals(
    await folder.failure(CSV),
    'Cannot use "labels.csv": it has no label of "train/s01.png", the nearest of its paths is ' +
      '"train/s1.PNG" (line 3)',
  );
  folder.write({ "labels.csv": "path,label\ns01.png,\n" });
  assertEquals(
    await folder.failure(CSV),
    'Cannot use "labels.csv": it has no label of "train/s01.png", the label in line 2 is empty',
  );
  folder.write({ "labels.csv": "path,label\n" });
  assertEquals(
    await folder.failure(CSV),
    'Cannot use "labels.csv": it has no label of "train/s01.png", it has no labels at all',
  );
});

Deno.test("generic_image_dataset takes for classes what is written like a class", async () => {
  const names = ["a.png", "b.png"];
  const images = Object.fromEntries(names.map((name) => [`images/train/${name}`, true as const]));
  using folder = new DataFolder(images);
  const labelled = async (one: unknown, other: unknown) => {
    folder.write({ "labels.json": { "a.png": one, "b.png": other } });
    const { labels, classNames } = await folder.open(JSON_LABELS);
    return [Object.values(labels), classNames];
  };
  assertEquals(await labelled("1.0", 0), [[1, 0], undefined]);
  assertEquals(await labelled(true, false), [[1, 0], ["false", "true"]]);
  assertEquals(await labelled("0x1", "0x0"), [[1, 0], ["0x0", "0x1"]]);
  assertEquals(await labelled(DECOMPOSED, COMPOSED), [[0, 0], undefined]);
  const wrong = async (one: unknown, other: unknown) => {
    folder.write({ "labels.json": { "a.png": one, "b.png": other } });
    return (await folder.failure(JSON_LABELS)).replace('Cannot use "labels.json": ', "");
  };
  const class_ = "a class, a whole number from 0";
  assertEquals(await wrong(0.5, 1), `the label of "a.png" (entry 0) is 0.5, expected ${class_}`);
  assertEquals(
    await wrong("0.5", "1"),
    `the label of "a.png" (entry 0) is "0.5", expected ${class_}`,
  );
  assertEquals(await wrong(0.5, "x"), 'the label of "a.png" (entry 0) is 0.5, expected one of "x"');
  assertEquals(
    await wrong(1, [[]]),
    'the label of "b.png" (entry 1) is a list, expected text, a number, true or false',
  );
});

Deno.test("generic_image_dataset says that it takes numbers for names", async () => {
  const names = ["a.png", "b.png", "c.png"];
  const images = Object.fromEntries(names.map((name) => [`images/train/${name}`, true as const]));
  const notices = async (options: object, labels: readonly unknown[]) => {
    const rows = names.map((name, i) => [name, labels[i]] as const);
    const json = Object.fromEntries(rows.filter(([, label]) => label !== undefined));
    const csv = ["path,label", ...rows.map((row) => row.join())].join("\n");
    using folder = new DataFolder({ ...images, "labels.json": json, "labels.csv": csv });
    return (await folder.open({ num_classes: 3, ...options })).notices;
  };
  const read = "numbers and read as names of classes";
  assertEquals(await notices(CSV, [0, 1, "nan"]), [
    `2 of 3 labels of "labels.csv" are ${read}: "nan" (line 4) is not one`,
  ]);
  assertEquals(await notices(CSV, ["0", "1+", "2+"]), [
    `1 of 3 labels of "labels.csv" are ${read}: "1+" (line 3) is not one`,
  ]);
  assertEquals(await notices(JSON_LABELS, [true, 0, 1]), [
    `2 of 3 labels of "labels.json" are ${read}: "true" (entry 0) is not one`,
  ]);
  assertEquals(await notices(JSON_LABELS, ["2", "N/A", 1]), [
    `2 of 3 labels of "labels.json" are ${read}: "N/A" (entry 1) is not one`,
  ]);
  // Nothing is assumed where classes are given, and where labels are all of one kind.
  assertEquals(await notices({ ...CSV, class_names: ["0", "1", "nan"] }, [0, 1, "nan"]), []);
  assertEquals(await notices(CSV, [0, "1.0", 2]), []);
  assertEquals(await notices(JSON_LABELS, ["x", "y", "z"]), []);
});

Deno.test("generic_image_dataset says which entry of a list is no path", async () => {
  using folder = new DataFolder({ "images/a.png": true, "labels.json": { a: 0 } });
  for (const entry of [{ toString: 1 }, ["a"], null, true, 0.5]) {
    folder.write({ "splits.json": { train: ["a", entry] } });
    assertEquals(
      await folder.failure(),
      'Cannot use "splits.json": entry 1 of split "train" is not the path of an image',
    );
  }
  folder.write({ "splits.json": `{"train": [${"[".repeat(20_000)}${"]".repeat(20_000)}]}` });
  assertEquals(
    await folder.failure(),
    'Cannot read "splits.json": it is not JSON: it nests deeper than 200 levels',
  );
  folder.write({ "splits.json": '{"train": ["a"],\n"train": []}' });
  assertEquals(
    await folder.failure(),
    'Cannot read "splits.json": it is not JSON: line 2 repeats the name "train"',
  );
});
