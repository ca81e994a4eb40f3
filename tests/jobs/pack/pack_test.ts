import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { openFeatureFile } from "../../../engine/features/feature_file.ts";
import { DataError } from "../../../engine/errors.ts";
import { openSource } from "../../../engine/features/feature_source.ts";
import { featureSplit } from "../../../engine/features/feature_file.ts";
import { openSlide } from "../../../engine/slides/slide_file.ts";
import { openSource as openSlideSource, slidesOf } from "../../../engine/slides/slide_source.ts";
import { Hdf5File } from "../../../engine/storage/hdf5/hdf5.ts";
import { FileLock } from "../../../engine/storage/lock.ts";
import { createDataset } from "../../../registry/builder/dataset.ts";
import { flag } from "../../../registry/config/flag.ts";
import { resolveConfig } from "../../../registry/config/resolve.ts";
import { ConfigError } from "../../../registry/errors.ts";
import { SPLIT_NAMES } from "../../../registry/plugin.ts";
import { registry } from "../../../registry/registry.ts";
import { type Flags, inFolder } from "../../_training.ts";
import { contentOf, namesIn, packInto, PRODUCERS, writeSlides } from "./_slides.ts";

/** The dataset of slides, as training makes it. */
async function slidesDataset(flags: Flags) {
  const all = { "data.dataset": "slide_features", "model.encoder.encoder_type": "precomputed" };
  const given = { ...all, "model.encoder.feature_dim": "32", ...flags };
  const list = Object.entries(given).map(([path, value]) => flag(path, value));
  const { config } = resolveConfig({ flags: list }, registry);
  return (await createDataset({ config, registry })).dataset;
}

for (const [producer, flags] of Object.entries(PRODUCERS)) {
  Deno.test(`pack() keeps every sample of ${producer}'s directory, in its order`, async () => {
    await inFolder(async (folder) => {
      const { files } = await packInto(folder, flags);
      const dataset = await slidesDataset(flags);
      assertEquals(files.map(({ split }) => split), [...SPLIT_NAMES]);
      for (const { split: name, file, precision, instances } of files) {
        const split = (await dataset.open(name))!;
        const packed = await openFeatureFile(file);
        const { ids, patients, labels, bagLengths } = split;
        assertEquals(
          [packed.ids, packed.patients, packed.labels, packed.bagLengths, packed.classNames],
          [ids, patients, labels, bagLengths, dataset.classNames],
        );
        assertEquals([precision, packed.instances], [producer === "stamp" ? 16 : 32, instances]);
        const all = Int32Array.from({ length: split.length }, (_, index) => index);
        const source = openSlideSource(split.source.options);
        const other = await openSource(featureSplit(packed).source.options);
        assertEquals(await other.read(all), await source.read(all));
        for (const each of [source, other]) each.close();
        const { samples } = slidesOf(split.source)!;
        using hdf5 = await Hdf5File.open(file);
        const coords = await hdf5.dataset("coords");
        let row = 0;
        for (const [{ path, key, instances }] of samples) {
          using slide = await openSlide(path, key);
          const own = await slide!.hdf5!.dataset("coords");
          assertEquals(coords.dtype, own.dtype);
          assertEquals(coords.readRows(row, instances), own.readRows());
          row += instances;
        }
        assertEquals(coords.rows, row);
      }
    });
  });
}

Deno.test("pack() writes what slides say of their patches, where all of them agree", async () => {
  await inFolder(async (folder) => {
    await packInto(folder, PRODUCERS.trident);
    using file = await Hdf5File.open(join(folder, "packed/bags_train.h5"));
    const attributes = file.attributes();
    const names = ["patch_size", "patch_size_level0", "level0_magnification", "encoder_name"];
    assertEquals(names.map((name) => attributes.get(name)), [256, 512, 40, "uni_v1"]);
    assertEquals([attributes.get("class_names"), attributes.get("precision")], ['["0","1"]', 32]);
  });
});

const TABLE = "slide_id,case_id,label,split\na,1,x,train\nb,2,y,train\nc,3,x,val\n";

