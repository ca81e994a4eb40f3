import { assertEquals } from "@std/assert";
import { RowOwners } from "../../../plugins/dataset/_row_owners.ts";

const ROOT = "/d";
const FOLDERS = [ROOT, "/d/images"];

/** Images below `/d/images/<split>`. */
function imagesOf(...ids: readonly string[]) {
  return ids.map((id) => ({
    split: id.split("/")[0],
    image: { file: `/d/images/${id}`, id },
  }));
}

/** The rows of each image, and those of none. */
function owned(rows: readonly string[], ...ids: readonly string[]) {
  const images = imagesOf(...ids);
  const owners = new RowOwners(new Set(rows), images, FOLDERS);
  return [...images.map((image) => owners.rowsOf(image)), owners.unused()];
}

Deno.test("RowOwners finds an image by every name that it may have", () => {
  const names = [
    "/d/images/val/x/s.1.png",
    "images/val/x/s.1.png",
    "val/x/s.1.png",
    "x/s.1.png",
    "s.1.png",
  ];
  const short = names.map((name) => name.replace(/\.png$/, ""));
  for (const name of [...names, ...short]) {
    assertEquals(owned([name], "val/x/s.1.png"), [[name], []]);
  }
  const exact = [names[0], ...short.slice(0, 1), names[4]];
  assertEquals(owned(exact, "val/x/s.1.png"), [[names[0], short[0], names[4]], []]);
  assertEquals(owned(["s", "s.1.jpg", "1.png", "d/images"], "val/x/s.1.png")[0], []);
});

Deno.test("RowOwners gives a row to the image that it names most exactly, and to no other", () => {
  assertEquals(owned(["s.png"], "val/s.png", "val/site2/s.png"), [["s.png"], [], []]);
  assertEquals(owned(["s.png"], "val/site2/s.png", "val/s.png"), [[], ["s.png"], []]);
  assertEquals(
    owned(["val/s", "s"], "val/a/s.png", "val/s.jpg"),
    [[], ["val/s", "s"], []],
  );
});

Deno.test("RowOwners gives a row to nobody that names several images alike", () => {
  assertEquals(owned(["s.png"], "val/a/s.png", "val/b/s.png"), [[], [], ["s.png"]]);
  assertEquals(owned(["a/s.png"], "train/a/s.png", "val/a/s.png"), [[], [], ["a/s.png"]]);
  assertEquals(owned(["val/s"], "val/s.png", "val/s.jpg"), [[], [], ["val/s"]]);
  const images = imagesOf("val/a/s.png", "val/b/s.png", "val/c/t.png");
  const owners = new RowOwners(new Set(["s.png"]), images, FOLDERS);
  const ids = ["val/a/s.png", "val/b/s.png"];
  assertEquals(images.map((image) => owners.sharedRow(image)), [
    { row: "s.png", ids },
    { row: "s.png", ids },
    undefined,
  ]);
});

Deno.test("RowOwners takes an image that two splits list for one", () => {
  const [image] = imagesOf("val/a.png");
  const again = { ...image, split: "test" };
  const listed = { ...image, split: "extra", image: { ...image.image, listed: "first" } };
  const owners = new RowOwners(new Set(["a.png", "first"]), [image, again, listed], FOLDERS);
  assertEquals([owners.rowsOf(image), owners.rowsOf(again)], [["a.png"], ["a.png"]]);
  assertEquals(owners.rowsOf(listed), ["first", "a.png"]);
});

Deno.test("RowOwners follows links to the folder that paths begin below", () => {
  const folder = Deno.realPathSync(Deno.makeTempDirSync());
  Deno.mkdirSync(`${folder}/real`);
  Deno.symlinkSync(`${folder}/real`, `${folder}/link`);
  const image = { split: "val", image: { file: `${folder}/link/val/a.png`, id: "val/a.png" } };
  const row = `${folder}/real/val/a.png`;
  const owners = new RowOwners(new Set([row]), [image], [`${folder}/link`]);
  assertEquals(owners.rowsOf(image), [row]);
  Deno.removeSync(folder, { recursive: true });
});
