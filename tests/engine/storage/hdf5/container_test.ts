import { assert, assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { ContainerSet, findBeside, isFile } from "../../../../engine/storage/hdf5/container.ts";
import { KINDS_FOLDER, TemporaryFolder } from "../testdata.ts";

Deno.test("findBeside() takes an absolute path, else one beside the file that names it", () => {
  using folder = new TemporaryFolder();
  const [here, there] = [folder.file("here"), folder.file("there")];
  for (const path of [here, there]) Deno.mkdirSync(path);
  for (const name of ["here/a.h5", "there/a.h5", "there/b.h5"]) {
    Deno.writeTextFileSync(folder.file(name), "");
  }
  assertEquals(findBeside("a.h5", `${here}/main.h5`), `${here}/a.h5`);
  assertEquals(findBeside(`${there}/a.h5`, `${here}/main.h5`), `${there}/a.h5`);
  // A folder that was moved: its files keep the absolute names that they had.
  assertEquals(findBeside("/nowhere/a.h5", `${here}/main.h5`), `${here}/a.h5`);
  assertEquals(findBeside("../there/b.h5", `${here}/main.h5`), `${there}/b.h5`);
  assertEquals(findBeside("b.h5", `${here}/main.h5`), undefined);
});

Deno.test("isFile() takes neither folders nor devices", () => {
  assertEquals([isFile(KINDS_FOLDER), isFile("/dev/null"), isFile("nowhere")], [
    false,
    false,
    false,
  ]);
  assert(isFile(`${KINDS_FOLDER}/manifest.json`));
});

Deno.test("ContainerSet opens each file once, and says why it cannot", () => {
  using files = new ContainerSet(`${KINDS_FOLDER}/links.h5`);
  const other = files.other("linked_to.h5", files.main);
  assert(typeof other !== "string");
  assertEquals(files.other("linked_to.h5", other), other);
  assertEquals(files.other("gone.h5", files.main), "which does not exist");
  assertThrows(() => new ContainerSet(`${KINDS_FOLDER}/manifest.json`), DataError, "it is JSON");
});
