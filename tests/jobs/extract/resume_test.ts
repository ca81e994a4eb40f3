/** Extraction that goes on: with images that changed, and beside what others left or still write. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "node:path";
import { DataError } from "../../../engine/errors.ts";
import { FileLock } from "../../../engine/storage/lock.ts";
import { Hdf5File } from "../../../engine/storage/hdf5/hdf5.ts";
import { extractFeatures } from "../../../jobs/extract/extract.ts";
import { extract, extractConfig, extractionRegistry } from "../../_extraction.ts";
import { type Flags, inFolder, namesIn } from "../../_training.ts";

const TIME = new Date("2024-05-01T12:00:00.000Z");

/** Writes a stand-in for an image. */
function write(path: string, text: string, time = TIME): string {
  Deno.writeTextFileSync(path, text);
  Deno.utimeSync(path, time, time);
  return path;
}

/** Files of two images, and the flags of an extraction that names them. */
function setUp(folder: string): { readonly images: readonly string[]; readonly flags: Flags } {
  const images = ["a.png", "b.png"].map((name) => write(join(folder, name), name));
  const flags = {
    split: "train",
    output_filename: "out.h5",
    "data.files": JSON.stringify(images),
    "dataloading.batch_size": "4",
  };
  return { images, flags };
}

/** Extracts until the first progress is told; no earlier run has finished the file. */
async function stop(folder: string, flags: Flags): Promise<void> {
  await Deno.remove(join(folder, "out.h5")).catch(() => {});
  const abort = new AbortController();
  const stopping = extractFeatures(extractConfig(folder, flags), {
    registry: extractionRegistry(),
    signal: abort.signal,
    onEvent: ({ type }) => type === "progress" && abort.abort(),
  });
  await assertRejects(() => stopping, DOMException);
}

async function features(path: string): Promise<unknown> {
  using file = await Hdf5File.open(path);
  const dataset = await file.dataset("features");
  return dataset.readRows(0, dataset.rows);
}

Deno.test("extractFeatures() does not go on in a journal of images that changed", async () => {
  await inFolder(async (folder) => {
    const { images: [image], flags } = setUp(folder);
    const { files: [whole] } = await extract(folder, { ...flags, output_filename: "whole.h5" });
    const resume = { ...flags, resume: "true" };
    const changes = [
      ["another", TIME],
      ["a.png", new Date("2024-05-01T12:00:00.500Z")],
      ["a.png", new Date("2020-01-01")],
    ] as const;
    for (const [text, time] of changes) {
      await stop(folder, flags);
      write(image, text, time);
      const error = await assertRejects(() => extract(folder, resume), DataError);
      assertMatch(
        error.message,
        /^Cannot go on with ".*out\.h5\.partial": its samples are of other data, .* instead of .*; resume_anyway goes on, or run without resume$/,
      );
      const { files: [file], events } = await extract(folder, { ...resume, resume_anyway: "true" });
      const notices = events.flatMap((event) => event.type === "notice" ? [event.message] : []);
      assert(notices.some((line) => line.endsWith("; going on anyway")), notices.join());
      assert(events.some((event) => event.type === "split" && event.done > 0));
      assertEquals(await features(file.file), await features(whole.file));
      write(image, "a.png");
    }
    await stop(folder, flags);
    const { files: [same] } = await extract(folder, resume);
    assertEquals(same.kept, false);
  });
});

Deno.test("extractFeatures() does not keep a finished file of images that changed", async () => {
  await inFolder(async (folder) => {
    const { images: [image], flags } = setUp(folder);
    const resume = { ...flags, resume: "true" };
    await extract(folder, flags);
    const kept = await extract(folder, resume);
    assertEquals(kept.files[0].kept, true);
    const later = new Date("2100-01-01");
    const changes = [
      ["another", TIME, "sizes of its images are not what they were"],
      ["a.png", later, "an image changed at 2100-01-01T00:00:00.000Z, the file is of "],
    ] as const;
    for (const [text, time, state] of changes) {
      write(image, text, time);
      const error = await assertRejects(() => extract(folder, resume), DataError);
      assert(error.message.startsWith(`Cannot keep "${join(folder, "out.h5")}": ${state}`));
      assert(error.message.endsWith("; --resume_anyway keeps it, or run without resume"));
      const { files: [file], events } = await extract(folder, { ...resume, resume_anyway: "true" });
      assertEquals(file.kept, true);
      assert(events.some((event) =>
        event.type === "notice" && event.message.includes(state) &&
        event.message.endsWith("; kept anyway")
      ));
    }
  });
});

