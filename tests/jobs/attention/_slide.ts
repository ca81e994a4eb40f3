/** A slide of three tiles, for tests of what is written of it. */
import { percentilesOf, type SlideAttention } from "../../../jobs/attention/slide_attention.ts";

/** The slide; the second tile counts most. */
export function slideOf(given: Partial<SlideAttention> = {}): SlideAttention {
  const weights = Float32Array.of(0.25, 0.625, 0.125);
  return {
    slide: "s, 1",
    corners: Float64Array.of(100, 200, 300, 200, 300, 400),
    size: 200,
    weights,
    percentiles: percentilesOf(weights),
    instanceScores: new Map([["tumour", Float32Array.of(0.5, 1, 0)]]),
    predicted: "tumour",
    ...given,
  };
}
