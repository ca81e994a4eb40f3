/**
 * Colours of classes: a class keeps its colour in all charts of a run.
 * @module
 */

/** Okabe and Ito's colours, told apart with every kind of colour vision; the faint ones last. */
const OKABE_ITO = [
  "#0072b2",
  "#e69f00",
  "#009e73",
  "#cc79a7",
  "#56b4e9",
  "#d55e00",
  "#000000",
  "#f0e442",
] as const;

/** Colours of right and wrong: blue and vermilion, which nobody confuses. */
export const VERDICT_COLORS = { correct: "#56b4e9", wrong: "#d55e00" } as const;

/** Colour of what is not known. */
export const UNKNOWN_COLOR = "#999999";

/** Most classes that are told apart by colour alone; beyond them charts need labels as well. */
export const DISTINCT_COLORS: number = OKABE_ITO.length;

/** Degrees between the hues of one class and the next, so that no two are neighbours. */
const GOLDEN_ANGLE = 137.508;
/** Lightness of one class, the next and the one after it. */
const LIGHTNESS = [0.55, 0.72, 0.63] as const;
const CHROMA = 0.16;

/**
 * Gives every class a colour: Okabe and Ito's for up to 8, beyond that hues of equal strength in the
 * perceptual space OKLCH (Ottosson, 2020).
 * @param count Number of classes.
 * @returns A colour per class, `#rrggbb`.
 *
 * @example Two classes
 * ```ts
 * import { classColors } from "./colors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(classColors(2), ["#0072b2", "#e69f00"]);
 * ```
 */
export function classColors(count: number): string[] {
  if (count <= OKABE_ITO.length) return OKABE_ITO.slice(0, count);
  return Array.from({ length: count }, (_, index) => {
    const hue = (index * GOLDEN_ANGLE % 360) * Math.PI / 180;
    return hex(oklch(LIGHTNESS[index % LIGHTNESS.length], CHROMA, hue));
  });
}

/** A colour of OKLCH as linear light of sRGB; the part outside of its gamut is cut off. */
function oklch(lightness: number, chroma: number, hue: number): number[] {
  const [a, b] = [chroma * Math.cos(hue), chroma * Math.sin(hue)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function hex(linear: readonly number[]): string {
  const bytes = linear.map((value) => {
    const light = Math.min(1, Math.max(0, value));
    const encoded = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
    return Math.round(255 * encoded).toString(16).padStart(2, "0");
  });
  return `#${bytes.join("")}`;
}
