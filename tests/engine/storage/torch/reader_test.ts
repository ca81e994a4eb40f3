import { deflateRawSync } from "node:zlib";
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { DataError } from "../../../../engine/errors.ts";
import { Random } from "../../../../engine/random.ts";
import { loadStateDict } from "../../../../engine/storage/state_dict.ts";
import {
  isLazyTensor,
  type LazyTensor,
  OpaqueObject,
  toFloat32,
  TorchFile,
  type TorchTree,
} from "../../../../engine/storage/torch/torch_file.ts";
import { ZipReader } from "../../../../engine/storage/torch/zip_reader.ts";
import { zipChunks, type ZipEntry } from "../../../../engine/storage/torch/zip_writer.ts";
import { TemporaryFolder, TORCH_FOLDER } from "../testdata.ts";

type Dict = ReadonlyMap<unknown, TorchTree>;

function dict(value: TorchTree | undefined): Dict {
  assert(value instanceof Map);
  return value;
}

function tensor(value: TorchTree | undefined): LazyTensor {
  assert(isLazyTensor(value));
  return value;
}

/** Type, shape and values of each tensor, as PyTorch sees them. */
type Expected = Readonly<Record<string, readonly [string, readonly number[], readonly number[]]>>;

const EXPECTED: Readonly<Record<string, Expected>> = JSON.parse(
  Deno.readTextFileSync(`${TORCH_FOLDER}/expected.json`),
);

for (const [name, expected] of Object.entries(EXPECTED)) {
  Deno.test(`TorchFile reads the tensors of ${name} as PyTorch does`, () => {
    using file = TorchFile.open(`${TORCH_FOLDER}/${name}`);
    const top = dict(file.tree);
    const state = top.has("state_dict") ? dict(top.get("state_dict")) : top;
    assertEquals([...state.keys()], Object.keys(expected));
    for (const [key, [dtype, shape, values]] of Object.entries(expected)) {
      const lazy = tensor(state.get(key));
      assertEquals([lazy.dtype, lazy.shape], [dtype, shape]);
      assertEquals(toFloat32(lazy.read(key)).data, Float32Array.from(values), key);
    }
  });
}

Deno.test("TorchFile passes over every object that training scripts leave beside weights", () => {
  using file = TorchFile.open(`${TORCH_FOLDER}/objects.pt`);
  const top = dict(file.tree);
  const unbuilt = [
    "args",
    "deque",
    "date",
    "took",
    "history",
    "names",
    "when",
    "tracker",
    "meters",
  ];
  for (const name of [...unbuilt, "net", "complex", "range", "slice"]) {
    assert(top.get(name) instanceof OpaqueObject, name);
  }
  assertEquals((top.get("tracker") as OpaqueObject).name, "__main__.Tracker");
  assertEquals(top.get("counter"), new Map([["h", 1], ["e", 1], ["l", 2], ["o", 1]]));
  assertEquals(top.get("by_class"), new Map([["cat", [1, 2]]]));
  assertEquals(top.get("score"), 0.5);
  assertEquals(top.get("big"), 2n ** 200n);
  assertEquals(top.get("broken_name"), "caf\udce9.png");
  assertEquals(top.get("bytes"), new Uint8Array([0, 255]));
  assertEquals([...dict(top.get("confusion"))], [[[0, 1], 2], [[1, 0], 3]]);
  assertEquals(dict(top.get("flags")).get(null), 2);
});

const OTHERS: Readonly<Record<string, readonly [dtype: string, shape: number[], why: string]>> = {
  coo: ["sparse", [4], "is sparse, which is not supported"],
  csr: ["sparse", [], "is sparse, which"],
  complex: ["complex64", [4], "is complex64, which"],
  conj: ["complex64", [4], "is complex64, which"],
  float8: ["float8_e4m3fn", [4], "is float8_e4m3fn, which"],
  quantized: ["quantized", [4], "is quantized, which"],
  per_channel: ["quantized", [2, 2], "is quantized, which"],
  meta: ["without values (of device meta)", [2, 3], "is without values"],
};