Deno.test("pack() tells what slides differ in, and leaves it out", async () => {
  await inFolder(async (folder) => {
    const flags = await writeSlides(folder, {
      a: {
        features: [1, 2, 3, 4],
        coords: Int32Array.of(0, 0, 5, 5),
        attributes: { patch_size: 1 },
      },
      b: { features: [5, 6], attributes: { patch_size: 2, overlap: 0 } },
      c: { features: [7, 8], coords: BigInt64Array.of(9n, 70000n) },
    }, TABLE);
    const { notices, files } = await packInto(folder, flags);
    assertEquals(notices, [
      "train: coords are left out: 1 of 2 slides have none of two columns",
      "train: patch_size is left out: the slides differ in it (1, 2)",
      "train: overlap is left out: 1 of 2 slides do not tell it",
    ]);
    const kinds = [];
    for (const { file } of files) {
      using open = await Hdf5File.open(file);
      kinds.push(open.kindOf("coords"));
    }
    assertEquals(kinds, ["missing", "dataset"]);
  });
});

/** What is left of a packing that is refused. */
async function refused(folder: string, flags: Flags) {
  const error = await assertRejects(() => packInto(folder, flags), DataError);
  return { message: error.message.replaceAll(folder, "F"), names: namesIn(folder) };
}

Deno.test("pack() refuses NaN, Inf and what float16 has not, naming file and row", async () => {
  const good = { a: { features: [1, 2] }, c: { features: [7, 8] } };
  const cases: [Record<string, { features: number[]; coords?: Float32Array }>, Flags, string][] = [
    [
      { b: { features: [1, 2, 3, NaN] } },
      {},
      'read "F/slides/b.h5": dataset "features", row 1 holds NaN',
    ],
    [
      { b: { features: [1, -Infinity] } },
      { precision: "16" },
      'read "F/slides/b.h5": dataset "features", row 0 holds Inf',
    ],
    [
      { b: { features: [1, 2, 3, 4, -65520, 1] } },
      { precision: "16" },
      'pack "F/slides/b.h5": dataset "features", row 2 holds -65520, float16 ends at 65504; ' +
      "use --precision 32",
    ],
    [
      { b: { features: [1, 2], coords: Float32Array.of(1, 2, 3, 4) } },
      {},
      'pack "F/slides/b.h5": dataset "coords" has 2 rows, dataset "features" 1',
    ],
    [
      {
        a: { features: [1, 2], coords: Float32Array.of(1, 2) },
        b: { features: [1, 2, 3, 4], coords: Float32Array.of(1, 2, NaN, 4) },
      },
      {},
      'pack "F/slides/b.h5": dataset "coords", row 1 holds NaN',
    ],
  ];
  for (const [slides, flags, message] of cases) {
    await inFolder(async (folder) => {
      const made = await writeSlides(folder, { ...good, ...slides }, TABLE);
      assertEquals(await refused(folder, { ...made, ...flags }), {
        message: `Cannot ${message}`,
        names: [],
      });
    });
  }
});

Deno.test("pack() stores float16 only where slides have it, or where it is wanted", async () => {
  await inFolder(async (folder) => {
    const half = { features: [1, 2], float16: true };
    const slides = { a: half, b: half, c: { features: [1 / 3, 8] } };
    const flags = await writeSlides(folder, slides, TABLE);
    const { files, notices } = await packInto(folder, flags);
    assertEquals([files[0].precision, notices], [32, []]);
    const rounded = await packInto(folder, { ...flags, precision: "16", overwrite: "true" });
    assertEquals(rounded.notices, ["features of 1 slide are float32, stored as float16"]);
    const source = await openSource(
      featureSplit(await openFeatureFile(rounded.files[1].file)).source.options,
    );
    const { features } = await source.read(Int32Array.of(0));
    assertEquals([...features], [Math.f16round(1 / 3), 8]);
    source.close();
  });
});

