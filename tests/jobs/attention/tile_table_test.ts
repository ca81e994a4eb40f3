import { assertEquals } from "@std/assert";
import {
  placelessTileTable,
  tileTable,
  topHead,
  topRows,
} from "../../../jobs/attention/tile_table.ts";
import { slideOf } from "./_slide.ts";

Deno.test("tileTable() has a line for each tile", () => {
  assertEquals(
    [...tileTable(slideOf())].join(""),
    [
      "x,y,w,h,attention,percentile,score_tumour\n",
      "100,200,200,200,0.25,66.6667,0.5\n",
      "300,200,200,200,0.625,100,1\n",
      "300,400,200,200,0.125,33.3333,0\n",
    ].join(""),
  );
});

Deno.test("placelessTileTable() names tiles by their index", () => {
  assertEquals(
    [...placelessTileTable(slideOf())].slice(0, 2).join(""),
    "tile,attention,percentile,score_tumour\n0,0.25,66.6667,0.5\n",
  );
});

Deno.test("topRows() names slide, class and rank", () => {
  assertEquals(
    topHead(slideOf()),
    "slide,predicted,rank,tile,x,y,w,h,attention,percentile,score_tumour\n",
  );
  assertEquals(topRows(slideOf(), 2), [
    '"s, 1",tumour,1,1,300,200,200,200,0.625,100,1\n',
    '"s, 1",tumour,2,0,100,200,200,200,0.25,66.6667,0.5\n',
  ]);
  const [row] = topRows(slideOf({ predicted: undefined, instanceScores: new Map() }), 1);
  assertEquals(row, '"s, 1",,1,1,300,200,200,200,0.625,100\n');
});
