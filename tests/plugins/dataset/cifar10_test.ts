import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packTar } from "modern-tar";
import * as v from "valibot";
import { DataError } from "../../../engine/errors.ts";
import { cifar10 } from "../../../plugins/dataset/cifar10.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";
import { assertHolds, CIFAR_FOLDER, dataset, UNCHECKED } from "./_cifar.ts";

const PICKLES = "cifar-10-batches-py";
const BATCHES = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}`);
const NAMES = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");

/** Copies the pickles, some of them changed. */
function copyPickles(
  root: string,
  changes: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array | undefined>> = {},
): string {
  const folder = join(root, PICKLES);
  Deno.mkdirSync(folder);
  for (const { name } of Deno.readDirSync(join(CIFAR_FOLDER, PICKLES))) {
    const bytes = Deno.readFileSync(join(CIFAR_FOLDER, PICKLES, name));
    const changed = changes[name] ? changes[name](bytes) : bytes;
    if (changed) Deno.writeFileSync(join(folder, name), changed);
  }
  return folder;
}

/** Bytes with a text replaced by another one of the same length. */
function replaced(from: string, to: string): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    assert(text.includes(from) && from.length === to.length);
    return Uint8Array.from(text.replace(from, to), (character) => character.charCodeAt(0));
  };
}

Deno.test("cifar10 reads the pickles that torchvision leaves on disk", async () => {
  const made = dataset(cifar10, CIFAR_FOLDER, UNCHECKED);
  assertEquals([made.task, made.subtask, made.numClasses], ["Classification", "multiclass", 10]);
  const train = await made.open("train");
  await assertHolds(train, ...BATCHES);
  assertEquals(train?.sampleShape, [3, 32, 32]);
  assertEquals(train?.name, join(CIFAR_FOLDER, PICKLES));
  assertEquals(train?.ids, BATCHES.map((name) => `${name}/00000`));
  assertEquals(made.classNames, NAMES);
  for (const name of ["val", "test"] as const) {
    const split = await made.open(name);
    await assertHolds(split, "test_batch");
    assertEquals(split?.name, join(CIFAR_FOLDER, PICKLES, "test_batch"));
    assertEquals(split?.ids, ["test_batch/00000", "test_batch/00001"]);
  }
});

Deno.test("cifar10 finds the files also when it is given their own folder", async () => {
  const made = dataset(cifar10, join(CIFAR_FOLDER, PICKLES), UNCHECKED);
  await assertHolds(await made.open("val"), "test_batch");
});

Deno.test("cifar10 applies the transforms of the splits", async () => {
  const operations = [{ op: "resize", size: [8, 9], interpolation: "bilinear" }] as const;
  const images = {
    train: { channels: 3, size: [8, 9], operations },
    eval: { channels: 1, operations: [] },
  } as const;
  const options = v.parse(cifar10.config, UNCHECKED);
  const made = await cifar10.create(options, { dataRootDir: CIFAR_FOLDER, images });
  assertEquals((await made.open("train"))?.sampleShape, [3, 8, 9]);
  assertEquals((await made.open("test"))?.sampleShape, [1, 32, 32]);
});

Deno.test("cifar10 takes only files with the published md5, unless told otherwise", async () => {
  const batch = join(CIFAR_FOLDER, PICKLES, BATCHES[0]);
  const md5 = createHash("md5").update(Deno.readFileSync(batch)).digest("hex");
  // batches.meta is the published file and passes.
  const error = await assertRejects(() => dataset(cifar10, CIFAR_FOLDER).open("train"), DataError);
  assertEquals(
    error.message,
    `Cannot use "${batch}": its md5 is ${md5}, expected c99cafc152244af753f735de768cd75f`,
  );
  assertEquals(error.file, batch);
});

Deno.test("cifar10 reads the binary version", async () => {
  using folder = new TemporaryFolder();
  const binary = join(folder.path, "cifar-10-batches-bin");
  Deno.mkdirSync(binary);
  const made = dataset(cifar10, CIFAR_FOLDER, UNCHECKED);
  for (const [split, names] of [["train", BATCHES], ["test", ["test_batch"]]] as const) {
    const { source, labels } = (await made.open(split))!;
    const { blocks } = source.options as {
      readonly blocks: readonly { file: string; count: number; offset: number }[];
    };
    let sample = 0;
    for (const [i, { file, count, offset }] of blocks.entries()) {
      const bytes = Deno.readFileSync(file);
      const records = Array.from({ length: count }, (_, row) => {
        const from = offset + row * 3072;
        return [labels.values[sample++], ...bytes.subarray(from, from + 3072)];
      });
      Deno.writeFileSync(join(binary, `${names[i]}.bin`), new Uint8Array(records.flat()));
    }
  }
  Deno.writeTextFileSync(join(binary, "batches.meta.txt"), NAMES.join("\n") + "\n\n");
  const read = dataset(cifar10, folder.path);
  await assertHolds(await read.open("train"), ...BATCHES);
  await assertHolds(await read.open("val"), "test_batch");
  assertEquals(read.classNames, NAMES);
  const cut = join(binary, "test_batch.bin");
  Deno.truncateSync(cut, 6000);
  const error = await assertRejects(() => read.open("test"), DataError);
  assertEquals(
    error.message,
    `Cannot read "${cut}": it has 6000 bytes, expected a multiple of 3073`,
  );
});

Deno.test("cifar10 names damaged files and what is wrong with them", async () => {
  const cases: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array, string, string])[] = [
    ["test_batch", (bytes) => bytes.subarray(0, 500), "read", "the end is missing"],
    [
      "test_batch",
      replaced("numpy\nndarray\n", "posix\nsystem_\n"),
      "read",
      'it contains "posix.system_", which is not an array',
    ],
    [
      "test_batch",
      replaced("U\x06labels", "U\x06colors"),
      "use",
      '"labels" is not a list of 2 classes',
    ],
    [
      "test_batch",
      replaced("M\x00\x0c\x86", "M\x01\x0c\x86"),
      "read",
      "it contains an array that is not made of bytes, row by row",
    ],
    ["test_batch", replaced("U\x04data", "U\x04dota"), "use", '"data" is not an array of images'],
    ["batches.meta", replaced("label_names", "label_nomes"), "use", "it names no classes"],
  ];
  for (const [name, change, verb, state] of cases) {
    using folder = new TemporaryFolder();
    const file = join(copyPickles(folder.path, { [name]: change }), name);
    const made = dataset(cifar10, folder.path, UNCHECKED);
    const error = await assertRejects(() => made.open("val"), DataError);
    assert(error.message.startsWith(`Cannot ${verb} "${file}": ${state}`), error.message);
  }
});

Deno.test("cifar10 names a class that is out of range, and a file that is missing", async () => {
  using folder = new TemporaryFolder();
  const copied = copyPickles(folder.path, {
    data_batch_3: () => undefined,
    test_batch: (bytes) => {
      const at = bytes.findIndex((_, i) => bytes[i] === 0x4b && bytes[i + 2] === 0x4b);
      return bytes.with(at + 3, 11);
    },
  });
  const made = dataset(cifar10, folder.path, UNCHECKED);
  const wrong = await assertRejects(() => made.open("val"), DataError);
  const file = join(copied, "test_batch");
  assertEquals(
    wrong.message,
    `Cannot use "${file}": it holds class 11 at 1, the classes of CIFAR-10 are 0 to 9`,
  );
  assertEquals(wrong.index, 1);
  const missing = await assertRejects(() => made.open("train"), DataError);
  assertEquals(
    missing.message,
    `Cannot read "${join(copied, "data_batch_3")}": the file does not exist`,
  );
});

Deno.test("cifar10 says where it has looked and what to do", async () => {
  using folder = new TemporaryFolder();
  const root = folder.path;
  const where = `Cannot find CIFAR-10 in "${root}": there is neither a folder ${PICKLES} nor ` +
    "cifar-10-batches-bin; ";
  const empty = await assertRejects(() => dataset(cifar10, root).open("train"), DataError);
  assertEquals(
    empty.message,
    `${where}put one of them there, or allow the download with --data.download`,
  );
  const archive = folder.file("cifar-10-python.tar.gz");
  Deno.writeTextFileSync(archive, "");
  const packed = await assertRejects(() => dataset(cifar10, root).open("train"), DataError);
  assertEquals(
    packed.message,
    `${where}"${archive}" is not unpacked, see tar -xzf "${archive}" -C "${root}"`,
  );
});

Deno.test("cifar10 needs an encoder that takes images, and ten classes", () => {
  assertThrows(
    () => cifar10.create(v.parse(cifar10.config, {}), { dataRootDir: "." }),
    RangeError,
    "it holds images, the encoder takes none",
  );
  assert(v.safeParse(cifar10.config, { num_classes: 10 }).success);
  assert(!v.safeParse(cifar10.config, { num_classes: 9 }).success);
});

/** Packs the pickles as the official archive has them. */
async function pack(names: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const entry = (name: string, body: Uint8Array) => ({
    header: { name: `${PICKLES}/${name}`, size: body.length, type: "file" as const },
    body,
  });
  const files = names.map((name) =>
    entry(name, Deno.readFileSync(join(CIFAR_FOLDER, PICKLES, name)))
  );
  const folder = { header: { name: `${PICKLES}/`, size: 0, type: "directory" as const } };
  const page = entry("readme.html", new TextEncoder().encode("about"));
  const zipped = new Blob([await packTar([folder, page, ...files])]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(zipped).arrayBuffer());
}

function downloading(archive: string, check_md5: boolean): Record<string, unknown> {
  return {
    download: true,
    dataset_kwargs: { check_md5, archive_url: pathToFileURL(archive).href },
  };
}

Deno.test("cifar10 downloads and unpacks the archive when it is told to", async () => {
  using folder = new TemporaryFolder();
  const archive = folder.file("source.tar.gz");
  Deno.writeFileSync(archive, await pack([...BATCHES, "test_batch", "batches.meta"]));
  const made = dataset(cifar10, folder.path, downloading(archive, false));
  await assertHolds(await made.open("train"), ...BATCHES);
  const names = [...Deno.readDirSync(join(folder.path, PICKLES))].map(({ name }) => name).sort();
  assertEquals(names, ["batches.meta", ...BATCHES, "test_batch"]);
  Deno.removeSync(archive);
  await assertHolds(
    await dataset(cifar10, folder.path, downloading(archive, false)).open("val"),
    "test_batch",
  );
});

Deno.test("cifar10 leaves nothing behind of a download that failed", async () => {
  using folder = new TemporaryFolder();
  const archive = folder.file("source.tar.gz");
  const target = join(folder.path, PICKLES);
  const { href } = pathToFileURL(archive);
  const start = `Cannot download "${href}" to "${target}": `;
  const whole = await pack([...BATCHES, "test_batch", "batches.meta"]);
  const md5 = createHash("md5").update(whole).digest("hex");
  const cases: readonly (readonly [Uint8Array, string])[] = [
    [whole, `its md5 is ${md5}, expected c58f30108f718f92721af3b95e74349a`],
    [await pack([...BATCHES, "batches.meta"]), "the archive lacks test_batch"],
    [whole.subarray(0, whole.length / 2), ""],
    [new TextEncoder().encode("no archive"), ""],
  ];
  for (const [bytes, reason] of cases) {
    Deno.writeFileSync(archive, bytes);
    const made = dataset(cifar10, folder.path, downloading(archive, true));
    const error = await assertRejects(() => made.open("train"), DataError);
    assert(error.message.startsWith(start + reason), error.message);
    assert(!error.message.includes("\n") && error.message.length > start.length);
    const left = [...Deno.readDirSync(folder.path)].map(({ name }) => name);
    assertEquals(left, ["source.tar.gz"]);
  }
});
