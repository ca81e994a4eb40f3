/**
 * Attention as GeoJSON (RFC 7946) that QuPath opens: a tile object per tile, its numbers among the
 * object's measurements.
 * @module
 */
import type { SlideAttention } from "./slide_attention.ts";

/** Colours that QuPath draws tiles in, from the least to the most attention: magma. */
export type ColorOf = (percentile: number) => readonly [number, number, number];

/**
 * Writes a slide's attention.
 * @param slide The slide.
 * @param colorOf Colour of a percentile.
 * @returns The file, piece by piece: a slide may have more tiles than one text can hold.
 */
export function* geoJson(slide: SlideAttention, colorOf: ColorOf): Generator<string> {
  yield '{"type":"FeatureCollection","features":[\n';
  const { weights } = slide;
  for (let tile = 0; tile < weights.length; tile++) {
    const end = tile + 1 < weights.length ? ",\n" : "\n";
    yield JSON.stringify(featureOf(slide, tile, colorOf)) + end;
  }
  yield "]}\n";
}

function featureOf(slide: SlideAttention, tile: number, colorOf: ColorOf) {
  const { corners, size, weights, percentiles, instanceScores } = slide;
  const [x, y] = [corners[2 * tile], corners[2 * tile + 1]];
  const measurements: Record<string, number> = {
    attention: Number(weights[tile].toPrecision(6)),
    percentile: Number(percentiles[tile].toPrecision(6)),
  };
  for (const [name, scores] of instanceScores) {
    measurements[`score ${name}`] = Number(scores[tile].toPrecision(6));
  }
  return {
    type: "Feature",
    geometry: { type: "Polygon", coordinates: [square(x, y, size)] },
    properties: { objectType: "tile", color: colorOf(percentiles[tile]), measurements },
  };
}

/** Closed, and counterclockwise by the sign of its area, as the format wants it. */
function square(x: number, y: number, size: number): number[][] {
  const [right, bottom] = [x + size, y + size];
  return [[x, y], [right, y], [right, bottom], [x, bottom], [x, y]];
}
