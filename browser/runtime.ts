/**
 * onnxruntime-web, and what it computes on.
 * @module
 */
/// <reference lib="dom" />
import type * as ortModule from "onnxruntime-web";
import type { OnProgress } from "./services.ts";

/** onnxruntime-web. */
export type Ort = typeof ortModule;

/** Most threads: more do not pay for the small products of heads and encoders of one image. */
const MAX_THREADS = 8;

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

/** The processor and its threads, for people. */
export function processorName(): string {
  const count = threads();
  if (count > 1) return `the processor (WebAssembly), ${count} threads`;
  const why = globalThis.crossOriginIsolated ? "" : ": the server sends no headers for more";
  return `the processor (WebAssembly), one thread${why}`;
}

/** Whether there is a graphics processor that computes. */
export async function hasAdapter(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
  try {
    return gpu !== undefined && await gpu.requestAdapter() !== null;
  } catch {
    return false;
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
