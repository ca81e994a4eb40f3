/** Text in encodings that only decoders exist for. */

const encoders = new Map<string, ReadonlyMap<string, readonly number[]>>();

/** Characters of one and two bytes, as the decoder reads them. */
function encoderOf(label: string): ReadonlyMap<string, readonly number[]> {
  const decoder = new TextDecoder(label, { fatal: true });
  const characters = new Map<string, readonly number[]>();
  const add = (...bytes: number[]) => {
    try {
      const text = decoder.decode(Uint8Array.from(bytes));
      if ([...text].length === 1 && !characters.has(text)) characters.set(text, bytes);
    } catch {
      // No character.
    }
  };
  for (let byte = 0; byte < 256; byte++) add(byte);
  for (let lead = 0x81; lead < 256; lead++) {
    for (let trail = 0x40; trail < 256; trail++) add(lead, trail);
  }
  return characters;
}

/**
 * Encodes text.
 * @param text The text; all of its characters exist in the encoding.
 * @param label The encoding; for UTF-16 without a byte order mark.
 */
export function encodeAs(text: string, label: string): Uint8Array<ArrayBuffer> {
  if (label.startsWith("utf-16")) {
    const view = new DataView(new ArrayBuffer(2 * text.length));
    for (let at = 0; at < text.length; at++) {
      view.setUint16(2 * at, text.charCodeAt(at), label === "utf-16le");
    }
    return new Uint8Array(view.buffer);
  }
  let encoder = encoders.get(label);
  if (!encoder) encoders.set(label, encoder = encoderOf(label));
  const bytes = [...text].flatMap((character) => {
    const found = encoder.get(character);
    if (!found) throw new RangeError(`Cannot encode ${character}: ${label} does not have it`);
    return found;
  });
  return Uint8Array.from(bytes);
}
