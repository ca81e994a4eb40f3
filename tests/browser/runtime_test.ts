/** Exported files of every kind in a browser's onnxruntime: its outputs are the checkpoints'. */
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import type { Value } from "../../engine/runtime/session.ts";
import { exportModel } from "../../jobs/export/export.ts";
import { copyRuntime } from "../../jobs/export/page/files.ts";
import { serveFolder } from "../../jobs/serve/serve_folder.ts";
import { chromium, TestBrowser } from "../_chromium.ts";
import { inFolder } from "../_training.ts";
import { casesFor, exportedFrom, MODELS, requireSame } from "../jobs/export/_models.ts";

/** Runs a model within a page; int64 numbers cross as text. */
const RUN = `async (name, feeds) => {
  const ort = await import("/runtime/ort.wasm.bundle.min.mjs");
  ort.env.wasm.wasmPaths = { wasm: "/runtime/ort-wasm-simd-threaded.wasm" };
  const session = await ort.InferenceSession.create("/" + name, { executionProviders: ["wasm"] });
  const tensor = ([type, dims, data]) =>
    new ort.Tensor(type, type === "int64" ? BigInt64Array.from(data, BigInt) : Float32Array.from(data), dims);
  const given = Object.entries(feeds).map(([name, feed]) => [name, tensor(feed)]);
  const outputs = await session.run(Object.fromEntries(given));
  await session.release();
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, Array.from(data)]));
}`;

function plainOf(feeds: Readonly<Record<string, Value>>): string {
  const plain = Object.entries(feeds).map(([key, { dtype, shape, data }]) =>
    [key, [dtype, shape, Array.from(data as Float32Array, String)]] as const
  );
  return JSON.stringify(Object.fromEntries(plain));
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
            const exp_dir = exportedFrom(run);
            const cases = await casesFor(run);
            for (const precision of [32, 16] as const) {
              const file = `${encodeURIComponent(name)}_${precision}.onnx`;
              const output = join(site, decodeURIComponent(file));
              await exportModel({ exp_dir, output, precision }, { registry: run.registry });
              for (const { sizes, feeds, expected } of cases) {
                const given = `("${file}", ${plainOf(feeds)})`;
                const found = await page.evaluate(`(${RUN})${given}`) as Record<string, number[]>;
                const tolerance = precision === 32 ? 1e-4 : 5e-3;
                requireSame(found, expected, { tolerance, of: `${file}, ${sizes}` });
              }
            }
          });
        });
      }
      assertEquals(complaints, []);
    });
  },
});
