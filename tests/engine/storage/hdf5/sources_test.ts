import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { Hdf5File } from "../../../../engine/storage/hdf5/hdf5.ts";
import { KINDS_FOLDER, TemporaryFolder } from "../testdata.ts";

const open = (name: string, direct = true) => Hdf5File.open(`${KINDS_FOLDER}/${name}`, { direct });

Deno.test("Hdf5File.dataset() names what a virtual dataset lacks", async () => {
  const states = {
    "virtual_no_file.h5": 'shows "features" in "part_7.h5", which does not exist',
    "virtual_no_dataset.h5": 'shows "moved" in "part_1.h5", where it is missing',
    "virtual_smaller.h5": 'shows "half" in "part_1.h5", which holds 6 values instead of 12',
    "virtual_smaller_part.h5":
      'shows "half" in "part_1.h5", of which it wants 8 along dimension 0: there are 2',
    "virtual_itself.h5": "is a virtual dataset that shows itself",
  };
  for (const [name, state] of Object.entries(states)) {
    using file = await open(name);
    const message = `Cannot read "${file.path}": dataset "features" ${state}`;
    await assertRejects(() => file.dataset("features"), DataError, message);
  }
});

Deno.test("Hdf5File.notices names the files that datasets read from", async () => {
  const names = {
    "virtual.h5": '"part_0.h5", "part_1.h5", "part_2.h5"',
    "virtual_of_virtual.h5": '"virtual.h5", "part_0.h5", "part_1.h5", "part_2.h5"',
    "virtual_series.h5": '"part_%b.h5"',
    "external.h5": '"external_a.bin", "external_b.bin"',
  };
  // External storage begins in the current folder.
  const before = Deno.cwd();
  Deno.chdir(KINDS_FOLDER);
  try {
    for (const [name, files] of Object.entries(names)) {
      using file = await Hdf5File.open(name);
      await file.dataset("features");
      await file.dataset("features");
      const line = `dataset "features" of "${name}" reads from other files: ${files}`;
      assertEquals(file.notices, [line]);
    }
  } finally {
    Deno.chdir(before);
  }
  using links = await open("links.h5");
  await links.dataset("soft");
  assertEquals(links.notices, []);
  await links.dataset("outside");
  assert(links.notices[0].endsWith(`reads from other files: "${KINDS_FOLDER}/linked_to.h5"`));
  using same = await open("virtual_same_file.h5");
  await same.dataset("features");
  assertEquals(same.notices, []);
});

Deno.test("Hdf5File.notices counts what was never written, and what has no source", async () => {
  const lines = {
    "fill.h5": "6 of 12 chunks of dataset",
    "fill_pages.h5": "2999 of 3000 chunks of dataset",
    "never_written.h5": "all values of dataset",
    "virtual_gap.h5": "12 values of dataset",
  };
  const values = {
    "fill.h5": "were never written and read as -3",
    "fill_pages.h5": "were never written and read as 1",
    "never_written.h5": "were never written and read as 1.5",
    "virtual_gap.h5": "have no source and read as 9",
  };
  for (const [name, start] of Object.entries(lines)) {
    using file = await open(name);
    await file.dataset("features");
    const line = file.notices.at(-1) ?? "";
    assert(line.startsWith(start), line);
    assert(line.endsWith(values[name as keyof typeof values]), line);
  }
});

Deno.test("Hdf5File.dataset() names plain files that are missing or too short", async () => {
  const before = Deno.cwd();
  Deno.chdir(KINDS_FOLDER);
  try {
    using missing = await Hdf5File.open("external_missing.h5");
    const gone = 'dataset "features" reads from "external_c.bin", which does not exist';
    await assertRejects(() => missing.dataset("features"), DataError, gone);
    using short = await Hdf5File.open("external_short.h5");
    const cut = 'dataset "features" reads from "external_b.bin", which ends 8 bytes too early';
    await assertRejects(() => short.dataset("features"), DataError, cut);
  } finally {
    Deno.chdir(before);
  }
});

Deno.test("Hdf5File.dataset() finds the files of a folder that was moved", async () => {
  using folder = new TemporaryFolder();
  for (const name of ["virtual.h5", "part_0.h5", "part_1.h5", "part_2.h5"]) {
    Deno.copyFileSync(`${KINDS_FOLDER}/${name}`, folder.file(name));
  }
  using file = await Hdf5File.open(folder.file("virtual.h5"));
  assertEquals((await file.dataset("features")).readRows(11, 1), Float32Array.of(2, 3, 4));
  Deno.removeSync(folder.file("part_1.h5"));
  using again = await Hdf5File.open(folder.file("virtual.h5"));
  await assertRejects(() => again.dataset("features"), DataError, '"part_1.h5", which does not');
});
