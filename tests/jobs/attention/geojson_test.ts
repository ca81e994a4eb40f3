import { assert, assertEquals } from "@std/assert";
import { geoJson } from "../../../jobs/attention/geojson.ts";
import { slideOf } from "./_slide.ts";

const GREY = () => [128, 128, 128] as const;

interface Collection {
  readonly type: string;
  readonly features: readonly {
    readonly type: string;
    readonly geometry: { readonly type: string; readonly coordinates: number[][][] };
    readonly properties: Record<string, unknown>;
  }[];
}

function parsed(...given: Parameters<typeof slideOf>): Collection {
  return JSON.parse([...geoJson(slideOf(...given), GREY)].join(""));
}

Deno.test("geoJson() writes squares in pixels of level 0, with names that QuPath shows", () => {
  const { type, features } = parsed();
  assertEquals([type, features.length], ["FeatureCollection", 3]);
  assertEquals(features[1], {
    type: "Feature",
    geometry: {
      type: "Polygon",
      coordinates: [[[300, 200], [500, 200], [500, 400], [300, 400], [300, 200]]],
    },
    properties: {
      objectType: "tile",
      color: [128, 128, 128],
      measurements: { attention: 0.625, percentile: 100, "score tumour": 1 },
    },
  });
});

Deno.test("geoJson() is RFC 7946: closed rings of four corners and more, counterclockwise", () => {
  for (const { geometry: { coordinates } } of parsed().features) {
    const [ring] = coordinates;
    assert(coordinates.length === 1 && ring.length >= 4);
    assertEquals(ring[0], ring.at(-1));
    const area = ring.slice(1).reduce((sum, [x, y], at) => {
      const [fromX, fromY] = ring[at];
      return sum + fromX * y - x * fromY;
    }, 0) / 2;
    assertEquals(area, 200 * 200);
  }
});

Deno.test("geoJson() of no tile is a collection of none", () => {
  const none = { weights: new Float32Array(0) };
  assertEquals(parsed(none), { type: "FeatureCollection", features: [] });
});
