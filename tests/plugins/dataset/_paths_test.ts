import { assertEquals } from "@std/assert";
import { comparablePath, nearestPath } from "../../../plugins/dataset/_paths.ts";

Deno.test("comparablePath() takes paths for the same that lead to the same place", () => {
  const same = [
    ["val/s01.png", "val\\s01.png", "./val/s01.png", "val//s01.png", "val/./x/../s01.png"],
    ["gr\u00f6\u00dfe/\u00e9.png", "gro\u0308\u00dfe\\e\u0301.png"],
    ["C:/data/a.png", "C:\\data\\a.png"],
    ["/data/a.png", "//data/./a.png"],
    ["../a.png", "..\\a.png", "./x/../../a.png"],
    ["a", "a/", "./a"],
    ["/", "//"],
  ];
  for (const [first, ...others] of same) {
    for (const other of others) assertEquals(comparablePath(other), first);
  }
});

Deno.test("comparablePath() keeps different paths apart", () => {
  const paths = ["a/b.png", "b.png", "A/b.png", "a/b", "/a/b.png", "a b.png", "..a/b.png", ""];
  assertEquals(new Set(paths.map(comparablePath)).size, paths.length);
});

Deno.test("nearestPath() finds the path with the fewest edits, in any case", () => {
  const paths = ["train/s01.png", "val/S1.PNG", "val/s011.tif"];
  assertEquals(nearestPath("val/s1.png", paths), "val/S1.PNG");
  assertEquals(nearestPath("train/s02.png", paths), "train/s01.png");
  assertEquals(nearestPath("val/s01.tif", paths), "val/s011.tif");
  assertEquals(nearestPath("anything", []), undefined);
});
