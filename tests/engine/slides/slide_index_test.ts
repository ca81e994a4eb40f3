import { assertEquals } from "@std/assert";
import { resolve } from "node:path";
import { bareId, SlideIndex } from "../../../engine/slides/slide_index.ts";

const file = (relative: string) => {
  const name = relative.slice(relative.lastIndexOf("/") + 1);
  return { path: `root/${relative}`, relative, stem: name.slice(0, name.lastIndexOf(".")) };
};
const FILES = [
  "A0.18E19BA7.h5",
  "00001_1.h5",
  "b.svs.h5",
  "p1/slide.h5",
  "p2/slide.h5",
  "enc/p3/own.h5",
];
const INDEX = new SlideIndex("root", FILES.map(file));
const found = (id: string) => INDEX.find(id).map(({ relative }) => relative);

Deno.test("an id is the stem of a file, letter for letter", () => {
  assertEquals(found("A0.18E19BA7"), ["A0.18E19BA7.h5"]);
  assertEquals([found("A0"), found("1_1"), found("a0.18e19ba7")], [[], [], []]);
  assertEquals(found("00001_1"), ["00001_1.h5"]);
});

Deno.test("an id or a file may carry the end of an image", () => {
  for (const end of ["svs", "tif", "tiff", "ndpi", "mrxs", "scn", "bif", "vsi", "SVS"]) {
    assertEquals(found(`00001_1.${end}`), ["00001_1.h5"]);
  }
  assertEquals([found("b"), found("b.svs"), found("b.ndpi")], [
    ...[["b.svs.h5"], ["b.svs.h5"], ["b.svs.h5"]],
  ]);
  assertEquals(found("00001_1.jpg"), []);
});

Deno.test("a path is told from others of the same name", () => {
  assertEquals(found("slide"), ["p1/slide.h5", "p2/slide.h5"]);
  assertEquals(found("p2/slide.h5"), ["p2/slide.h5"]);
  assertEquals(found("./p2/slide"), ["p2/slide.h5"]);
  assertEquals(found("p2\\slide.svs"), ["p2/slide.h5"]);
  assertEquals(found(resolve("root/p1/slide.h5")), ["p1/slide.h5"]);
  assertEquals([found("p3/own.h5"), found("3/own.h5"), found("p4/own.h5")], [
    ...[["enc/p3/own.h5"], [], []],
  ]);
});

Deno.test("bareId() takes off the end of a feature file and of an image, once each", () => {
  assertEquals(["a.svs.h5", "a.h5", "a.svs", "a", "a.svs.svs"].map(bareId), [
    ...["a", "a", "a", "a", "a.svs"],
  ]);
});