Deno.test("pack() joins the slides of a patient, and knows all kinds of targets", async () => {
  await inFolder(async (folder) => {
    const slides = {
      a: { features: [1, 2], coords: Int32Array.of(1, 1) },
      b: { features: [3, 4, 5, 6], coords: Int32Array.of(2, 2, 3, 3) },
      c: { features: [7, 8], coords: Int32Array.of(4, 4) },
    };
    const table = "slide_id,case_id,p,q,split\na,1,0,1,train\nb,1,0,1,train\nc,3,1,1,val\n";
    const flags = {
      ...await writeSlides(folder, slides, table),
      "data.label_columns": '["p","q"]',
    };
    const { files: [{ file }] } = await packInto(folder, { ...flags, "data.bag_level": "patient" });
    const { labels, ids, patients, bagLengths } = await openFeatureFile(file, {
      labels: "multilabel",
    });
    assertEquals(labels, { values: Float32Array.of(0, 1), width: 2 });
    assertEquals([ids, patients, bagLengths], [["1"], ["1"], Int32Array.of(3)]);
    using open = await Hdf5File.open(file);
    assertEquals([...(await open.dataset("coords")).readNumbers()], [1, 1, 2, 2, 3, 3]);
    const real = { ...flags, "data.task": "Regression", overwrite: "true" };
    const { files } = await packInto(folder, real);
    const { labels: numbers } = await openFeatureFile(files[0].file, { labels: "regression" });
    assertEquals(numbers, { values: Float32Array.of(0, 1, 0, 1), width: 2 });
  });
});