Deno.test("extractFeatures() does not keep a finished file that is damaged", async () => {
  await inFolder(async (folder) => {
    const { flags } = setUp(folder);
    const path = join(folder, "out.h5");
    const resume = { ...flags, precision: "16", resume: "true" };
    const { files: [made] } = await extract(folder, { ...resume, resume: "false" });
    const whole = Deno.readFileSync(path);
    const text = new TextDecoder("latin1").decode(whole);
    const end = text.indexOf("TREE");
    const damages = [
      // Messages of the root, its attributes, a name of a dataset, the tree that finds datasets.
      [end - 24, 24, "it is a damaged HDF5 file (its root is not a group)"],
      [text.indexOf("fingerprint"), 4, 'attribute "fingerprint" is missing: it is damaged, or '],
      [text.indexOf("labels\0"), 6, "it is a damaged HDF5 file (a link has no name)"],
      [end, 4, "it is a damaged HDF5 file ("],
    ] as const;
    for (const [from, length, state] of damages) {
      assert(from > 0);
      Deno.writeFileSync(path, whole.slice().fill(0, from, from + length));
      const error = await assertRejects(() => extract(folder, resume), DataError);
      assert(error.message.includes(`"${path}": ${state}`), error.message);
      assert(!error.message.includes("\n"));
    }
    // The number of rows, where the shape of the features stands.
    const words = new BigUint64Array(whole.buffer, 0, Math.floor(whole.length / 8));
    const shape = words.findIndex((word, at) =>
      word === BigInt(made.samples) && words[at + 1] === BigInt(made.embedDim)
    );
    const fewer = whole.slice();
    fewer[shape * 8] = made.samples - 1;
    Deno.writeFileSync(path, fewer);
    const error = await assertRejects(() => extract(folder, resume), DataError);
    const { samples, embedDim } = made;
    const sizes = `${samples - 1}×${embedDim}, expected ${samples}×${embedDim}`;
    const state = `it is damaged, dataset "features" is ${sizes}`;
    assert(error.message.startsWith(`Cannot keep "${path}": ${state}; remove it`), error.message);
    Deno.writeFileSync(path, whole);
    const { files: [file] } = await extract(folder, resume);
    assertEquals([file.kept, file.samples], [true, samples]);
  });
});

Deno.test("extractFeatures() removes what killed runs left of its own file", async () => {
  await inFolder(async (folder) => {
    const { flags } = setUp(folder);
    const leave = (name: string) =>
      write(join(folder, `.${name}.${crypto.randomUUID()}.tmp`), "half");
    const other = leave("other.h5");
    const leftovers = async () =>
      (await namesIn(folder)).filter((name) => name.startsWith(".")).map((name) =>
        join(folder, name)
      );
    for (const resume of ["false", "true"]) {
      leave("out.h5");
      await extract(folder, { ...flags, resume });
      assertEquals(await leftovers(), [other]);
    }
    await stop(folder, flags);
    leave("out.h5");
    await extract(folder, { ...flags, resume: "true" });
    assertEquals(await leftovers(), [other]);
    for (const shard of ["1/2", "2/2"]) await extract(folder, { ...flags, shard });
    leave("out.h5");
    await extract(folder, { ...flags, merge: "2" });
    assertEquals(await leftovers(), [other]);
    assert(!(await namesIn(folder)).some((name) => name.endsWith(".partial")));
  });
});

Deno.test("extractFeatures() leaves alone what another process is writing", async () => {
  await inFolder(async (folder) => {
    const { flags } = setUp(folder);
    await extract(folder, flags);
    for (const shard of ["1/2", "2/2"]) await extract(folder, { ...flags, shard });
    const temporary = write(join(folder, `.out.h5.${crypto.randomUUID()}.tmp`), "half");
    using _other = FileLock.take(join(folder, "out.h5.partial"), "");
    const kept = await extract(folder, { ...flags, resume: "true" });
    assertEquals(kept.files[0].kept, true);
    for (const [name, value] of [["resume", "false"], ["merge", "2"]]) {
      const given = { ...flags, [name]: value };
      const error = await assertRejects(() => extract(folder, given), DataError);
      assertMatch(error.message, /^Cannot write ".*": another process is writing it$/);
    }
    assertEquals(Deno.readTextFileSync(temporary), "half");
  });
});

Deno.test("extractFeatures() finishes all splits where somebody removes a journal", async () => {
  await inFolder(async (folder) => {
    const files = await extractFeatures(
      extractConfig(folder, { output_filename: "{split}.h5", "dataloading.batch_size": "4" }),
      {
        registry: extractionRegistry(),
        onEvent(event) {
          if (event.type === "split") Deno.removeSync(`${event.file}.partial`);
        },
      },
    );
    assertEquals(files.map(({ split, samples }) => [split, samples]), [["train", 22], ["val", 22]]);
    assertEquals(await namesIn(folder), ["train.h5", "val.h5"]);
  });
});
