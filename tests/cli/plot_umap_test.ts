import { assert, assertEquals } from "@std/assert";
import { plotUmapCommand } from "../../cli/plot_umap.ts";
import type { StopSignal } from "../../cli/signals.ts";
import { TemporaryFolder } from "../engine/storage/testdata.ts";
import { writeFeatures } from "../jobs/plot_umap/_files.ts";
import { listener } from "./_fakes.ts";

async function run(...args: string[]) {
  const io = listener();
  const code = await plotUmapCommand(args, { io });
  return { code, out: io.outLines, err: io.errLines };
}

Deno.test("glovita_plot_umap says what it does in GloViTa's words, and where the plot is", async () => {
  using folder = new TemporaryFolder();
  const h5 = await writeFeatures(folder.file("a.h5"));
  const png = folder.file("plots/a.png");
  const plot = ["--h5_path", h5, "--output-path", png, "--n_neighbors", "5"];
  const { code, out, err } = await run(...plot, "--max_samples", "20");
  assertEquals([code, err], [0, []]);
  assertEquals(out, [
    `H5 file: ${h5}`,
    "Loading embeddings...",
    "  20 of 30 samples, 3 classes",
    "Fitting UMAP...",
    `Saved ${png}`,
  ]);
  assert(Deno.statSync(png).isFile);
});

Deno.test("glovita_plot_umap names everything that is wrong with a command line", async () => {
  assertEquals(await run(), {
    code: 2,
    out: [],
    err: ["h5_path: expected a list of at least 1, each a path, received nothing"],
  });
  const { code, err } = await run("a.h5", "--h5_path", "a.h5");
  assertEquals([code, err.length], [2, 1]);
  assert(err[0].startsWith("a.h5: expected a flag such as --h5_path"), err[0]);
  const many = await run("--h5_path", "a.h5", "--dpi", "1", "--colour_by", "label");
  assertEquals([many.code, many.err.length], [2, 2]);
});

Deno.test("glovita_plot_umap ends with 1 where a file cannot be used", async () => {
  const { code, err } = await run("--h5_path", "missing.h5");
  assertEquals([code, err], [1, ['Cannot read "missing.h5": the file does not exist']]);
});

Deno.test("glovita_plot_umap stops on a signal, and writes nothing", async () => {
  using folder = new TemporaryFolder();
  const h5 = await writeFeatures(folder.file("a.h5"));
  const io = listener();
  let press: (signal: StopSignal) => void = () => {};
  const args = ["--h5_path", h5, "--output_path", folder.file("a.png"), "--n_neighbors", "5"];
  const out = (line: string) => {
    io.out(line);
    if (line === "Fitting UMAP...") press("SIGINT");
  };
  const code = await plotUmapCommand(args, {
    io: { ...io, out },
    listen: (onSignal) => {
      press = onSignal;
      return () => {};
    },
  });
  assertEquals([code, io.errLines.at(-1)], [130, "interrupted, nothing was written"]);
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name), ["a.h5"]);
});
