/** Exported files of every kind in a browser's onnxruntime: the scores are the checkpoints'. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import type { Value } from "../../engine/runtime/session.ts";
import { exportModel } from "../../jobs/export/export.ts";
import { copyRuntime } from "../../jobs/export/page/files.ts";
import { serveFolder } from "../../jobs/serve/serve_folder.ts";
import { chromium, TestBrowser } from "../_chromium.ts";
import { inFolder } from "../_training.ts";
import {
  farthest,
  feedsFor,
  saidBy,
  trainBags,
  type Trained,
  trainFeatures,
  trainImages,
} from "../jobs/export/_models.ts";

const MODELS: Readonly<Record<string, (folder: string) => Promise<Trained>>> = {
  features: trainFeatures,
  "CLAM-SB": (folder) => trainBags(folder, { "model.head.variant": "sb" }),
  "CLAM-MB": (folder) => trainBags(folder, { "model.head.variant": "mb" }),
  ABMIL: (folder) => trainBags(folder, { "model.head.head_type": "abmil" }),
  ViT: (folder) => trainImages(folder, "test_vit"),
  ResNet: (folder) => trainImages(folder, "test_resnet"),
  folds: (folder) => trainFeatures(folder, { "training.cv_folds": "2", "logger.group": "cv" }),
};

/** Runs a model within a page; int64 numbers cross as text. */
const RUN = `async (name, feeds) => {
  const ort = await import("/runtime/ort.wasm.bundle.min.mjs");
  ort.env.wasm.wasmPaths = { wasm: "/runtime/ort-wasm-simd-threaded.wasm" };
  const session = await ort.InferenceSession.create("/" + name, { executionProviders: ["wasm"] });
  const tensor = ([type, dims, data]) =>
    new ort.Tensor(type, type === "int64" ? BigInt64Array.from(data, BigInt) : Float32Array.from(data), dims);
  const given = Object.entries(feeds).map(([name, feed]) => [name, tensor(feed)]);
  const { scores } = await session.run(Object.fromEntries(given));
  return Array.from(scores.data);
}`;

/** What one model after the other says; several are averaged. */
async function expectedOf(run: Trained, feeds: Record<string, Value>): Promise<number[]> {
  const folds = run.directory.endsWith("/1") ? [join(run.directory, "..", "0")] : [];
  const runs = [run, ...folds.map((directory) => ({ ...run, directory }))];
  const all = await Promise.all(runs.map((one) => saidBy(one, feeds)));
  return all[0].scores.map((_, at) =>
    all.reduce((sum, { scores }) => sum + scores[at], 0) / all.length
  );
}

Deno.test({
  name: "onnxruntime-web says of exported files what the checkpoints say",
  ignore: chromium === undefined,
  async fn(t) {
    await inFolder(async (site) => {
      await copyRuntime(join(site, "runtime"), "features");
      await Deno.writeTextFile(join(site, "index.html"), "<!doctype html><title>models</title>");
      await Deno.writeTextFile(join(site, "favicon.ico"), "");
      await using served = await serveFolder(site, { port: 0 });
      await using browser = await TestBrowser.start();
      const { page, complaints } = await browser.open(served.url);
      for (const [name, make] of Object.entries(MODELS)) {
        await t.step(name, async () => {
          await inFolder(async (folder) => {
            const run = await make(folder);
            const feeds = feedsFor(run, run.bags ? [3, 1, 40] : [7]);
            const plain = Object.entries(feeds).map(([key, { dtype, shape, data }]) =>
              [key, [dtype, shape, Array.from(data as Float32Array, String)]] as const
            );
            const given = JSON.stringify(Object.fromEntries(plain));
            const expected = await expectedOf(run, feeds);
            const exp_dir = name === "folds" ? join(run.directory, "..") : run.directory;
            for (const precision of [32, 16] as const) {
              const file = `${name}_${precision}.onnx`;
              await exportModel({ exp_dir, output: join(site, file), precision });
              const found = await page.evaluate(`(${RUN})("${file}", ${given})`) as number[];
              const distance = farthest(found, expected);
              assert(distance < (precision === 32 ? 1e-4 : 5e-3), `${file}: ${distance}`);
            }
          });
        });
      }
      assertEquals(complaints, []);
    });
  },
});
