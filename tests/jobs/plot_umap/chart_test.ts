import { assert, assertEquals } from "@std/assert";
import { VERDICT_COLORS } from "../../../jobs/charts/colors.ts";
import { chartSvg } from "../../../jobs/charts/svg.ts";
import { type ChartParts, umapChart, umapSpec } from "../../../jobs/plot_umap/chart.ts";

/** Six samples of classes 0, 2 and 4, in two splits. */
function parts(options: Partial<ChartParts> = {}): ChartParts {
  const labels = [0, 2, 4, 0, 2, 4];
  return {
    title: "Cells",
    colorBy: "label",
    seed: 42,
    layout: labels.map((label, index) => [label, index]),
    data: {
      points: { values: new Float32Array(12), length: 6, width: 2 },
      samples: labels.map((label, index) => ({
        file: "a.h5",
        id: `s${index}`,
        label,
        split: index < 3 ? "train" : "val",
      })),
      total: 1234,
      classNames: new Map([[0, "tumour"], [2, "stroma"]]),
      notices: [],
    },
    ...options,
  };
}

const predictions = {
  predicted: [0, 2, 2, 0, undefined, 4],
  splits: [],
  classNames: new Map([[0, "tumour"], [2, "stroma"]]),
  notices: [],
};

Deno.test("umapChart() names classes, counts them, and says how many samples there are", () => {
  const { groups, subtitle, description } = umapChart(parts());
  assertEquals(groups, [
    { name: "tumour", color: "#0072b2", size: 2 },
    { name: "stroma", color: "#e69f00", size: 2 },
    { name: "4", color: "#009e73", size: 2 },
  ]);
  assertEquals(subtitle, "n=6 of 1,234\u2003classes=3");
  assert(description.endsWith("tumour: 2, stroma: 2, 4: 2."), description);
});

Deno.test("umapChart() keeps each point's coordinates, group and facts together", () => {
  const { points } = umapChart(parts({ predictions }));
  assertEquals(points.length, 6);
  const point = points.find(({ id }) => id === "s2");
  assertEquals(point, {
    x: 4,
    y: 2,
    group: "4",
    id: "s2",
    facts: ["label 4", "predicted stroma", "split train"],
  });
});

Deno.test("umapChart() colours by prediction in the classes' colours, and what has none in grey", () => {
  const { groups } = umapChart(parts({ predictions, colorBy: "pred" }));
  assertEquals(groups, [
    { name: "tumour", color: "#0072b2", size: 2 },
    { name: "stroma", color: "#e69f00", size: 2 },
    { name: "4", color: "#009e73", size: 1 },
    { name: "no prediction", color: "#999999", size: 1 },
  ]);
});

Deno.test("umapChart() draws wrong samples last, so that none is hidden", () => {
  const { groups, points } = umapChart(parts({ predictions, colorBy: "correct" }));
  assertEquals(groups.map(({ name, size }) => [name, size]), [
    ["correct", 4],
    ["wrong", 1],
    ["no prediction", 1],
  ]);
  assertEquals(groups[1].color, VERDICT_COLORS.wrong);
  assertEquals(points.at(-1)?.id, "s2");
});

Deno.test("umapChart() colours by split, as the file or the table of predictions says it", () => {
  const names = (options: Partial<ChartParts>) =>
    umapChart(parts({ colorBy: "split", ...options })).groups.map(({ name, size }) => [name, size]);
  assertEquals(names({}), [["train", 3], ["val", 3]]);
  const splits = ["a", "a", "b", "b", undefined, "b"];
  assertEquals(names({ predictions: { ...predictions, splits } }), [["a", 2], ["b", 3], [
    "val",
    1,
  ]]);
});

Deno.test("umapChart() tells classes of one name apart", () => {
  const data = { ...parts().data, classNames: new Map([[0, "x"], [2, "x"]]) };
  const { groups } = umapChart(parts({ data }));
  assertEquals(groups.map(({ name }) => name), ["x (0)", "x (2)", "4 (4)"]);
});

Deno.test("umapSpec() draws a mark per point and a legend for few classes, names for more", async () => {
  const few = umapChart(parts());
  const svg = await chartSvg(umapSpec(few), few);
  const marks = /class="mark-symbol role-mark points_marks"[^>]*>(.*?)<\/g>/.exec(svg)![1];
  assertEquals(marks.match(/<path /g)?.length, 6);
  const places = [...marks.matchAll(/translate\(([\d.]+),/g)].map(([, x]) => Number(x));
  // Pages find a point by the position of its mark among the others: x is 0, 2 or 4.
  const [left, right] = [Math.min(...places), Math.max(...places)];
  const drawn = places.map((x) => Math.round(4 * (x - left) / (right - left)));
  assertEquals(drawn, few.points.map(({ x }) => x));
  for (const text of ["Cells", "n=6 of 1,234\u2003classes=3", "tumour", "stroma", "4"]) {
    assert(svg.includes(`>${text}</text>`), text);
  }
  const samples = Array.from({ length: 12 }, (_, label) => ({ ...parts().data.samples[0], label }));
  const layout = samples.map(({ label }): [number, number] => [label, label % 5]);
  const many = umapChart(parts({ data: { ...parts().data, samples }, layout }));
  const named = await chartSvg(umapSpec(many), many);
  assertEquals(named.includes("role-legend"), false);
  assertEquals(named.match(/>11<\/text>/g)?.length, 2); // the name and its rim
  const bare = await chartSvg(umapSpec(few, true), few);
  assertEquals(bare.includes("role-legend") || bare.includes("role-title"), false);
});
