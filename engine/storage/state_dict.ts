/**
 * Weights from files of others: PyTorch checkpoints in their many wrappings, and safetensors.
 * @module
 */
import { DataError } from "../errors.ts";
import { FileReader } from "./file_reader.ts";
import { isTensor, type TorchValue } from "./torch/pickle_values.ts";
import { SafetensorsFile } from "./safetensors.ts";
import { type FloatTensor, type StoredTensor, toFloat32 } from "./tensor_types.ts";
import { readTorchFile } from "./torch/reader.ts";

/** Keys under which checkpoints keep their state dict. */
const WRAPPERS = ["model", "state_dict", "model_state_dict"];
/** Prefixes that data parallel and compiled modules put before every name. */
const PREFIXES = /^(?:module\.|_orig_mod\.)+/;
/** Name of entries that are no parameters. */
const EXTRA_STATE = /(?:^|\.)_extra_state$/;

/** Values of a tensor; those of float32 stay in the memory that the file was read into. */
function valuesOf(tensor: StoredTensor): FloatTensor["data"] {
  const { buffer, byteOffset, byteLength } = tensor.data;
  const size = Float32Array.BYTES_PER_ELEMENT;
  const fits = tensor.dtype === "float32" && byteOffset % size === 0;
  if (!fits || !(buffer instanceof ArrayBuffer)) return toFloat32(tensor).data;
  return new Float32Array(buffer, byteOffset, byteLength / size);
}

/** Converts tensors; those that share memory share the converted values too. */
class Converter {
  readonly #known = new Map<ArrayBufferLike, Map<string, FloatTensor["data"]>>();

  convert(tensor: StoredTensor): FloatTensor {
    const { buffer, byteOffset, byteLength } = tensor.data;
    const known = this.#known.get(buffer) ?? new Map<string, FloatTensor["data"]>();
    this.#known.set(buffer, known);
    const place = `${tensor.dtype} ${byteOffset} ${byteLength}`;
    const data = known.get(place) ?? valuesOf(tensor);
    known.set(place, data);
    return { shape: tensor.shape, data };
  }
}

function fail(path: string, state: string, tensor?: string): DataError {
  return new DataError(`Cannot load weights from "${path}": ${state}`, {
    file: path,
    dataset: tensor,
  });
}

function isDict(value: TorchValue | undefined): value is ReadonlyMap<string | number, TorchValue> {
  return value instanceof Map;
}

/** The state dict inside of what a checkpoint holds. */
function unwrap(value: TorchValue, path: string): ReadonlyMap<string | number, TorchValue> {
  if (typeof value === "object" && value !== null && isTensor(value)) {
    const shape = `[${value.shape.join(", ")}]`;
    throw fail(path, `it holds a bare tensor of shape ${shape}, not a state dict`);
  }
  if (!isDict(value)) throw fail(path, "it holds no state dict");
  const wrapper = WRAPPERS.find((key) => isDict(value.get(key)));
  return wrapper === undefined ? value : unwrap(value.get(wrapper) ?? null, path);
}

function isSafetensors(path: string): boolean {
  using file = FileReader.open(path);
  if (file.size < 9) return path.endsWith(".safetensors");
  return file.read(8, 1)[0] === 0x7b || path.endsWith(".safetensors");
}

function* tensorsOf(path: string): Generator<readonly [name: string, tensor: StoredTensor]> {
  if (isSafetensors(path)) {
    using file = SafetensorsFile.open(path);
    for (const name of file.entries.keys()) yield [name, file.read(name)];
    return;
  }
  for (const [name, value] of unwrap(readTorchFile(path), path)) {
    if (typeof name !== "string") throw fail(path, `key ${name} is not the name of a tensor`);
    if (EXTRA_STATE.test(name)) continue;
    if (typeof value !== "object" || value === null || !isTensor(value)) {
      throw fail(path, `entry "${name}" is not a tensor`, name);
    }
    yield [name, value];
  }
}

/**
 * Reads a state dict from a PyTorch file (bare, or under `model`, `state_dict` or
 * `model_state_dict`) or from a safetensors file. Prefixes of data parallel and compiled modules
 * (`module.`, `_orig_mod.`) are taken off. Which of the two a file is, its content tells.
 *
 * @param path The file.
 * @returns Tensors by name as float32, in the order of the file. Names of one and the same tensor
 * share their values.
 * @throws {DataError} if the file is missing, damaged, or holds no state dict.
 *
 * @example A wrapped state dict
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { storedTensor, writeTorchFile } from "./torch/torch_file.ts";
 * const path = `${Deno.makeTempDirSync()}/last.pt`;
 * const bias = storedTensor("float32", [2], new Float32Array([1, 2]));
 * await writeTorchFile(path, { model: { "module.bias": bias } });
 * assertEquals(loadStateDict(path).get("bias")?.shape, [2]);
 * ```
 */
export function loadStateDict(path: string): Map<string, FloatTensor> {
  const tensors = new Map<string, FloatTensor>();
  const converter = new Converter();
  for (const [given, tensor] of tensorsOf(path)) {
    const name = given.replace(PREFIXES, "");
    if (tensors.has(name)) throw fail(path, `"${name}" is there with and without a prefix`, name);
    tensors.set(name, converter.convert(tensor));
  }
  if (tensors.size === 0) throw fail(path, "its state dict is empty");
  return tensors;
}
