import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { findSlides, isSlideFile } from "../../../engine/slides/find_slides.ts";
import { inFolder } from "../../_training.ts";

Deno.test("findSlides() searches folders, follows links once and sorts", async () => {
  await inFolder(async (folder) => {
    for (const path of ["b/x.pt", "a.h5", "a/y.npy", "c.HDF5", ".hidden/z.h5", "t.csv", ".z.h5"]) {
      await Deno.mkdir(join(folder, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(folder, path), "");
    }
    await Deno.symlink(folder, join(folder, "b", "round"));
    await Deno.symlink(join(folder, "gone.h5"), join(folder, "lost.h5"));
    await Deno.symlink(join(folder, "a.h5"), join(folder, "b", "linked.h5"));
    const { files, notices } = findSlides(folder);
    assertEquals(files.map(({ relative }) => relative), [
      "a.h5",
      "a/y.npy",
      "b/linked.h5",
      "b/x.pt",
      "c.HDF5",
    ]);
    assertEquals(files.map(({ stem }) => stem), ["a", "y", "linked", "x", "c"]);
    assertEquals(notices, [
      `1 of the links in "${folder}" lead to nothing and are left out, the first is ` +
      `"${join(folder, "lost.h5")}"`,
    ]);
  });
});

Deno.test("findSlides() takes off one end only", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "TCGA-A0.18E19BA7.svs.h5"), "");
    assertEquals(findSlides(folder).files[0].stem, "TCGA-A0.18E19BA7.svs");
  });
});

Deno.test("findSlides() refuses what is not a folder", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "a.h5");
    await Deno.writeTextFile(file, "");
    const messages = [file, join(folder, "none")].map((root) =>
      assertThrows(() => findSlides(root), DataError).message
    );
    assertEquals(messages, [
      `Cannot search "${file}": it is not a folder`,
      `Cannot read "${join(folder, "none")}": the file does not exist`,
    ]);
  });
});

Deno.test("isSlideFile() knows the ends of feature files", () => {
  assertEquals(["x.h5", "x.hdf5", "x.pt", "x.npy", "x.pth", "h5"].map(isSlideFile), [
    ...[true, true, true, true, false, false],
  ]);
});
