/**
 * Writing safetensors: a format for weights that glovita and torch read.
 * @module
 */

/** A tensor of float32. */
export interface NamedTensor {
  /** Its name. */
  readonly name: string;
  /** Dimensions. */
  readonly shape: readonly number[];
  /** Numbers, row-major. */
  readonly data: Float32Array;
}

/**
 * Writes tensors.
 * @param tensors The tensors.
 * @param metadata What is said of them.
 * @returns The file.
 */
export function safetensors(
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  let end = 0;
  const entries = tensors.map(({ name, shape, data }) => {
    const begin = end;
    end += data.byteLength;
    return [name, { dtype: "F32", shape, data_offsets: [begin, end] }] as const;
  });
  const text = JSON.stringify({ __metadata__: metadata, ...Object.fromEntries(entries) });
  // Numbers begin at multiples of 8 bytes.
  const header = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const file = new Uint8Array(8 + header.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  let at = 8 + header.length;
  for (const { data } of tensors) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}