Deno.test("TorchFile refuses tensors of other kinds only when they are wanted", () => {
  const path = `${TORCH_FOLDER}/objects.pt`;
  using file = TorchFile.open(path);
  const others = dict(dict(file.tree).get("others"));
  for (const [name, [dtype, shape, why]] of Object.entries(OTHERS)) {
    const lazy = tensor(others.get(name));
    assertEquals(lazy.dtype, dtype);
    if (name !== "csr") assertEquals(lazy.shape, shape);
    const error = assertThrows(() => lazy.read(name), DataError);
    assert(
      error.message.startsWith(`Cannot read "${path}": tensor "${name}" ${why}`),
      error.message,
    );
    assertEquals(error.dataset, name);
  }
  for (const name of ["parameter", "attributed"]) {
    const { data } = toFloat32(tensor(others.get(name)).read(name));
    assertEquals(data, Float32Array.of(0, 1, 2, 3));
  }
});

Deno.test("TorchFile gives names of one tensor one place, in both formats", () => {
  using legacy = TorchFile.open(`${TORCH_FOLDER}/legacy_checkpoint.pth`);
  const state = dict(dict(legacy.tree).get("state_dict"));
  assertEquals(tensor(state.get("tied")).place, tensor(state.get("fc1.weight")).place);
  const places = [...state.values()].map((value) => tensor(value).place);
  assertEquals(new Set(places).size, places.length - 1);
});

Deno.test("TorchFile passes over a module as a whole, in both formats, and runs nothing", () => {
  using module = TorchFile.open(`${TORCH_FOLDER}/legacy_module.pth`);
  assertEquals(module.tree, new OpaqueObject("torch.nn.modules.linear.Linear"));
  using evil = TorchFile.open(`${TORCH_FOLDER}/evil.pt`);
  assertEquals(dict(evil.tree).get("model"), new OpaqueObject("posix.system"));
});

Deno.test("TorchFile refuses a legacy file cut off anywhere", () => {
  using folder = new TemporaryFolder();
  const bytes = Deno.readFileSync(`${TORCH_FOLDER}/legacy_checkpoint.pth`);
  for (let length = 0; length < bytes.length; length += 13) {
    Deno.writeFileSync(folder.file("cut.pth"), bytes.subarray(0, length));
    assertThrows(() => TorchFile.open(folder.file("cut.pth")), DataError, "Cannot read");
  }
});

Deno.test("a tensor cannot be read any more when its file is closed", () => {
  const file = TorchFile.open(`${TORCH_FOLDER}/values.pt`);
  const lazy = tensor(dict(file.tree).get("bool"));
  file[Symbol.dispose]();
  assertThrows(() => lazy.read("bool"), DataError, "it is closed");
});

const bytesOf = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Writes a PyTorch archive of a pickle and storages. */
function writeArchive(
  path: string,
  pickle: Uint8Array,
  storages: readonly Uint8Array[] = [],
): void {
  const entries: ZipEntry[] = [
    { name: "a/data.pkl", data: pickle },
    ...storages.map((data, key) => ({ name: `a/data/${key}`, data })),
  ];
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  for (const chunk of zipChunks(entries)) file.writeSync(chunk);
}

const long = (value: number) => {
  const bytes = new Uint8Array(10);
  bytes.set([0x8a, 8]);
  new DataView(bytes.buffer).setBigInt64(2, BigInt(value), true);
  return String.fromCharCode(...bytes);
};

/** The pickle of a tensor of one dimension on storage `0`. */
function viewOf(dtype: string, [stored, length, stride]: readonly number[]): string {
  return `ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\n${dtype}Storage\nX\x01\0\0\0` +
    `0X\x03\0\0\0cpu${long(stored)}tQK\0(${long(length)}t(${long(stride)}t\x89ccollections\n` +
    "OrderedDict\n)RtR";
}

