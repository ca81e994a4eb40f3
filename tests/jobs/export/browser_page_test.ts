/** The folder of a page: everything that it needs, nothing from elsewhere. */
import { ONNXRUNTIME_WEB } from "../../../jobs/export/page/files.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { exportModel } from "../../../jobs/export/export.ts";
import type { PageAbout } from "../../../jobs/export/page/about.ts";
import bundle from "../../../jobs/export/page/bundle.json" with { type: "json" };
import { ConfigError } from "../../../registry/errors.ts";
import { inFolder, namesIn } from "../../_training.ts";
import { trainFeatures, trainImages } from "./_models.ts";

const aboutOf = async (site: string): Promise<PageAbout> =>
  JSON.parse(await Deno.readTextFile(join(site, "about.json")));

Deno.test("exportModel() writes a page with everything that it needs", async () => {
  await inFolder(async (folder) => {
    const { directory } = await trainFeatures(folder);
    const site = join(folder, "site");
    const { page, file } = await exportModel({ exp_dir: directory, browser: site });
    assertEquals([page, file], [join(site, "index.html"), join(site, "model.onnx")]);
    assertEquals(await namesIn(site), [
      ...["about.json", "index.html", "model.onnx", "page.js", "runtime", "train", "train.html"],
    ]);
    assertEquals(await namesIn(join(site, "runtime")), [
      ...["LICENSE.h5wasm.txt", "LICENSE.onnxruntime.txt"],
      ...["file_handlers.js", "hdf5_hl.js", "hdf5_util.js"],
      ...["ort-wasm-simd-threaded.wasm", "ort.wasm.bundle.min.mjs"],
    ]);
    for (const name of ["index.html", "train.html"]) {
      const text = await Deno.readTextFile(join(site, name));
      assertEquals(text.match(/https?:|(src|href)="\//g), null, name);
    }
    const { input, numClasses, sampleShape, train } = await aboutOf(site);
    assertEquals([input, numClasses, sampleShape], ["features", 3, [6]]);
    assertEquals([train!.optimizer, train!.lr, train!.batchSize], ["AdamW", 0.01, 16]);
    // What the page trains has not run here.
    const checked = async (name: string) =>
      new TextDecoder().decode(await Deno.readFile(join(site, name))).includes("onnxruntime-node");
    assertEquals([await checked("model.onnx"), await checked("train/model.onnx")], [true, false]);
  });
});

Deno.test("exportModel() writes a page of images with their transform, which does not train", async () => {
  await inFolder(async (folder) => {
    const { directory } = await trainImages(folder, "test_vit");
    const site = join(folder, "site");
    await exportModel({ exp_dir: directory, browser: site });
    const { input, transform, train, webgpu } = await aboutOf(site);
    assertEquals([input, transform?.size, train, webgpu], ["images", [32, 32], undefined, true]);
    assert((await namesIn(join(site, "runtime"))).includes("ort.webgpu.bundle.min.mjs"));
    assert(!(await namesIn(site)).includes("train.html"));
  });
});

Deno.test("exportModel() takes neither another file nor preprocessing beside a page", async () => {
  const config = { exp_dir: "run", browser: "site", output: "a.onnx", with_preprocessing: true };
  const { issues } = await assertRejects(() => exportModel(config), ConfigError);
  assertEquals(issues.map(({ path }) => path), ["output", "with_preprocessing"]);
});

Deno.test("the page's code is current: deno task page writes it", async () => {
  const root = new URL("../../../", import.meta.url);
  const outdated: string[] = [];
  for (const [name, hash] of Object.entries(bundle.modules)) {
    const bytes = await Deno.readFile(new URL(name, root)).catch(() => new Uint8Array());
    const now = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
    if (now !== hash) outdated.push(name);
  }
  assert("browser/page.ts" in bundle.modules && "engine/images/resample.ts" in bundle.modules);
  assertEquals(outdated, []);
});

Deno.test("pages run on the onnxruntime-web that deno.json names", async () => {
  const file = await Deno.readTextFile(new URL("../../../deno.json", import.meta.url));
  assertEquals(JSON.parse(file).imports["onnxruntime-web"], ONNXRUNTIME_WEB);
});
