import { assertEquals, assertThrows } from "@std/assert";
import { plotTarget, type PlotUmapOptions } from "../../../jobs/plot_umap/config.ts";
import { ConfigError } from "../../../registry/errors.ts";

type Given = Parameters<typeof plotTarget>[0];
const DEFAULTS: Given = {
  h5_path: ["a/digits_train.h5"],
  title: null,
  output_path: null,
  format: null,
  color_by: "label",
  predictions: null,
};

function target(options: Partial<PlotUmapOptions>) {
  const { title, path, format } = plotTarget({ ...DEFAULTS, ...options });
  return [title, path, format];
}

function refused(options: Partial<PlotUmapOptions>, message: string): void {
  assertThrows(() => plotTarget({ ...DEFAULTS, ...options }), ConfigError, message);
}

Deno.test("plotTarget() names plots as GloViTa does, by the files' names", () => {
  assertEquals(target({}), ["digits_train", "umap_plots/single/digits_train.png", "png"]);
  assertEquals(target({ format: "html" })[1], "umap_plots/single/digits_train.html");
  const splits = ["train", "val", "test"].map((split) => `a/digits_${split}.h5`);
  assertEquals(target({ h5_path: splits })[0], "digits");
  assertEquals(target({ h5_path: ["train.h5", "val.h5"] })[0], "train");
  assertEquals(target({ h5_path: ["a.h5", "b/a.h5"] })[0], "a");
});

Deno.test("plotTarget() takes title and file as given; the file's ending is its format", () => {
  assertEquals(target({ title: "Digits", output_path: "x/y.SVG" }), ["Digits", "x/y.SVG", "svg"]);
  assertEquals(target({ format: "svg", output_path: "y.svg" })[2], "svg");
});

Deno.test("plotTarget() refuses what contradicts itself, all of it at once", () => {
  refused({ output_path: "a.pdf" }, "output_path: expected a file that ends in .png, .svg, .html");
  refused({ output_path: "a.svg", format: "png" }, 'format: expected "svg", as output_path ends');
  refused({ color_by: "pred" }, "predictions: expected a file, to colour by pred");
  refused({ color_by: "correct", output_path: "a" }, "predictions: expected a file");
  refused({ color_by: "split" }, "h5_path: expected a file per split");
  assertEquals(target({ color_by: "split", predictions: "p.csv" })[2], "png");
});