Deno.test("TorchFile bounds what tensors repeat, each and all together", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.pt");
  const one = new Uint8Array(new Float64Array([1]).buffer);
  const write = (...views: readonly string[]) =>
    writeArchive(
      path,
      bytesOf(
        "\x80\x02}(" + views.map((view, i) => `X\x01\0\0\0${"abcdef"[i]}${view}`).join("") + "u.",
      ),
      [one],
    );
  const repeated = (length: number) => viewOf("Double", [1, length, 0]);
  write(repeated(1000), repeated(3));
  assertEquals(loadStateDict(path).get("b")?.data, Float32Array.of(1, 1, 1));
  const refuse = (reason: string) => assertThrows(() => loadStateDict(path), DataError, reason);
  write(repeated(2 ** 26));
  refuse("its tensors repeat their elements to 536870912 bytes");
  write(repeated(2 ** 24), repeated(2 ** 24 + 1), repeated(2 ** 24 + 2)); // 134 MB each
  refuse("its tensors repeat their elements to 402653208 bytes");
  write(repeated(2 ** 49));
  refuse("its tensors repeat their elements to 4503599627370496 bytes");
});

Deno.test("TorchFile refuses pickles that would grow without end", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.pt");
  const refuse = (pickle: string, reason: string) => {
    writeArchive(path, bytesOf(pickle));
    assertThrows(() => TorchFile.open(path), DataError, reason);
  };
  const length = (count: number) =>
    String.fromCharCode(...new Uint8Array(new Uint32Array([count]).buffer));
  refuse(`\x80\x02\x8b${length(70_000)}${"\x7f".repeat(70_000)}.`, "an integer has 70000 bytes");
  const pairs = "(" + "]q\x01(K\x01K\x02e".repeat(1000) + "l";
  const dicts = "ccollections\nOrderedDict\nq\x02" + `h\x02h\0\x85R`.repeat(5000);
  refuse(`\x80\x02${pairs}q\0${dicts}.`, "it repeats its values too often");
  refuse("\x80\x02" + "}".repeat(2_000_000) + ".", "it holds too many values");
  const empty = "ccollections\nOrderedDict\nq\x02" + "h\x02)R0".repeat(2_000_000);
  refuse(`\x80\x02${empty}N.`, "it repeats its values too often");
  const text = `X${length(1 << 20)}${"a".repeat(1 << 20)}q\x01`;
  const devices = "ctorch\ndevice\nq\x02" + "h\x02h\x01\x85R".repeat(300);
  refuse(`\x80\x02${text}${devices}.`, "it repeats its values too often");
});

Deno.test("TorchFile never joins what refers to itself many times over", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.pt");
  const doubled = (name: string) =>
    `\x80\x02c${name}\nX\x01\0\0\0a\x85` +
    Array.from({ length: 40 }, (_, n) => `q${String.fromCharCode(n)}h${String.fromCharCode(n)}\x86`)
      .join("") +
    "R.";
  for (const name of ["torch\ndevice", "torch\nSize", "__builtin__\nset", "_codecs\nencode"]) {
    writeArchive(path, bytesOf(doubled(name)));
    using file = TorchFile.open(path);
    assert(typeof file.tree === "object");
  }
});

Deno.test("TorchFile refuses a packed pickle that unpacks to far more", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.pt");
  const size = 70 << 20;
  const packed = new Uint8Array(deflateRawSync(new Uint8Array(size)));
  writeArchive(path, packed);
  const bytes = Deno.readFileSync(path);
  const view = new DataView(bytes.buffer);
  let at = bytes.length - 4;
  while (view.getUint32(at, true) !== 0x02014b50) at--;
  view.setUint16(at + 10, 8, true); // deflated
  view.setUint32(at + 24, size, true);
  Deno.writeFileSync(path, bytes);
  assertThrows(() => TorchFile.open(path), DataError, `its pickle has ${size} bytes, at most`);
});

/** Writes the local header of an entry whose content follows. */
function head(name: string, size: number): Uint8Array {
  const bytes = new Uint8Array(30 + name.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x04034b50, true);
  view.setUint32(18, size, true);
  view.setUint32(22, size, true);
  view.setUint16(26, name.length, true);
  bytes.set(bytesOf(name), 30);
  return bytes;
}