Deno.test("pack() writes single vectors as samples of their own", async () => {
  await inFolder(async (folder) => {
    const flags = await writeSlides(folder, {}, TABLE);
    const npy = (values: number[]) => {
      const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }`.padEnd(117) + "\n";
      const head = new Uint8Array([0x93, 78, 85, 77, 80, 89, 1, 0, 118, 0]);
      const data = new Uint8Array(Float32Array.from(values).buffer);
      return new Uint8Array([...head, ...new TextEncoder().encode(text), ...data]);
    };
    for (const [at, name] of ["a", "b", "c"].entries()) {
      Deno.writeFileSync(join(folder, "slides", `${name}.npy`), npy([at, -at]));
    }
    const { files } = await packInto(folder, flags);
    const { layout, ids, patients, length } = await openFeatureFile(files[0].file);
    assertEquals([layout, ids, patients, length], ["instance", ["a", "b"], ["1", "2"], 2]);
  });
});

Deno.test("pack() replaces and keeps files only where it is told to", async () => {
  await inFolder(async (folder) => {
    const slides = { a: { features: [1, 2] }, b: { features: [3, 4] }, c: { features: [5, 6] } };
    const flags = await writeSlides(folder, slides, TABLE);
    await packInto(folder, flags);
    const path = join(folder, "packed/bags_train.h5");
    const before = await contentOf(path);
    assertEquals(
      (await refused(folder, flags)).message,
      'Cannot write "F/packed/bags_train.h5": ' +
        "it is there already; --resume keeps it, --overwrite replaces it",
    );
    const kept = await packInto(folder, { ...flags, resume: "true" });
    assertEquals(kept.files.map(({ kept }) => kept), [true, true]);
    const other = { ...flags, resume: "true", precision: "16" };
    assertEquals(
      (await refused(folder, other)).message,
      'Cannot keep "F/packed/bags_train.h5": ' +
        "its precision is 32, expected 16; --overwrite replaces it",
    );
    assertEquals(await contentOf(path), before);
    const both = { ...flags, resume: "true", overwrite: "true" };
    await assertRejects(() => packInto(folder, both), ConfigError, "resume or overwrite, not both");
    Deno.writeTextFileSync(join(folder, "labels.csv"), TABLE.replace("a,1,x", "a,1,y"));
    assertEquals(
      (await refused(folder, { ...flags, resume: "true" })).message,
      'Cannot keep "F/packed/bags_train.h5": it holds other slides or labels; ' +
        "--overwrite replaces it",
    );
    const { mtime } = Deno.statSync(path);
    const later = new Date(mtime!.getTime() + 60_000);
    Deno.writeTextFileSync(join(folder, "labels.csv"), TABLE);
    Deno.utimeSync(join(folder, "slides/b.h5"), later, later);
    const { message } = await refused(folder, { ...flags, resume: "true" });
    assert(message.includes(`a slide changed at ${later.toISOString()}`), message);
    const replaced = await packInto(folder, { ...flags, overwrite: "true" });
    assertEquals(replaced.files.map(({ kept }) => kept), [false, false]);
    assertEquals(await contentOf(path), before);
  });
});

Deno.test("pack() tells of files that these slides have no split for", async () => {
  await inFolder(async (folder) => {
    const slides = { a: { features: [1, 2] }, b: { features: [3, 4] }, c: { features: [5, 6] } };
    const flags = await writeSlides(folder, slides, TABLE);
    Deno.mkdirSync(join(folder, "packed"));
    Deno.writeTextFileSync(join(folder, "packed/bags_test.h5"), "");
    const { notices } = await packInto(folder, flags);
    assertEquals(notices, [
      `"${folder}/packed/bags_test.h5" is of other work: these slides have no test split`,
    ]);
  });
});

Deno.test("pack() wants a dataset of slides, and the folder for itself", async () => {
  await inFolder(async (folder) => {
    const slides = { a: { features: [1, 2] }, b: { features: [3, 4] }, c: { features: [5, 6] } };
    const flags = await writeSlides(folder, slides, TABLE);
    const { files } = await packInto(folder, flags);
    const packed = {
      "data.dataset": "precomputed_features",
      "data.num_classes": "2",
      "data.train_features_file": files[0].file,
      "data.val_features_file": files[1].file,
    };
    await assertRejects(
      () => packInto(folder, packed),
      ConfigError,
      "data.dataset: expected a dataset of one feature file per slide, such as slide_features, " +
        'received "precomputed_features"',
    );
    using _lock = FileLock.take(join(folder, "packed/.pack.lock"), "");
    const { message } = await refused(folder, { ...flags, overwrite: "true" });
    assertEquals(message, 'Cannot pack into "F/packed": another process is packing there');
  });
});

Deno.test("pack() joins parts to the file of one run", async () => {
  await inFolder(async (folder) => {
    for (const [producer, count] of [["clam", 2], ["stamp", 1]] as const) {
      const [whole, parts] = ["whole", "parts"].map((name) => join(folder, producer, name));
      const { files } = await packInto(whole, PRODUCERS[producer]);
      for (let index = 1; index <= count; index++) {
        const flags = { ...PRODUCERS[producer], shard: `${index}/${count}` };
        const { files: own } = await packInto(parts, flags);
        assert(own.every(({ file }) => file.endsWith(`.shard-${index}-of-${count}.h5`)));
        const again = await packInto(parts, { ...flags, resume: "true" });
        assert(again.files.every(({ kept }) => kept));
      }
      const flags = { ...PRODUCERS[producer], merge: "auto" };
      const { files: joined } = await packInto(parts, flags);
      for (const [at, { file }] of files.entries()) {
        assertEquals(await contentOf(joined[at].file), await contentOf(file));
      }
      assertEquals(joined.map(({ samples }) => samples), files.map(({ samples }) => samples));
      const refused = (more: Flags) =>
        assertRejects(() => packInto(parts, { ...flags, ...more }), DataError);
      await refused({}); // the file is there
      Deno.removeSync(join(parts, "packed", `bags_val.shard-1-of-${count}.h5`));
      const { message } = await refused({ overwrite: "true", merge: String(count) });
      assert(message.endsWith(`missing: bags_val.shard-1-of-${count}.h5`), message);
    }
    const few = () => packInto(folder, { ...PRODUCERS.clam, shard: "1/99" });
    const { message } = await assertRejects(few, ConfigError);
    assert(message.startsWith("shard: expected at most "), message);
  });
});
