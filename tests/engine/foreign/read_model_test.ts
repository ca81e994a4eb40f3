import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { DataError } from "../../../engine/errors.ts";
import { input } from "../../../engine/ir/create.ts";
import { cast } from "../../../engine/ir/elementwise.ts";
import { reduceMean } from "../../../engine/ir/matrix.ts";
import { emit } from "../../../engine/onnx/emit.ts";
import { encode, OPSET } from "../../../engine/onnx/encode.ts";
import { type ModelFacts, readModelFacts } from "../../../engine/foreign/read_model.ts";
import { FileReader } from "../../../engine/storage/file_reader.ts";
import { TemporaryFolder } from "../storage/testdata.ts";
import { modelFile, ONNX_FOLDER } from "../onnx/_models.ts";

const port = (name: string, shape?: readonly (number | string)[], dtype = "float32") =>
  shape ? { name, dtype, shape } : { name, dtype };

Deno.test("readModelFacts() reads what PyTorch exports", () => {
  const cases: Record<string, Omit<ModelFacts, "weightFiles">> = {
    map: {
      opset: 20,
      inputs: [port("pixels", ["batch", 3, "height", "width"])],
      outputs: [port("map", ["batch", 4, "height", "width"])],
    },
    features_batch_1: {
      opset: 20,
      inputs: [port("pixels", [1, 3, 8, 8])],
      outputs: [port("features", [1, 5])],
    },
    two_outputs: {
      opset: 20,
      inputs: [port("pixels", ["batch", 3, 8, 8])],
      outputs: [port("map", ["batch", 4, 3, 3]), port("features", ["batch", 4])],
    },
    float16: {
      opset: 17,
      inputs: [port("pixels", ["batch", 3, 4, 4], "float16")],
      outputs: [port("map", ["batch", 3, 4, 4], "float16")],
    },
    one_row: {
      opset: 17,
      inputs: [port("pixels", ["batch", 3, 4, 4])],
      outputs: [port("map")],
    },
  };
  for (const [name, facts] of Object.entries(cases)) {
    assertEquals(readModelFacts(modelFile(name)), { ...facts, weightFiles: [] });
  }
});

Deno.test("readModelFacts() leaves weights out that old files list among the inputs", () => {
  const { inputs } = readModelFacts(modelFile("ir_3"));
  assertEquals(inputs.map(({ name }) => name), ["pixels"]);
});

Deno.test("readModelFacts() reads what is written here", () => {
  using folder = new TemporaryFolder();
  const x = input("x", "float32", ["rows", 7]);
  const outputs = { mean: reduceMean(x, { axes: [0] }), half: cast(x, "float16") };
  Deno.writeFileSync(folder.file("a.onnx"), encode(emit(outputs)));
  assertEquals(readModelFacts(folder.file("a.onnx")), {
    opset: OPSET,
    inputs: [port("x", ["rows", 7])],
    outputs: [port("mean", outputs.mean.shape), port("half", ["rows", 7], "float16")],
    weightFiles: [],
  });
});

Deno.test("readModelFacts() finds the files with weights, and says where one is missing", () => {
  const weights = `${ONNX_FOLDER}/external.onnx.data`;
  assertEquals(readModelFacts(modelFile("external")).weightFiles, [weights]);
  using folder = new TemporaryFolder();
  const [path, missing] = [folder.file("model.onnx"), folder.file("external.onnx.data")];
  Deno.copyFileSync(modelFile("external"), path);
  const error = assertThrows(() => readModelFacts(path), DataError);
  assertEquals(
    [error.message, error.file, error.dataset],
    [
      `Cannot read "${path}": its weights are in "${missing}", which is not there`,
      path,
      "weight",
    ],
  );
});

/** Counts the bytes that are read of files. */
class BytesRead implements Disposable {
  count = 0;
  readonly #readInto = FileReader.prototype.readInto;

  constructor() {
    const [readInto, add] = [this.#readInto, (bytes: number) => void (this.count += bytes)];
    FileReader.prototype.readInto = function (position, target) {
      add(target.length);
      readInto.call(this, position, target);
    };
  }

  [Symbol.dispose](): void {
    FileReader.prototype.readInto = this.#readInto;
  }
}

Deno.test("readModelFacts() passes over weights without reading them", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("large.onnx");
  const model = Deno.readFileSync(modelFile("two_outputs"));
  // A field of 2 GB before the model: the number 200 with a length, and a hole in the file.
  const hole = 2_000_000_000;
  const length = [0, 7, 14, 21, 28].map((shift) => (hole / 2 ** shift) & 0x7f);
  const head = [
    (200 << 3 | 2) & 0x7f | 0x80,
    200 >> 4,
    ...length.map((b, i) => i < 4 ? b | 0x80 : b),
  ];
  using file = Deno.openSync(path, { write: true, createNew: true });
  file.writeSync(Uint8Array.from(head));
  file.seekSync(hole, Deno.SeekMode.Current);
  file.writeSync(model);
  const expected = readModelFacts(modelFile("two_outputs"));
  using bytes = new BytesRead();
  assertEquals(readModelFacts(path), expected);
  assertLess(bytes.count, 100_000);
});