Deno.test("TorchFile reads the weights beside an optimizer's state and nothing of that state", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("big.ckpt");
  const moments = 300 << 20;
  const state = (name: string, view: string) =>
    `X${String.fromCharCode(name.length)}\0\0\0${name}}X\x01\0\0\0w${view}s`;
  const pickle = bytesOf(
    "\x80\x02}(" + state("optimizer", viewOf("Float", [moments / 4, moments / 4, 1])) +
      state("model", viewOf("Float", [2, 2, 1]).replace("X\x01\0\0\0" + "0", "X\x01\0\0\0" + "1")) +
      "u.",
  );
  const small = folder.file("small.pt");
  const weights = new Uint8Array(Float32Array.of(1, 2).buffer);
  writeArchive(small, pickle, [new Uint8Array(0), weights]);
  // The same archive, with an entry of 300 MB, sparse on the disk, that does not match its checksum.
  const bytes = Deno.readFileSync(small);
  const view = new DataView(bytes.buffer);
  let central = bytes.length - 22;
  const directory = view.getUint32(central + 16, true);
  using file = Deno.openSync(path, { write: true, create: true });
  file.writeSync(bytes.subarray(0, directory));
  file.writeSync(head("a/data/0", moments));
  file.seekSync(moments, Deno.SeekMode.Current);
  const start = directory + moments + head("a/data/0", 0).length;
  for (let at = directory; at < central;) {
    const length = 46 + view.getUint16(at + 28, true) + view.getUint16(at + 30, true);
    const name = String.fromCharCode(
      ...bytes.subarray(at + 46, at + 46 + view.getUint16(at + 28, true)),
    );
    if (name === "a/data/0") {
      view.setUint32(at + 16, 0xbad, true);
      view.setUint32(at + 20, moments, true);
      view.setUint32(at + 24, moments, true);
      view.setUint32(at + 42, directory, true);
    }
    at += length;
  }
  view.setUint32(central + 16, start, true);
  file.writeSync(bytes.subarray(directory));
  file.syncSync();
  central = Deno.statSync(path).size;
  assert(central > moments);

  const before = Deno.memoryUsage().external;
  assertEquals(loadStateDict(path).get("w")?.data, Float32Array.of(1, 2));
  assertLess(Deno.memoryUsage().external - before, moments / 10);
  assertThrows(
    () => loadStateDict(path, { key: "optimizer" }),
    DataError,
    'entry "a/data/0" does not match its checksum',
  );
});

/** The pickle and the storages of an archive. */
function takeApart(path: string): { pickle: Uint8Array; storages: Uint8Array[] } {
  using archive = ZipReader.open(path);
  const [first] = archive.names;
  const root = first.slice(0, first.indexOf("/") + 1);
  const keys = archive.names.filter((name) => name.startsWith(`${root}data/`)).length;
  return {
    pickle: archive.read(`${root}data.pkl`),
    storages: Array.from({ length: keys }, (_, key) => archive.read(`${root}data/${key}`)),
  };
}

Deno.test("TorchFile gives values or an error of ours for every mutated pickle", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.pt");
  const random = new Random(7);
  const below = (count: number) => random.uint32() % count;
  let read = 0;
  for (const name of ["objects.pt", "objects_protocol4.pt", "checkpoint.pt", "values.pt"]) {
    const { pickle, storages } = takeApart(`${TORCH_FOLDER}/${name}`);
    for (let round = 0; round < 150; round++) {
      const mutated = pickle.slice();
      for (let change = 0; change <= below(4); change++) {
        mutated[below(mutated.length)] = below(256);
      }
      writeArchive(
        path,
        round % 10 === 0 ? mutated.subarray(0, below(pickle.length)) : mutated,
        storages,
      );
      try {
        assert(loadStateDict(path).size > 0);
        read++;
      } catch (error) {
        assert(error instanceof DataError, `${name} ${round}: ${error}`);
        assert(!error.message.includes("\n"), error.message);
      }
    }
  }
  assert(read > 50 && read < 500, `${read} were read`);
});
