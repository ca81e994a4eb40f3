/**
 * Reads what an `.onnx` file says about itself: its inputs and outputs. Weights are passed over, so
 * that the size of the file does not matter.
 * @module
 */
import { dirname, join } from "node:path";
import { DataError } from "../errors.ts";
import { describeWrongFile, FILE_START, fileKind } from "../storage/file_kind.ts";
import { FileReader } from "../storage/file_reader.ts";
import { isFile } from "../storage/is_file.ts";
import { type Field, WireReader } from "./_wire_reader.ts";

/**
 * An input or output of a model.
 * @category ONNX models
 */
export interface ModelPort {
  /** Name. */
  readonly name: string;
  /** Element type, for example `float32`; ONNX's number of it where it is unusual. */
  readonly dtype: string;
  /**
   * Dimensions: sizes, and names of those that are known at run time, empty where they have none.
   * Absent where the file does not say how many there are.
   */
  readonly shape?: readonly (number | string)[];
}

/**
 * What a file says about its model.
 * @category ONNX models
 */
export interface ModelFacts {
  /** Version of ONNX's own operators that the model uses. */
  readonly opset: number;
  /** Inputs that must be fed. */
  readonly inputs: readonly ModelPort[];
  /** Outputs. */
  readonly outputs: readonly ModelPort[];
  /** Paths of other files that hold weights. */
  readonly weightFiles: readonly string[];
}

/** Fields of ONNX's messages, as `onnx.proto` numbers them. */
const MODEL = { graph: 7, opset: 8 };
const OPSET = { domain: 1, version: 2 };
const GRAPH = { initializer: 5, input: 11, output: 12 };
const TENSOR = { name: 8, external: 13 };
const ENTRY = { key: 1, value: 2 };
const PORT = { name: 1, type: 2 };
const TYPE = { tensor: 1 };
const TENSOR_TYPE = { element: 1, shape: 2 };
const SHAPE = { dimension: 1 };
const DIMENSION = { size: 1, symbol: 2 };

/** Largest dimension of an input or output. */
const MAX_SIZE = 2 ** 31;

/** `TensorProto.DataType`. */
const DTYPES: Readonly<Record<number, string>> = {
  1: "float32",
  2: "uint8",
  3: "int8",
  4: "uint16",
  5: "int16",
  6: "int32",
  7: "int64",
  8: "string",
  9: "bool",
  10: "float16",
  11: "float64",
  12: "uint32",
  13: "uint64",
  16: "bfloat16",
};

/**
 * Reads the header of an `.onnx` file.
 * @param path The file.
 * @returns What it says about its model.
 * @throws {DataError} if it is missing, is not an ONNX file, or a file with its weights is missing.
 *
 * @example A model made here
 * ```ts
 * import { emit, encode, exp, input } from "@glovita/glovita/engine";
 * import { readModelFacts } from "@glovita/glovita/pretrained";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${Deno.makeTempDirSync()}/exp.onnx`;
 * const x = input("x", "float32", ["batch", 3]);
 * Deno.writeFileSync(path, encode(emit({ y: exp(x) })));
 * const { inputs, outputs } = readModelFacts(path);
 * assertEquals(inputs, [{ name: "x", dtype: "float32", shape: ["batch", 3] }]);
 * assertEquals(outputs, [{ name: "y", dtype: "float32", shape: ["batch", 3] }]);
 * ```
 *
 * @category ONNX models
 */
export function readModelFacts(path: string): ModelFacts {
  using file = FileReader.open(path);
  try {
    return new FactsReader(file).read();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new DataError(`Cannot read "${path}": ${describe(file, error)}`, {
      file: path,
      cause: error,
    });
  }
}

/** What a file is that cannot be read as a model. */
function describe(file: FileReader, { message }: SyntaxError): string {
  const start = file.start(FILE_START);
  const kind = fileKind(start);
  return start.length === 0 || kind !== undefined && kind !== "onnx"
    ? describeWrongFile(start, "an ONNX file")
    : `it is not an ONNX file, or it is cut off: ${message}`;
}

/** Whether a file of weights is only a pointer to one that was not fetched. */
function isPointer(path: string): boolean {
  using file = FileReader.open(path);
  return fileKind(file.start(FILE_START)) === "git_lfs";
}

class FactsReader {
  readonly #file: FileReader;
  readonly #wire: WireReader;
  #opset = 1;
  readonly #inputs: ModelPort[] = [];
  readonly #outputs: ModelPort[] = [];
  /** Constants; old files list them among the inputs. */
  readonly #initializers = new Set<string>();
  readonly #weightFiles = new Set<string>();

