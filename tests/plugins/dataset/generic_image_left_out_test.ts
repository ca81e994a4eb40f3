import { assert, assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { DataError } from "../../../engine/errors.ts";
import { genericImageDataset } from "../../../plugins/dataset/generic_image_dataset.ts";
import type { Dataset } from "../../../registry/plugin.ts";
import { imagePath } from "../../engine/images/_images.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";

const image = Deno.readFileSync(imagePath("rgb.png"));

/** Writes images, or text where the name ends in .txt or .json. */
function write(root: string, ...names: readonly string[]): void {
  for (const name of names) {
    const path = join(root, name);
    Deno.mkdirSync(dirname(path), { recursive: true });
    if (name.endsWith(".txt")) Deno.writeTextFileSync(path, "no image");
    else Deno.writeFileSync(path, image);
  }
}

/** Links to what is named from the folder of the link. */
function link(root: string, name: string, target: string): void {
  const path = join(root, name);
  Deno.mkdirSync(dirname(path), { recursive: true });
  Deno.symlinkSync(target, path);
}

function dataset(root: string, options: Readonly<Record<string, unknown>> = {}): Dataset {
  const folders = { split_source: "subdirs", label_source: "folder", num_classes: 2 };
  const sized = {
    channels: 3,
    size: [4, 6],
    operations: [{ op: "resize", size: [4, 6], interpolation: "box" }],
  } as const;
  const config = v.parse(genericImageDataset.config, { ...folders, ...options });
  const context = { dataRootDir: root, images: { train: sized, eval: sized } };
  return genericImageDataset.create(config, context) as Dataset;
}

/** What strict mode says, and what is found and noted without it. */
async function both(root: string, options: Readonly<Record<string, unknown>> = {}) {
  const error = await assertRejects(() => dataset(root, options).open("train"), DataError);
  const split = await dataset(root, { ...options, strict: false }).open("train");
  assert(error.file !== undefined && !error.message.includes("\n"));
  return { message: error.message, ids: split?.ids, notices: split?.notices };
}

Deno.test("generic_image_dataset takes .webp, and refuses to leave out images of other names", async () => {
  using folder = new TemporaryFolder();
  const { path } = folder;
  write(path, "images/train/a/1.png", "images/train/b/2.webp", "images/train/b/notes.txt");
  write(path, "images/train/a/3.gif", "images/train/b/4.JFIF");
  const { message, ids, notices } = await both(path);
  assertEquals(
    message,
    `Cannot use "${join(path, "images/train/a/3.gif")}": it is an image, but data.allowed_exts ` +
      'does not have .gif; 1 more of split "train" cannot be used',
  );
  assertEquals(ids, ["train/a/1.png", "train/b/2.webp"]);
  assertEquals(notices, [
    '2 left out of split "train" (not in data.allowed_exts): "train/a/3.gif", "train/b/4.JFIF"',
  ]);
});

Deno.test("generic_image_dataset finds images by content where names say nothing", async () => {
  using folder = new TemporaryFolder();
  const { path } = folder;
  write(path, "images/train/a/1.png", "images/train/b/IM0001", "images/train/b/IM.0002");
  const { message, notices } = await both(path);
  assertEquals(
    message,
    `Cannot use "${join(path, "images/train/b/IM.0002")}": it is an image, but ` +
      'data.allowed_exts does not have .0002; 1 more of split "train" cannot be used',
  );
  assertEquals(notices, [
    '2 left out of split "train" (not in data.allowed_exts): "train/b/IM.0002", "train/b/IM0001"',
  ]);
  const named = dataset(path, { allowed_exts: [".png", ".0002", ""] });
  assertEquals((await named.open("train"))?.length, 3);
});

Deno.test("generic_image_dataset notes what allowed_exts leaves out if it is given", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, "images/train/a/1.png", "images/train/a/1_mask.gif", "images/train/b/2.png");
  const split = await dataset(folder.path, { allowed_exts: [".png"] }).open("train");
  assertEquals([split?.length, split?.notices], [
    2,
    ['1 left out of split "train" (not in data.allowed_exts): "train/a/1_mask.gif"'],
  ]);
});

