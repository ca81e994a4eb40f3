import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { writeSafetensors } from "../../../engine/storage/safetensors.ts";
import { storedTensor } from "../../../engine/storage/tensor_types.ts";
import { writeTorchFile } from "../../../engine/storage/torch/torch_file.ts";
import { H5_FOLDER, TemporaryFolder } from "../../engine/storage/testdata.ts";
import { SLIDES, writeSlide, writeTensor } from "../../_slides.ts";
import { inspectAs } from "./_found.ts";

Deno.test("inspect() looks at folders of slides without tables", async () => {
  const clam = await inspectAs("slides", join(SLIDES, "clam"));
  assertEquals([clam.problems, clam.files, clam.slides], [[], { ".h5": 80, ".pt": 40 }, 40]);
  assertEquals(clam.scan, { rows: 885, nanRows: 0, infRows: 0 });
  assertEquals(clam.notices.slice(0, 2), [
    "left out: 40 HDF5 files without features",
    "40 files of slides that other files hold too: .h5 comes first, then .pt",
  ]);
  assertStringIncludes(clam.notices[2], 'tables found: "dataset.csv"');

  const trident = await inspectAs("slides", join(SLIDES, "trident"));
  assertEquals([trident.problems, trident.empty.length, trident.slides], [[], 2, 42]);

  const all = await inspectAs("slides", SLIDES, { scan: false });
  assertEquals(all.notices.filter((line) => line.startsWith("40 names of slides")).length, 1);
});

Deno.test("inspect() names slides that do not fit the others, and those that cannot be read", async () => {
  using folder = new TemporaryFolder();
  await writeSlide(folder.file("a.h5"), [2, 3]);
  await writeSlide(folder.file("b.h5"), [5, 3]);
  await writeSlide(folder.file("c/c.h5"), [2, 4]);
  await writeTensor(folder.file("d.pt"), [3]);
  await Deno.writeTextFile(folder.file("e.h5"), "");
  await Deno.writeTextFile(folder.file("f.npy"), "[1, 2]");
  const found = await inspectAs("slides", folder.path);
  assertEquals([found.layout, found.embedDims, found.slides], ["mixed", [3, 4], 4]);
  assertEquals(found.problems.map((line) => line.replaceAll(folder.path, "DIR")), [
    'Cannot read "DIR/e.h5": it is an empty file, not an HDF5 file',
    'Cannot read "DIR/f.npy": it is JSON, not a NumPy array (.npy)',
    'Cannot use "DIR/d.pt": it holds one vector, "DIR/a.h5" a bag of instances',
    'Cannot use "DIR/c/c.h5": its features are 4 wide, those of "DIR/a.h5" 3',
  ]);
});

Deno.test("inspect() says that there are no slides, or none with instances", async () => {
  using folder = new TemporaryFolder();
  await Deno.writeTextFile(folder.file("a.txt"), "");
  const none = await inspectAs("folder", folder.path);
  assertEquals([none.entries, none.files], [[], { ".txt": 1 }]);
  assertEquals(none.problems, [
    `Cannot use "${folder.path}": it holds no feature file (.h5, .hdf5, .pt, .npy)`,
  ]);
  await writeSlide(folder.file("a.h5"), [0, 3]);
  const empty = await inspectAs("slides", folder.path);
  assertEquals(empty.problems, [`Cannot use "${folder.path}": no slide in it has instances`]);
});

Deno.test("inspect() looks at each file of a folder of packed files or weights", async () => {
  const packed = await inspectAs("folder", H5_FOLDER, { scan: false });
  const kinds = new Set(packed.entries.map(({ kind }) => kind));
  assertEquals([...kinds].sort(), ["feature_file", "other", "slide"]);
  assertEquals(packed.problems, [...new Set(packed.entries.flatMap(({ problems }) => problems))]);
  using folder = new TemporaryFolder();
  const bias = storedTensor("float32", [1], Float32Array.of(1));
  await writeTorchFile(folder.file("last.pt"), { bias });
  await writeSafetensors(folder.file("model.safetensors"), new Map([["bias", bias]]));
  const weights = await inspectAs("folder", folder.path);
  assertEquals(weights.entries.map(({ kind }) => kind), ["weights", "weights"]);
  assertEquals([weights.problems, weights.files], [[], { ".pt": 1, ".safetensors": 1 }]);
});
