/** Reads golden numbers of `testdata/golden` and of other folders of `testdata`. */

/** A tensor of a golden file. */
export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

function url(name: string): URL {
  return new URL(`./testdata/${name}`, import.meta.url);
}

/** All tensors of a safetensors file of `testdata/golden`. */
export function goldenTensors(name: string): Record<string, GoldenTensor> {
  return readTensors(`golden/${name}`);
}

/** All tensors of a safetensors file as float32; independent of the library's own reader. */
export function readTensors(name: string): Record<string, GoldenTensor> {
  const bytes = Deno.readFileSync(url(name));
  const size = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size)));
  const tensors: Record<string, GoldenTensor> = {};
  delete header.__metadata__;
  for (
    const [key, { dtype, shape, data_offsets: [start, end] }] of Object.entries<HeaderEntry>(header)
  ) {
    const raw = bytes.slice(8 + size + start, 8 + size + end).buffer;
    const data = dtype === "F32"
      ? new Float32Array(raw)
      : dtype === "I64"
      ? Float32Array.from(new BigInt64Array(raw), Number)
      : Float32Array.from(new Uint8Array(raw));
    tensors[key] = { shape, data };
  }
  return tensors;
}

/** A JSON file of `testdata/golden`. */
export function goldenJson<T>(name: string): T {
  return readJson(`golden/${name}`);
}

/** A JSON file of `testdata`. */
export function readJson<T>(name: string): T {
  return JSON.parse(Deno.readTextFileSync(url(name)));
}

/** Largest difference relative to the largest expected value. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let [difference, scale] = [actual.length === expected.length ? 0 : Infinity, 1e-30];
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    scale = Math.max(scale, Math.abs(expected[i]));
  }
  return Number.isNaN(difference) ? Infinity : difference / scale;
}
