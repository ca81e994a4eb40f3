/**
 * Files of weights that somebody else made: PyTorch checkpoints in their many wrappings, and
 * safetensors. Opening reads names and shapes; a tensor is read when it is wanted.
 * @module
 */
import { DataError } from "../errors.ts";
import { describeWrongFile, FILE_START, fileKind } from "./file_kind.ts";
import { FileReader } from "./file_reader.ts";
import { SafetensorsFile } from "./safetensors.ts";
import type { LazyTensor } from "./tensor_types.ts";
import { PickleGlobal } from "./torch/pickle_reader.ts";
import { isLazyTensor, OpaqueObject, type TorchTree } from "./torch/pickle_values.ts";
import { TORCH_KINDS, TorchFile } from "./torch/reader.ts";

/**
 * A dictionary of tensors in a file.
 * @category State dicts
 */
export interface StateDict {
  /** Keys that lead to it from the top of the file; none for the file itself. */
  readonly keys: readonly string[];
  /** Tensors by name. */
  readonly tensors: ReadonlyMap<string, LazyTensor>;
}

/** How deep a dictionary may lie in a file. */
const MAX_DEPTH = 16;
/** Entries of state dicts that are not weights. */
const EXTRA_STATE = /(?:^|\.)_extra_state$/;

function fail(path: string, state: string): DataError {
  return new DataError(`Cannot load weights from "${path}": ${state}`, { file: path });
}

/**
 * An open file of weights.
 *
 * @example Names and shapes, then the values of one tensor
 * ```ts
 * import { readFloat32, WeightsFile } from "@glovita/glovita/pretrained";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/model.safetensors`;
 * const header = '{"bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  ';
 * const values = new Uint8Array(Float32Array.of(1, 2).buffer);
 * const length = new Uint8Array(new BigUint64Array([BigInt(header.length)]).buffer);
 * await Deno.writeFile(path, length);
 * await Deno.writeTextFile(path, header, { append: true });
 * await Deno.writeFile(path, values, { append: true });
 *
 * using file = WeightsFile.open(path);
 * const [{ keys, tensors }] = file.stateDicts;
 * assertEquals([keys, tensors.get("bias")!.shape], [[], [2]]);
 * assertEquals(readFloat32(tensors.get("bias")!, "bias").data, Float32Array.of(1, 2));
 * ```
 *
 * @category State dicts
 */
export class WeightsFile implements Disposable {
  /** The file. */
  readonly path: string;
  /** Everything in it that holds tensors by name, the outer before the inner. */
  readonly stateDicts: readonly StateDict[];
  readonly #file: SafetensorsFile | TorchFile;

  private constructor(
    path: string,
    file: SafetensorsFile | TorchFile,
    stateDicts: readonly StateDict[],
  ) {
    this.path = path;
    this.#file = file;
    this.stateDicts = stateDicts;
  }

  /**
   * Opens a file. Which format it has, its content tells.
   * @param path The file.
   * @returns The open file; dispose of it.
   * @throws {DataError} if it is missing or damaged, is neither a PyTorch nor a safetensors file, or
   * holds no weights; the message says what it is instead.
   */
  static open(path: string): WeightsFile {
    const file = openByContent(path);
    try {
      const stateDicts = file instanceof SafetensorsFile
        ? [{ keys: [], tensors: safetensorsOf(file) }]
        : findStateDicts(file.tree, path);
      if (stateDicts.every(({ tensors }) => tensors.size === 0)) {
        throw fail(path, file instanceof TorchFile ? describeOther(file.tree) : "it is empty");
      }
      return new WeightsFile(path, file, stateDicts);
    } catch (error) {
      file[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Looks up what a PyTorch file holds beside weights.
   * @param keys Keys that lead to it from the top of the file.
   * @returns A plain value; dictionaries are maps, lists and tuples arrays. `undefined` if there is
   * nothing.
   */
  entry(...keys: readonly string[]): unknown {
    let value: unknown = this.#file instanceof TorchFile ? this.#file.tree : undefined;
    for (const key of keys) value = value instanceof Map ? value.get(key) : undefined;
    return value;
  }

  /** Releases the file; tensors that were not read cannot be read any more. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

function openByContent(path: string): SafetensorsFile | TorchFile {
  const file = FileReader.open(path);
  try {
    const start = file.start(FILE_START);
    const kind = fileKind(start);
    if (kind !== undefined && TORCH_KINDS.includes(kind)) return TorchFile.of(file);
    if (kind === "safetensors" || path.endsWith(".safetensors")) return SafetensorsFile.of(file);
    const state = describeWrongFile(start, "a PyTorch or safetensors file");
    throw new DataError(`Cannot read "${path}": ${state}`, { file: path });
  } catch (error) {
    file.close();
    throw error;
  }
}

function safetensorsOf(file: SafetensorsFile): ReadonlyMap<string, LazyTensor> {
  return new Map(
    [...file.entries].map(([name, { dtype, shape, begin, end }]) => {
      const place = [dtype, shape, begin, end].join(" ");
      const read = () => file.read(name);
      return [name, { kind: "lazy_tensor", dtype, shape, place, read }] as const;
    }),
  );
}

/** A dictionary on the way through a tree. */
interface Visit {
  readonly value: ReadonlyMap<unknown, TorchTree>;
  readonly keys: readonly string[];
  readonly parent?: Visit;
}

function isDict(value: TorchTree): value is ReadonlyMap<unknown, TorchTree> {
  return value instanceof Map;
}

/** Dictionaries that hold tensors by name, the outer before the inner, each once. */
function findStateDicts(tree: TorchTree, path: string): StateDict[] {
  if (!isDict(tree)) return [];
  const found: StateDict[] = [];
  const seen = new Set<TorchTree>([tree]);
  const visits: Visit[] = [{ value: tree, keys: [] }];
  for (const visit of visits) {
    const tensors = new Map<string, LazyTensor>();
    for (const [key, value] of visit.value) {
      if (typeof key !== "string") continue;
      if (isLazyTensor(value) && !EXTRA_STATE.test(key)) tensors.set(key, value);
      if (!isDict(value)) continue;
      const keys = [...visit.keys, key];
      if (contains(visit, value)) {
        throw fail(path, `its dictionary "${keys.join(".")}" holds itself`);
      }
      if (seen.has(value) || keys.length > MAX_DEPTH) continue;
      seen.add(value);
      visits.push({ value, keys, parent: visit });
    }
    if (tensors.size > 0) found.push({ keys: visit.keys, tensors });
  }
  return found;
}

/** Whether a dictionary is this one, or one that it lies in. */
function contains(visit: Visit, value: TorchTree): boolean {
  for (let at: Visit | undefined = visit; at !== undefined; at = at.parent) {
    if (at.value === value) return true;
  }
  return false;
}

/** What a file without state dicts holds, so that its owner knows what to save instead. */
function describeOther(tree: TorchTree): string {
  if (isLazyTensor(tree)) {
    return `it holds a bare tensor of shape [${tree.shape.join(", ")}], not a state dict`;
  }
  const entries = isDict(tree) ? [...tree] : [["", tree]] as const;
  for (const [key, value] of entries) {
    if (!(value instanceof OpaqueObject || value instanceof PickleGlobal)) continue;
    const what = key === "" ? "it holds" : `"${key}" is`;
    return `${what} an object of class "${value.name}", not a state dict: save what its ` +
      "state_dict() gives";
  }
  return "it holds no state dict";
}