Deno.test("generic_image_dataset counts links that lead nowhere, also those of whole classes", async () => {
  using folder = new TemporaryFolder();
  const { path } = folder;
  write(path, "images/train/a/1.png", "images/train/b/2.png");
  link(path, "images/train/a/3.png", "../../objects/3.png");
  link(path, "images/train/a/4", "../../objects/4");
  link(path, "images/train/c", join(path, "unmounted/c"));
  const { message, ids, notices } = await both(path);
  assertEquals(
    message,
    `Cannot use "${join(path, "images/train/a/3.png")}": it is a link to "../../objects/3.png", ` +
      'which does not exist; 2 more of split "train" cannot be used',
  );
  assertEquals(ids, ["train/a/1.png", "train/b/2.png"]);
  assertEquals(notices, [
    '3 left out of split "train" (links to what does not exist): ' +
    '"train/a/3.png", "train/a/4", "train/c"',
  ]);
});

Deno.test("generic_image_dataset does not take another split for one that is a link to nothing", async () => {
  using folder = new TemporaryFolder();
  const { path } = folder;
  write(path, "images/train/a/1.png", "images/val/a/2.png");
  link(path, "images/test", "../gone");
  for (const strict of [true, false]) {
    const opening = () => dataset(path, { strict }).open("test");
    const { message } = await assertRejects(opening, DataError);
    const test = join(path, "images/test");
    assertEquals(
      message,
      `Cannot read "${test}": "${test}" cannot be used: it is a link to "../gone", which does not exist`,
    );
  }
  Deno.removeSync(join(path, "images"), { recursive: true });
  link(path, "images", "gone");
  const error = await assertRejects(() => dataset(path).open("train"), DataError);
  assert(error.message.includes('it is a link to "gone", which does not exist'), error.message);
});

Deno.test("generic_image_dataset says why a listed image is not found", async () => {
  using folder = new TemporaryFolder();
  const { path } = folder;
  write(path, "images/a.png", "images/b.gif");
  link(path, "images/c.png", "gone.png");
  Deno.writeTextFileSync(join(path, "labels.json"), '{"a": 0, "b": 1, "c": 1}');
  const splits = join(path, "splits.json");
  const options = { split_source: "splits_json", label_source: "json" };
  for (
    const [listed, why] of [
      ["c.png", `it is a link to "gone.png", which does not exist`],
      ["c", `it is a link to "gone.png", which does not exist`],
      ["b", "it is an image, but data.allowed_exts does not have .gif"],
    ]
  ) {
    Deno.writeTextFileSync(splits, JSON.stringify({ train: ["a", listed] }));
    const { message, notices } = await both(path, options);
    const file = join(path, "images", listed === "b" ? "b.gif" : "c.png");
    assertEquals(
      message,
      `Cannot use "${splits}": there is no image "${listed}" of split "train", ` +
        `"${file}" cannot be used: ${why}`,
    );
    const labels = join(path, "labels.json");
    assertEquals(notices, [
      `2 of 3 labels of "${labels}" belong to no image, such as "b" (entry 1)`,
      `1 image left out of split "train": not there: "${listed}"`,
    ]);
  }
  Deno.writeTextFileSync(splits, JSON.stringify({ train: ["a", "b.gif"] }));
  const named = await dataset(path, options).open("train");
  assertEquals(named?.ids, ["a.png", "b.gif"]); // who names a file wants it
});

Deno.test("generic_image_dataset counts folders and devices with the names of images", async () => {
  using folder = new TemporaryFolder();
  const { path } = folder;
  write(path, "images/train/a/1.png", "images/train/b/inside.png/2.png");
  Deno.mkdirSync(join(path, "images/train/b/3.png"));
  link(path, "images/train/b/4.png", "/dev/null");
  const { message, ids, notices } = await both(path);
  assertEquals(
    message,
    `Cannot use "${join(path, "images/train/b/3.png")}": it is a folder without images; ` +
      '1 more of split "train" cannot be used',
  );
  assertEquals(ids, ["train/a/1.png", "train/b/inside.png/2.png"]);
  assertEquals(notices, [
    '1 left out of split "train" (folders without images): "train/b/3.png"',
    '1 left out of split "train" (not regular files): "train/b/4.png"',
  ]);
});