  constructor(file: FileReader) {
    this.#file = file;
    this.#wire = new WireReader(file);
  }

  read(): ModelFacts {
    let graphs = 0;
    for (const field of this.#wire.fields(0, this.#file.size)) {
      if (field.number === MODEL.graph) {
        graphs++;
        this.#readGraph(field);
      } else if (field.number === MODEL.opset) this.#readOpset(field);
    }
    if (graphs === 0) throw new SyntaxError("it holds no graph");
    return {
      opset: this.#opset,
      inputs: this.#inputs.filter(({ name }) => !this.#initializers.has(name)),
      outputs: this.#outputs,
      weightFiles: [...this.#weightFiles],
    };
  }

  #inside(field: Field): Generator<Field> {
    return this.#wire.fields(field.start, field.end);
  }

  #readOpset(field: Field): void {
    let domain = "";
    let version = 0;
    for (const part of this.#inside(field)) {
      if (part.number === OPSET.domain) domain = this.#wire.text(part);
      if (part.number === OPSET.version) version = part.value;
    }
    if (domain === "" || domain === "ai.onnx") this.#opset = version;
  }

  #readGraph(graph: Field): void {
    for (const field of this.#inside(graph)) {
      if (field.number === GRAPH.initializer) this.#readInitializer(field);
      if (field.number === GRAPH.input) this.#inputs.push(this.#readPort(field));
      if (field.number === GRAPH.output) this.#outputs.push(this.#readPort(field));
    }
  }

  #readInitializer(field: Field): void {
    let name = "";
    const files: string[] = [];
    for (const part of this.#inside(field)) {
      if (part.number === TENSOR.name) name = this.#wire.text(part);
      if (part.number === TENSOR.external) files.push(...this.#readLocation(part));
    }
    this.#initializers.add(name);
    for (const file of files) this.#addWeightFile(file, name);
  }

  /** The file that an entry of external data names, if it is that entry. */
  #readLocation(field: Field): string[] {
    let key = "";
    let value = "";
    for (const part of this.#inside(field)) {
      if (part.number === ENTRY.key) key = this.#wire.text(part);
      if (part.number === ENTRY.value) value = this.#wire.text(part);
    }
    return key === "location" ? [value] : [];
  }

  #addWeightFile(location: string, tensor: string): void {
    const { path } = this.#file;
    const file = join(dirname(path), location);
    if (this.#weightFiles.has(file)) return;
    if (!isFile(file)) {
      throw new DataError(
        `Cannot read "${path}": its weights are in "${file}", which is not there`,
        { file: path, dataset: tensor },
      );
    }
    if (isPointer(file)) {
      throw new DataError(
        `Cannot read "${path}": its weights are in "${file}", which is a Git LFS pointer: ` +
          '"git lfs pull" fetches the file itself',
        { file, dataset: tensor },
      );
    }
    if (isPointer(file)) {
      throw new DataError(
        `Cannot read "${path}": its weights are in "${file}", which is a Git LFS pointer: ` +
          '"git lfs pull" fetches the file itself',
        { file, dataset: tensor },
      );
    }
    this.#weightFiles.add(file);
  }

  #readPort(field: Field): ModelPort {
    let port: ModelPort = { name: "", dtype: "unknown" };
    for (const part of this.#inside(field)) {
      if (part.number === PORT.name) port = { ...port, name: this.#wire.text(part) };
      if (part.number === PORT.type) {
        for (const kind of this.#inside(part)) {
          if (kind.number === TYPE.tensor) port = { ...port, ...this.#readTensorType(kind) };
        }
      }
    }
    return port;
  }

  #readTensorType(field: Field): Pick<ModelPort, "dtype" | "shape"> {
    let dtype = "unknown";
    let shape: (number | string)[] | undefined;
    for (const part of this.#inside(field)) {
      if (part.number === TENSOR_TYPE.element) dtype = DTYPES[part.value] ?? `type ${part.value}`;
      if (part.number === TENSOR_TYPE.shape) {
        shape = [...this.#inside(part)].filter(({ number }) => number === SHAPE.dimension)
          .map((dimension) => this.#readDimension(dimension));
      }
    }
    return shape ? { dtype, shape } : { dtype };
  }

  #readDimension(field: Field): number | string {
    for (const part of this.#inside(field)) {
      if (part.number === DIMENSION.size) return readSize(part);
      if (part.number === DIMENSION.symbol) return this.#wire.text(part);
    }
    return "";
  }
}

/** A size, or nothing for the -1 that some exporters write where it is not known. */
function readSize({ value }: Field): number | string {
  if (value > MAX_SIZE) throw new SyntaxError(`a dimension is ${value}`);
  return value > 0 ? value : "";
}
