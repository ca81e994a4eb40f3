/**
 * The colours of attention: magma, which is even to the eye and to those who see few colours.
 * @module
 */

/** A colour, 0 to 255 per channel. */
export type Rgb = readonly [red: number, green: number, blue: number];

let colors: readonly Rgb[] | undefined;

/**
 * Loads the palette.
 * @returns The colour of a percentile, 0 to 100.
 *
 * @example From dark to light
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const colorOf = await loadMagma();
 * assertEquals([0, 100].map(colorOf), [[0, 0, 4], [252, 253, 191]]);
 * ```
 */
export async function loadMagma(): Promise<(percentile: number) => Rgb> {
  const table = colors ??= await makeTable();
  return (percentile) => table[Math.round(255 * Math.min(100, Math.max(0, percentile)) / 100)];
}

async function makeTable(): Promise<readonly Rgb[]> {
  const { scheme } = await import("vega");
  const at: (share: number) => string = scheme("magma");
  return Array.from({ length: 256 }, (_, index) => parse(at(index / 255)));
}

/** `rgb(1, 2, 3)` or `#010203`. */
function parse(text: string): Rgb {
  const hex = /^#(..)(..)(..)$/.exec(text);
  const [red, green, blue] = hex
    ? hex.slice(1).map((digits) => parseInt(digits, 16))
    : (text.match(/\d+/g) ?? []).map(Number);
  return [red, green, blue];
}