Deno.test("generic_image_dataset ends where folders link to each other crosswise", async () => {
  using folder = new TemporaryFolder();
  const { path } = folder;
  const names = Array.from({ length: 9 }, (_, i) => `f${i}`);
  for (const name of names) {
    write(path, `images/train/a/${name}/${name}.png`);
    for (const other of names) {
      if (other !== name) link(path, `images/train/a/${name}/to_${other}`, `../${other}`);
    }
  }
  const split = await dataset(path).open("train");
  assertEquals(split?.ids, names.map((name) => `train/a/${name}/${name}.png`));
  assertEquals(split?.notices?.length, 1);
  const note =
    '72 left out of split "train" (links to folders whose images the split has already): ';
  assertEquals(split?.notices?.[0].slice(0, note.length), note);
});

Deno.test("generic_image_dataset refuses images that would be in two classes", async () => {
  using folder = new TemporaryFolder();
  const { path } = folder;
  write(path, "store/1.png", "images/val/c/1.png");
  link(path, "images/train/a", "../../store");
  link(path, "images/train/b", "../../store");
  const { message, ids, notices } = await both(path, { num_classes: 3 });
  assertEquals(
    message,
    `Cannot use "${join(path, "images/train/b")}": it is a link to "${
      Deno.realPathSync(join(path, "store"))
    }", whose images the split has already`,
  );
  assertEquals(ids, ["train/a/1.png"]);
  assertEquals(notices, [
    '1 left out of split "train" (links to folders whose images the split has already): "train/b"',
  ]);
});

Deno.test("generic_image_dataset does not follow a link up, into other splits", async () => {
  using folder = new TemporaryFolder();
  const { path } = folder;
  write(path, "images/train/a/1.png", "images/val/a/2.png");
  link(path, "images/train/a/up", "../../../images");
  assertEquals((await dataset(path).open("train"))?.ids, ["train/a/1.png"]);
});

Deno.test({
  name: "generic_image_dataset says that a name is not UTF-8",
  ignore: Deno.build.os !== "linux",
  async fn() {
    using folder = new TemporaryFolder();
    const { path } = folder;
    write(path, "images/train/a/1.png", "images/train/b/2.png");
    const script = `cd "$1"; mkdir "$(printf 'M\\374ll')"; cp b/2.png "b/$(printf '\\351.png')"; ` +
      `cp b/2.png "b/$(printf '\\351.txt')"`;
    const args = ["-c", script, "sh", join(path, "images/train")];
    assertEquals(new Deno.Command("sh", { args }).outputSync().code, 0);
    const { message, ids, notices } = await both(path, { num_classes: 3 });
    assertEquals(
      message,
      `Cannot use "${join(path, "images/train/M\ufffdll")}": its name is not UTF-8: ` +
        'rename it, for example with convmv; 1 more of split "train" cannot be used',
    );
    assertEquals(ids, ["train/a/1.png", "train/b/2.png"]);
    assertEquals(notices, [
      '2 left out of split "train" (names that are not UTF-8): "train/M\ufffdll", "train/b/\ufffd.png"',
    ]);
  },
});

Deno.test("generic_image_dataset hands max_image_pixels to whoever reads the images", async () => {
  using folder = new TemporaryFolder();
  write(folder.path, "images/train/a/1.png");
  const maxPixels = async (options: Readonly<Record<string, unknown>>) => {
    const split = await dataset(folder.path, options).open("train");
    return (split?.source.options as { readonly maxPixels: number }).maxPixels;
  };
  assertEquals([await maxPixels({}), await maxPixels({ max_image_pixels: 9 })], [89478485, 9]);
  for (const max_image_pixels of [0, 1.5, 2 ** 31]) {
    assert(!v.safeParse(genericImageDataset.config, { num_classes: 2, max_image_pixels }).success);
  }
});
