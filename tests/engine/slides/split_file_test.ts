import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { SPLIT_NAMES, type SplitName } from "../../../engine/data/data.ts";
import { DataError } from "../../../engine/errors.ts";
import { hasFolds, readSplitFile } from "../../../engine/slides/split_file.ts";
import { SLIDES } from "../../_slides.ts";
import { inFolder } from "../../_training.ts";

type Ids = { readonly patients: boolean } & Partial<Record<SplitName, string[]>>;

/** Ids by split. */
function ids(path: string, fold?: number): Ids {
  const { sides, patients } = readSplitFile(path, { fold: () => fold });
  const named = Object.entries(sides).map(([side, entries]) =>
    [side, entries.map(({ id }) => id)] as const
  );
  return { patients, ...Object.fromEntries(named) };
}

/** What a file of some content is refused with. */
async function refusal(name: string, content: string, fold?: number): Promise<string> {
  return await inFolder(async (folder) => {
    const path = join(folder, name);
    await Deno.writeTextFile(path, content);
    const { message } = assertThrows(() => ids(path, fold), DataError);
    return message.replace(`${folder}/`, "");
  });
}

const CLAM = join(SLIDES, "clam", "splits", "task_100");

Deno.test("both tables of CLAM say the same", () => {
  const [names, bool] = ["splits_0.csv", "splits_0_bool.csv"].map((name) => ids(join(CLAM, name)));
  const sorted = (found: Ids) => SPLIT_NAMES.map((side) => [...found[side]!].sort());
  assertEquals(sorted(bool), sorted(names));
  assertEquals(sorted(names).map(({ length }) => length), [18, 11, 11]);
  assertEquals(ids(CLAM, 0), names);
});

Deno.test("a fold of a folder is asked for and found", async () => {
  await inFolder(async (folder) => {
    for (const fold of [0, 2]) {
      await Deno.writeTextFile(join(folder, `splits_${fold}.csv`), `,train,test\n0,a${fold},b\n`);
    }
    await Deno.writeTextFile(join(folder, "splits_2_descriptor.csv"), "x\n");
    assertEquals(ids(folder, 2), { patients: false, train: ["a2"], test: ["b"] });
    const message = (fold?: number) => assertThrows(() => ids(folder, fold), DataError).message;
    const holds = `Cannot use "${folder}": it holds folds 0, 2`;
    assertEquals(message(), `${holds}: choose one with data.fold`);
    assertEquals(message(1), `${holds}: there is no fold 1`);
    assertEquals([hasFolds(folder), hasFolds(join(folder, "splits_0.csv"))], [true, false]);
    await Deno.remove(join(folder, "splits_2.csv"));
    assertEquals(ids(folder), { patients: false, train: ["a0"], test: ["b"] });
  });
});

Deno.test("STAMP's file lists patients, fold by fold", () => {
  const path = join(SLIDES, "stamp", "splits.json");
  const found = ids(path, 0);
  assertEquals([found.patients, found.train?.length, found.test?.length, found.val], [
    ...[true, 19, 7, undefined],
  ]);
  assertEquals(hasFolds(path), true);
  const message = (fold?: number) => assertThrows(() => ids(path, fold), DataError).message;
  assertEquals(message(), `Cannot use "${path}": it holds 4 folds: choose one with data.fold`);
  assertEquals(message(4), `Cannot use "${path}": it holds 4 folds: there is no fold 4`);
});

Deno.test("files that are no splits are refused", async () => {
  assertEquals(
    await refusal("a.json", "[]"),
    'Cannot use "a.json": it is not an object of lists by split',
  );
  assertEquals(
    await refusal("a.json", '{"training": []}'),
    'Cannot use "a.json": it has none of the lists "train", "val", "test"',
  );
  assertEquals(
    await refusal("a.json", '{"train": "a"}'),
    'Cannot use "a.json": "train" is not a list',
  );
  assertEquals(
    await refusal("a.json", '{"train": ["1", 1]}'),
    'Cannot use "a.json": train[1] is 1, expected the id of a slide or patient as text',
  );
  assertEquals(
    await refusal("a.json", '{"splits": [{"train": []}]}'),
    'Cannot use "a.json": splits[0] has none of train_patients, val_patients, test_patients',
  );
  assertEquals(
    await refusal("a.csv", "id,fold\n1,2\n"),
    'Cannot use "a.csv": it has none of the columns train, val, test',
  );
});

Deno.test("an empty folder holds no split", async () => {
  await inFolder((folder) => {
    const { message } = assertThrows(() => ids(folder), DataError);
    assertEquals(message, `Cannot use "${folder}": it holds no splits_0.csv`);
    return Promise.resolve();
  });
});
