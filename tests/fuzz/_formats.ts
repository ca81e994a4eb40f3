/** The formats that people bring, how each is read here, and what it must equal. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { readImage } from "../../engine/images/decode.ts";
import { type FeatureBlock, Journal } from "../../engine/extract/journal.ts";
import { readModelFacts } from "../../engine/foreign/read_model.ts";
import { readJsonFile } from "../../engine/storage/json_file.ts";
import { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import { SafetensorsFile } from "../../engine/storage/safetensors.ts";
import { readTable } from "../../engine/storage/table.ts";
import { readTorchFile } from "../_read_torch_file.ts";
import { isDataError } from "./_outcome.ts";

/** A format: files to change, and two ways to read them. */
export interface Format {
  /** What it is called. */
  readonly name: string;
  /** How names of its files end. */
  readonly ending: string;
  /** Whole files. */
  readonly files: () => readonly Uint8Array[];
  /** Reads a file as the product does. */
  readonly read: (path: string) => unknown;
  /**
   * Compares what a changed file gave with what it must give.
   * @param value What `read` gave for the changed file.
   * @param changed Where the changed file is, and its bytes.
   * @param whole What `read` gives for the whole file.
   */
  readonly check: (value: unknown, changed: Changed, whole: unknown) => unknown;
}

/** A changed file. */
export interface Changed {
  readonly path: string;
  readonly bytes: Uint8Array;
}

function testdata(folder: string, ending: RegExp, most = 32_768): () => readonly Uint8Array[] {
  const path = fileURLToPath(new URL(`../testdata/${folder}`, import.meta.url));
  return () =>
    [...Deno.readDirSync(path)].map(({ name }) => name).filter((name) => ending.test(name)).sort()
      .map((name) => Deno.readFileSync(`${path}/${name}`))
      .filter(({ length }) => length > 0 && length <= most);
}

async function readHdf5(path: string, direct: boolean): Promise<unknown> {
  using file = await Hdf5File.open(path, { direct });
  const dataset = await file.dataset("features");
  return [dataset.header.shape, Array.from(dataset.readNumbers(), String)];
}

/** What the HDF5 library reads, where it reads the file: it refuses other ones than our reader. */
async function checkHdf5(value: unknown, { path }: Changed): Promise<void> {
  let expected: unknown;
  try {
    expected = await readHdf5(path, false);
  } catch (error) {
    assert(isDataError(error), String(error));
    return;
  }
  assertEquals(value, expected);
}

function readSafetensors(path: string): unknown {
  using file = SafetensorsFile.open(path);
  return Object.fromEntries(
    [...file.entries].map(([name, { shape }]) => {
      const { data } = file.read(name);
      return [name, [[...shape], [
        ...new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      ]]];
    }),
  );
}

/** The header is JSON behind its length; offsets count from its end. */
function checkSafetensors(value: unknown, { bytes }: Changed): void {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  delete header.__metadata__;
  const expected = Object.entries(
    header as Record<string, { shape: number[]; data_offsets: number[] }>,
  )
    .map(([name, { shape, data_offsets: [begin, end] }]) => [
      name,
      [shape, [...bytes.subarray(8 + length + begin, 8 + length + end)]],
    ]);
  assertEquals(value, Object.fromEntries(expected));
}

/** Strict UTF-8, or UTF-16 with a mark. */
function decodeStrictly(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe
    ? "utf-16le"
    : first === 0xfe && second === 0xff
    ? "utf-16be"
    : "utf-8";
  return new TextDecoder(encoding, { fatal: true }).decode(bytes);
}

const TABLE = [
  "id,label,fold",
  ...Array.from({ length: 12 }, (_, i) => `images/slide_${i}.png,${i % 3},${i % 2}`),
  "",
].join("\n");

function readCells(path: string): string[][] {
  return readTable(path, ["id", "label"]).rows.map(({ cells }) => [...cells]);
}

