/**
 * The model in onnxruntime-web: on a graphics processor where there is one, else on as many threads as
 * the server's headers allow.
 * @module
 */
/// <reference lib="dom" />
import type * as ortModule from "onnxruntime-web";
import { type BagAttention, bagAttention } from "../jobs/attention/bag_attention.ts";
import type { PageAbout } from "../jobs/export/page/about.ts";
import type { OnProgress } from "./services.ts";

/** onnxruntime-web. */
export type Ort = typeof ortModule;

/** Most threads: more do not pay for the small products of heads and encoders of one image. */
const MAX_THREADS = 8;

/** Of what onnxruntime says, only errors are for people. */
const ERRORS = 3;

/** Address of a file that lies beside the page. */
export function addressOf(name: string): string {
  return new URL(name, import.meta.url).href;
}

/**
 * Loads the runtime.
 * @param webgpu Whether that for graphics processors.
 */
export async function loadRuntime(webgpu: boolean): Promise<Ort> {
  const name = webgpu ? "ort.webgpu.bundle.min.mjs" : "ort.wasm.bundle.min.mjs";
  const ort: Ort = await import(addressOf(`runtime/${name}`));
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = threads();
  return ort;
}

function threads(): number {
  return globalThis.crossOriginIsolated ? Math.min(MAX_THREADS, navigator.hardwareConcurrency) : 1;
}

/** Whether there is a graphics processor that computes. */
async function hasAdapter(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
  try {
    return gpu !== undefined && await gpu.requestAdapter() !== null;
  } catch {
    return false;
  }
}

/** A model, ready to predict. */
export class Model {
  readonly #ort: Ort;
  readonly #session: ortModule.InferenceSession;
  readonly #about: PageAbout;
  /** What computes, for people. */
  readonly device: string;

  private constructor(
    ort: Ort,
    session: ortModule.InferenceSession,
    about: PageAbout,
    device: string,
  ) {
    this.#ort = ort;
    this.#session = session;
    this.#about = about;
    this.device = device;
  }

  /**
   * Makes a model ready.
   * @param bytes The ONNX file.
   * @param about What is known of it.
   * @param device `wasm` or `webgpu`; the best that there is where not given.
   */
  static async create(bytes: Uint8Array, about: PageAbout, device: string | null): Promise<Model> {
    if (about.webgpu && device !== "wasm" && await hasAdapter()) {
      try {
        return await Model.#on("webgpu", bytes, about);
      } catch (error) {
        // Some graphics processors lack what a model needs; asked for by name, it is an error.
        if (device === "webgpu") throw error;
      }
    }
    return await Model.#on("wasm", bytes, about);
  }

  static async #on(kind: "webgpu" | "wasm", bytes: Uint8Array, about: PageAbout): Promise<Model> {
    const ort = await loadRuntime(kind === "webgpu");
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: [kind],
      logSeverityLevel: ERRORS,
    });
    const count = threads();
    const processor = count === 1 ? "processor, one thread" : `processor, ${count} threads`;
    const device = kind === "webgpu" ? "graphics processor" : processor;
    return new Model(ort, session, about, device);
  }

  /**
   * Predicts samples.
   * @param features `[samples, ...sampleShape]`.
   * @returns `[samples, numClasses]`.
   */
  async scores(features: Float32Array): Promise<Float32Array> {
    const { sampleShape } = this.#about;
    const rows = features.length / sampleShape.reduce((a, b) => a * b, 1);
    const input = new this.#ort.Tensor("float32", features, [rows, ...sampleShape]);
    const { scores } = await this.#session.run({ features: input }, ["scores"]);
    return await scores.getData() as Float32Array;
  }

  /**
   * Predicts a bag.
   * @param features `[instances, ...sampleShape]`.
   */
  async bag(
    features: Float32Array,
  ): Promise<{ readonly scores: Float32Array; readonly attention?: BagAttention }> {
    const { sampleShape, attention, numClasses } = this.#about;
    const wanted = ["scores", ...(attention ? ["attention", "instance_scores"] : [])];
    const rows = features.length / sampleShape.reduce((a, b) => a * b, 1);
    const outputs = await this.#session.run({
      features: new this.#ort.Tensor("float32", features, [rows, ...sampleShape]),
      lengths: new this.#ort.Tensor("int64", BigInt64Array.of(BigInt(rows)), [1]),
    }, wanted.filter((name) => this.#session.outputNames.includes(name)));
    const scores = await outputs.scores.getData() as Float32Array;
    if (attention === undefined) return { scores };
    const [one] = bagAttention({
      lengths: Int32Array.of(rows),
      attention: await outputs.attention.getData() as Float32Array,
      perClass: attention.perClass,
      ...{ scores, numClasses },
      instanceScores: await outputs.instance_scores?.getData() as Float32Array | undefined,
    });
    return { scores, attention: one };
  }

  /** Frees it. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

/**
 * Loads a file that lies beside the page.
 * @param name The file.
 * @param onProgress Told how far it is.
 * @throws {Error} if the server does not have it.
 */
export async function fetchFile(name: string, onProgress?: OnProgress): Promise<Uint8Array> {
  const response = await fetch(addressOf(name));
  if (!response.ok) throw new Error(`Cannot load "${name}": the server answers ${response.status}`);
  const total = Number(response.headers.get("content-length") ?? 0);
  const parts: Uint8Array[] = [];
  let done = 0;
  for await (const part of pieces(response.body!)) {
    parts.push(part);
    done += part.length;
    onProgress?.(done, Math.max(total, done));
  }
  const all = new Uint8Array(done);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Not every browser walks through streams by itself. */
async function* pieces(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
