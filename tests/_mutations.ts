/** Changes to bytes that are the same for the same seed. */

/** Gives a whole number below a limit. */
export type Random = (below: number) => number;

/** A generator of whole numbers, the same for the same seed, which is not 0. */
export function randomNumbers(seed: number): Random {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** Changes up to three places: a bit, a byte, or some bytes to zero. */
export function changeBytes(bytes: Uint8Array, random: Random): void {
  const places = 1 + random(3);
  for (let i = 0; i < places; i++) {
    const at = random(bytes.length);
    const kind = random(4);
    if (kind === 0) bytes[at] ^= 1 << random(8);
    else if (kind === 1) bytes[at] = random(256);
    else if (kind === 2) bytes[at] = 255;
    else bytes.fill(0, at, at + 1 + random(24));
  }
}

/** A changed copy: bytes changed in place, left out, doubled, or the end cut off. */
export function changedCopy(whole: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const at = random(whole.length);
  const next = Math.min(whole.length, at + 1 + random(32));
  switch (random(8)) {
    case 0:
      return whole.slice(0, at);
    case 1:
      return join(whole.subarray(0, at), whole.subarray(next));
    case 2:
      return join(whole.subarray(0, next), whole.subarray(at));
    default: {
      const bytes = whole.slice();
      changeBytes(bytes, random);
      return bytes;
    }
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
