/**
 * The thread of the HDF5 library: it reads what others wrote, and may break or never come back.
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { addFilterPlugins, hasEnded, type Hdf5Library, loadHdf5Library } from "./library.ts";
import {
  giveAnswer,
  type LibraryCall,
  type LibraryDataset,
  type LibraryRequest,
  STATE,
} from "./_library_protocol.ts";

type LibraryFile = InstanceType<Hdf5Library["h5wasm"]["File"]>;

/** Answers requests, one at a time. */
class LibraryServer {
  readonly #library: Hdf5Library;
  readonly #files = new Map<number, LibraryFile>();
  #next = 0;

  constructor(library: Hdf5Library) {
    this.#library = library;
  }

  answer(request: LibraryRequest): unknown {
    switch (request.type) {
      case "open": {
        const file = new this.#library.h5wasm.File(request.path, "r");
        this.#files.set(this.#next, file);
        return this.#next++;
      }
      case "describe":
        return this.#describe(request);
      case "read":
        return this.#read(request);
      case "attribute": {
        const object = this.#file(request.file).get(request.object);
        if (object === null || !("attrs" in object)) return null;
        return object.attrs[request.name]?.json_value;
      }
      case "close":
        this.#files.get(request.file)?.close();
        this.#files.delete(request.file);
        return null;
    }
  }

  #file(number: number): LibraryFile {
    const file = this.#files.get(number);
    if (!file) throw new Error("the file is closed");
    return file;
  }

  #describe({ file, dataset }: LibraryRequest & { type: "describe" }): LibraryDataset {
    const { module } = this.#library;
    const { shape, chunks, size } = module.get_dataset_metadata(this.#file(file).file_id, dataset);
    return { shape, chunks, size };
  }

  #read(request: LibraryRequest & { type: "read" }): void {
    const { file, dataset, shape, start, count, into, bytes } = request;
    const { module } = this.#library;
    const scalar = shape.length === 0;
    const counts = scalar ? null : [count, ...shape.slice(1)].map(BigInt);
    const offsets = scalar ? null : shape.map((_, axis) => axis === 0 ? BigInt(start) : 0n);
    const strides = scalar ? null : shape.map(() => 1n);
    const pointer = module._malloc(bytes);
    if (pointer === 0) throw new Error(`${bytes} bytes at once are more than the library can hold`);
    try {
      const { file_id } = this.#file(file);
      const at = BigInt(pointer);
      const status = module.get_dataset_data(file_id, dataset, counts, offsets, strides, at);
      if (status < 0) throw new Error("the library does not say why");
      new Uint8Array(into).set(module.HEAPU8.subarray(pointer, pointer + bytes));
    } finally {
      module._free(pointer);
    }
  }
}

async function start(answer: SharedArrayBuffer): Promise<void> {
  // The library's last words would stand on the screen of whoever asked.
  Reflect.set(console, "error", () => {});
  const server = new LibraryServer(await loadHdf5Library());
  await addFilterPlugins();
  parentPort?.on("message", ({ request, answer }: LibraryCall) => {
    try {
      giveAnswer(answer, STATE.done, server.answer(request));
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      giveAnswer(answer, hasEnded(text) ? STATE.dead : STATE.failed, text);
    }
  });
  giveAnswer(answer, STATE.done, null);
}

const ready = workerData as SharedArrayBuffer;
start(ready).catch((error) => giveAnswer(ready, STATE.dead, String(error)));
