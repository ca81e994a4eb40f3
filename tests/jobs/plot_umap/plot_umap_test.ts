import { assert, assertEquals, assertRejects } from "@std/assert";
import sharp from "sharp";
import type { PlotUmapOptions } from "../../../jobs/plot_umap/config.ts";
import { type PlotEvent, plotUmap } from "../../../jobs/plot_umap/plot_umap.ts";
import { DataError } from "../../../engine/errors.ts";
import { TemporaryFolder } from "../../engine/storage/testdata.ts";
import { writeFeatures } from "./_files.ts";

function options(h5: string, given: Partial<PlotUmapOptions> = {}): PlotUmapOptions {
  return {
    h5_path: [h5],
    title: "Three classes",
    output_path: null,
    max_samples: 5000,
    max_per_class: 200,
    seed: 42,
    dpi: 100,
    n_neighbors: 5,
    min_dist: 0.1,
    color_by: "label",
    predictions: null,
    format: null,
    ...given,
  };
}

Deno.test("plotUmap() writes PNG, SVG and HTML, into folders that it makes", async () => {
  using folder = new TemporaryFolder();
  const h5 = await writeFeatures(folder.file("a.h5"));
  const events: PlotEvent[] = [];
  const write = async (name: string) => {
    const output_path = folder.file(`plots/new/${name}`);
    const onEvent = (event: PlotEvent) => void events.push(event);
    assertEquals(await plotUmap(options(h5, { output_path }), { onEvent }), output_path);
    return output_path;
  };
  const { format, width, height } = await sharp(await write("a.png")).metadata();
  assertEquals([format, width, height], ["png", 700, 600]);
  const svg = Deno.readTextFileSync(await write("a.svg"));
  assert(svg.startsWith("<svg ") && svg.includes("<title>Three classes</title>"));
  const html = Deno.readTextFileSync(await write("a.html"));
  assert(html.startsWith("<!DOCTYPE html>") && html.includes("points_marks"));
  assertEquals(events[0], { type: "files", paths: [h5] });
  assertEquals(events[1], { type: "samples", samples: 30, total: 30, classes: 3 });
  assertEquals(events.findLast(({ type }) => type === "progress"), {
    type: "progress",
    step: "layout",
    done: 500,
    total: 500,
  });
});

Deno.test("plotUmap() gives the same SVG for the same seed", async () => {
  using folder = new TemporaryFolder();
  const h5 = await writeFeatures(folder.file("a.h5"));
  const draw = async (seed: number) => {
    const output_path = folder.file("a.svg");
    await plotUmap(options(h5, { output_path, seed, max_samples: 20, max_per_class: 6 }));
    return Deno.readTextFileSync(output_path);
  };
  const first = await draw(1);
  assert(first.includes("n=18 of 30"));
  assertEquals(await draw(1), first);
  assert(await draw(2) !== first);
});

Deno.test("plotUmap() colours by predictions, and says what has none", async () => {
  using folder = new TemporaryFolder();
  const h5 = await writeFeatures(folder.file("a.h5"));
  const predictions = folder.file("p.csv");
  const rows = Array.from({ length: 28 }, (_, row) => `${row},${row % 3},${row < 3 ? 0 : row % 3}`);
  Deno.writeTextFileSync(predictions, ["id,label,predicted", ...rows].join("\n"));
  const notes: string[] = [];
  const output_path = folder.file("a.svg");
  await plotUmap(options(h5, { output_path, predictions, color_by: "correct" }), {
    onEvent: (event) => event.type === "notice" && notes.push(event.message),
  });
  assertEquals(notes, [`"${predictions}" has no prediction for 2 of 30 samples`]);
  const svg = Deno.readTextFileSync(output_path);
  assert(svg.includes("correct: 26, wrong: 2, no prediction: 2."));
});

Deno.test("plotUmap() takes fewer neighbours of few samples, as umap-learn does, and says so", async () => {
  using folder = new TemporaryFolder();
  for (const count of [3, 6]) {
    const h5 = await writeFeatures(folder.file("a.h5"), { count });
    const notes: string[] = [];
    const output_path = folder.file("a.svg");
    await plotUmap(options(h5, { output_path, n_neighbors: 15 }), {
      onEvent: (event) => event.type === "notice" && notes.push(event.message),
    });
    assertEquals(notes, [`n_neighbors is ${count - 1} instead of 15: there are no more samples`]);
    assert(Deno.readTextFileSync(output_path).includes(`n=${count}`));
  }
});

Deno.test("plotUmap() refuses two samples, and writes nothing", async () => {
  using folder = new TemporaryFolder();
  const h5 = await writeFeatures(folder.file("a.h5"), { count: 2 });
  const message = `Cannot plot "${h5}": a layout needs 3 samples at least`;
  const output_path = folder.file("a.png");
  await assertRejects(() => plotUmap(options(h5, { output_path })), DataError, message);
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["a.h5"]);
});

Deno.test("plotUmap() says why a file cannot be written", async () => {
  using folder = new TemporaryFolder();
  const h5 = await writeFeatures(folder.file("a.h5"));
  const output_path = `${h5}/b.png`;
  await assertRejects(() => plotUmap(options(h5, { output_path })), DataError, "Cannot write");
});