/** Without quotes a table is its lines, split at commas. */
function checkTable(value: unknown, { bytes }: Changed): void {
  const text = decodeStrictly(bytes);
  if (/["\t;]/.test(text)) return;
  const [header, ...rows] = text.split(/\r\n|\r|\n/).filter((line) => line.trim() !== "")
    .map((line) => line.split(",").map((cell) => cell.trim()));
  const width = header.length;
  const cells = (value as string[][]).map((row) => row.map((cell) => cell.trim()));
  assertEquals(cells, rows.map((row) => row.slice(0, width)));
}

const LABELS = JSON.stringify(
  { "slide_0.png": 0, "slide_1.png": [1, 0.5], nested: { deep: [true, null, "ä\n"] }, "n": -1e3 },
  null,
  1,
);

const JOURNAL = { fingerprint: "encoder tiny\nsamples 9", embedDim: 2 };

function journalBytes(): Uint8Array {
  const path = `${Deno.makeTempDirSync()}/x.partial`;
  const journal = Journal.create(path, JOURNAL);
  for (let start = 0; start < 8; start += 2) {
    const skipped = start === 4 ? [{ position: 1, reason: 'Cannot read "ä.png"' }] : [];
    const features = Float32Array.from({ length: 4 - 2 * skipped.length }, (_, i) => start + i);
    journal.append({ start, count: 2, features, skipped });
  }
  journal.close();
  const bytes = Deno.readFileSync(path);
  Deno.removeSync(path);
  return bytes;
}

function readJournal(path: string): FeatureBlock[] {
  using journal = Journal.resume(path, JOURNAL);
  return [...journal.blocks()];
}

/** All formats. */
export const FORMATS: readonly Format[] = [
  {
    name: "HDF5",
    ending: ".h5",
    files: testdata("h5", /^(instance_|labels_2d|bags_fixed|features_4d).*\.h5$/),
    read: (path) => readHdf5(path, true),
    check: checkHdf5,
  },
  {
    name: "PyTorch",
    ending: ".pt",
    files: testdata("torch", /^(tensors|checkpoint|values|protocol5|objects|deflated)\.pt$/),
    read: readTorchFile,
    // Entries of these archives have checksums: what is read is what was written.
    check: (value, _, whole) => assertEquals(value, whole),
  },
  {
    name: "safetensors",
    ending: ".safetensors",
    files: testdata("golden", /\.safetensors$/),
    read: readSafetensors,
    check: checkSafetensors,
  },
  {
    name: "ONNX",
    ending: ".onnx",
    files: testdata("onnx", /^(?!external).*\.onnx$/),
    read: readModelFacts,
    check(value) {
      const { inputs, outputs } = value as ReturnType<typeof readModelFacts>;
      for (const { shape } of [...inputs, ...outputs]) {
        for (const size of shape ?? []) {
          assert(size === undefined || typeof size === "string" || size >= 0, `size ${size}`);
        }
      }
    },
  },
  {
    name: "images",
    ending: ".png",
    files: testdata("images", /\.(png|jpg|tiff|bmp|gif|webp)$/),
    read: (path) => readImage(path, 3),
    check(value) {
      const { width, height, data } = value as Awaited<ReturnType<typeof readImage>>;
      assertEquals(data.length, width * height * 3);
    },
  },
  {
    name: "CSV",
    ending: ".csv",
    files: () => [new TextEncoder().encode(TABLE)],
    read: readCells,
    check: checkTable,
  },
  {
    name: "JSON",
    ending: ".json",
    files: () => [new TextEncoder().encode(LABELS)],
    read: (path) => readJsonFile(path),
    check: (value, { bytes }) => assertEquals(value, JSON.parse(decodeStrictly(bytes))),
  },
  {
    name: "journals",
    ending: ".partial",
    files: () => [journalBytes()],
    read: readJournal,
    // Records have checksums: those that are read are the first ones that were written.
    check(value, _, whole) {
      const blocks = value as FeatureBlock[];
      assertEquals(blocks, (whole as FeatureBlock[]).slice(0, blocks.length));
    },
  },
];