Deno.test("readModelFacts() refuses what is not an ONNX file, wherever it is cut off", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("bad.onnx");
  const whole = Deno.readFileSync(modelFile("tokens"));
  const text = new TextEncoder();
  const contents = [
    new Uint8Array(100).fill(0xff),
    ...[1, 10, 100, 1000, whole.length - 1].map((end) => whole.subarray(0, end)),
  ];
  for (const content of contents) {
    Deno.writeFileSync(path, content);
    const error = assertThrows(() => readModelFacts(path), DataError);
    const prefix = `Cannot read "${path}": it is not an ONNX file, or it is cut off: `;
    assertEquals([error.message.startsWith(prefix), error.file], [true, path], error.message);
  }
  const others: readonly (readonly [content: string, what: string])[] = [
    ["", "it is an empty file"],
    ["<!DOCTYPE html>", "it is an HTML page"],
    ["PK\x03\x04 a zip archive", "it is a zip archive"],
    ["version https://git-lfs.github.com/spec/v1\noid sha256:ab\n", "it is a Git LFS pointer"],
    ["Access denied", 'it is text that begins "Access denied"'],
  ];
  for (const [content, what] of others) {
    Deno.writeFileSync(path, text.encode(content));
    const error = assertThrows(() => readModelFacts(path), DataError);
    const prefix = `Cannot read "${path}": ${what}, not an ONNX file`;
    assertEquals([error.message.startsWith(prefix), error.file], [true, path], error.message);
  }
  const missing = folder.file("none.onnx");
  const message = `Cannot read "${missing}": the file does not exist`;
  assertThrows(() => readModelFacts(missing), DataError, message);
});

/** An integer in seven bits per byte; below zero it has ten bytes. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

/** Field `number` with content, whose length may be given as another one. */
function field(number: number, content: readonly number[], length = content.length): number[] {
  return [...varint(number * 8 + 2), ...varint(length), ...content];
}

/** A model of one input of one dimension. */
function modelWithSize(size: number): number[] {
  const dimension = field(1, [8, ...varint(size)]);
  const type = field(1, [...[8, 1], ...field(2, dimension)]);
  return field(7, field(11, [...field(1, [120]), ...field(2, type)]));
}

Deno.test("readModelFacts() ends at lengths below zero, wherever they stand", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("bad.onnx");
  // Each leads back to its own beginning, or before it.
  const contents = [
    field(7, [], -11),
    [8, 7, ...field(1, [], -11)],
    field(7, field(5, field(8, [], -11))),
    field(7, field(11, field(2, [], -20))),
    field(8, field(1, [], -11)),
    field(200, [], -(2 ** 40)),
  ];
  for (const content of contents) {
    Deno.writeFileSync(path, Uint8Array.from(content));
    assertThrows(() => readModelFacts(path), DataError, "a length is below 0");
  }
});

Deno.test("readModelFacts() believes no size and no text that is far too large", () => {
  using folder = new TemporaryFolder();
  const path = folder.file("a.onnx");
  const write = (content: readonly number[]) => Deno.writeFileSync(path, Uint8Array.from(content));
  for (const [size, read] of [[5, 5], [-1, ""], [0, ""]] as const) {
    write(modelWithSize(size));
    assertEquals(readModelFacts(path).inputs, [port("x", [read])]);
  }
  for (const size of [2 ** 31 + 1, 2 ** 53]) {
    write(modelWithSize(size));
    assertThrows(() => readModelFacts(path), DataError, `a dimension is ${size}`);
  }
  write(field(7, field(11, field(1, Array<number>(1_100_000).fill(97)))));
  assertThrows(() => readModelFacts(path), DataError, "a text has 1100000 bytes");
});

Deno.test("readModelFacts() says where weights were not fetched", () => {
  using folder = new TemporaryFolder();
  const [path, weights] = [folder.file("model.onnx"), folder.file("external.onnx.data")];
  Deno.copyFileSync(modelFile("external"), path);
  Deno.writeTextFileSync(weights, "version https://git-lfs.github.com/spec/v1\noid sha256:ab\n");
  const error = assertThrows(() => readModelFacts(path), DataError);
  assertEquals(
    error.message,
    `Cannot read "${path}": its weights are in "${weights}", which is a Git LFS pointer: ` +
      '"git lfs pull" fetches the file itself',
  );
});
