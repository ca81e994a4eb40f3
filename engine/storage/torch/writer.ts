/**
 * Writes PyTorch files: a zip of a pickle and the storages of its tensors, which
 * `torch.load(path, weights_only=True)` opens.
 * @module
 */
import { writeFileAtomic } from "../atomic.ts";
import { checksum } from "../checksum.ts";
import type { TorchValue } from "./pickle_values.ts";
import { writePickle } from "./pickle_writer.ts";
import { bytesOf, type StoredTensor } from "../tensor_types.ts";
import { zipChunks, type ZipEntry } from "./zip_writer.ts";

/** Folder inside the archive; PyTorch takes any. */
const ROOT = "archive";

/** Gives every piece of memory one key, so that tensors over the same array share a storage. */
class Storages {
  readonly data: Uint8Array[] = [];
  readonly #keys = new Map<ArrayBufferLike, Map<string, string>>();

  key({ data, dtype }: StoredTensor): string {
    let ofBuffer = this.#keys.get(data.buffer);
    if (!ofBuffer) this.#keys.set(data.buffer, ofBuffer = new Map());
    const place = `${dtype} ${data.byteOffset} ${data.byteLength}`;
    let key = ofBuffer.get(place);
    if (key === undefined) {
      key = String(this.data.length);
      ofBuffer.set(place, key);
      this.data.push(bytesOf(data));
    }
    return key;
  }
}

/** An identifier of 40 digits that depends on the content only. */
function serializationId(pickle: Uint8Array, storages: readonly Uint8Array[]): string {
  const content = storages.reduce((crc, data) => checksum(data, crc), 0);
  return String(checksum(pickle)).padStart(20, "0") + String(content).padStart(20, "0");
}

function* entriesOf(value: TorchValue): Generator<ZipEntry> {
  const storages = new Storages();
  const text = (name: string, content: string): ZipEntry => ({
    name: `${ROOT}/${name}`,
    data: new TextEncoder().encode(content),
  });
  const pickle = writePickle(value, (tensor) => storages.key(tensor));
  yield { name: `${ROOT}/data.pkl`, data: pickle };
  yield text(".format_version", "1");
  yield text(".storage_alignment", "64");
  yield text("byteorder", "little");
  for (const [key, data] of storages.data.entries()) yield { name: `${ROOT}/data/${key}`, data };
  yield text("version", "3\n");
  yield text(".data/serialization_id", serializationId(pickle, storages.data));
}

/**
 * Writes a PyTorch file, atomically. The same value gives the same bytes.
 *
 * @param path The file to replace or create.
 * @param value A tree of tensors and plain values. Tensors over one typed array share one storage.
 * @throws {DataError} if the file cannot be written.
 * @throws {TypeError} if the tree holds something that is not data.
 *
 * @example A checkpoint
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { TorchFile } from "./torch_file.ts";
 * import { storedTensor } from "../tensor_types.ts";
 * const path = `${Deno.makeTempDirSync()}/last.pt`;
 * const bias = storedTensor("float32", [2], new Float32Array([1, 2]));
 * await writeTorchFile(path, { epoch: 3, model: { bias } });
 * using file = TorchFile.open(path);
 * assertEquals((file.tree as ReadonlyMap<unknown, unknown>).get("epoch"), 3);
 * ```
 */
export async function writeTorchFile(path: string, value: TorchValue): Promise<void> {
  await writeFileAtomic(path, zipChunks(entriesOf(value)));
}
