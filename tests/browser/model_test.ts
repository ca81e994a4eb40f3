/** What pages compute on: WebGPU where it is right, else the processor; in software, so that any machine has it. */
import {
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { basename, join } from "node:path";
import { exportModel } from "../../jobs/export/export.ts";
import { infer } from "../../jobs/predict/infer.ts";
import { serveFolder } from "../../jobs/serve/serve_folder.ts";
import { bagFlags, writeBagSplits } from "../_bags.ts";
import { chromium, TestBrowser } from "../_chromium.ts";
import { inFolder, runTrain } from "../_training.ts";
import { trainImages } from "../jobs/export/_models.ts";
import {
  asDropped,
  choose,
  deviceOf,
  farthest,
  press,
  ready,
  type Row,
  rowsOf,
  writeSlides,
} from "./_pages.ts";

const WEBGPU = "Computed by the graphics processor (WebGPU).";

/** What keeps WebGPU from running here; nothing where it runs. */
async function webGpuProblem(): Promise<string | undefined> {
  if (chromium === undefined) return "no Chromium";
  await using browser = await TestBrowser.start({ webgpu: true });
  return await inFolder(async (folder) => {
    await Deno.writeTextFile(
      join(folder, "index.html"),
      '<!doctype html><link rel=icon href="data:,">',
    );
    await using served = await serveFolder(folder, { port: 0 });
    const { page } = await browser.open(served.url);
    const adapter = "navigator.gpu?.requestAdapter().then((found) => found !== null)";
    return await page.evaluate(adapter)
      ? undefined
      : "Chromium has no adapter for WebGPU in software";
  });
}

const missing = await webGpuProblem();

/** The page of a model, files to drop on it, and what infer says of them. */
interface Site {
  readonly folder: string;
  readonly files: readonly string[];
  readonly expected: readonly Row[];
}

async function imageSite(folder: string): Promise<Site> {
  const { directory } = await trainImages(folder, "test_vit");
  const browser = join(folder, "images_page");
  await exportModel({ exp_dir: directory, browser });
  const all = await inferred(folder, directory);
  const files = ["bright", "dark"].map((name) => join(folder, "images", "test", name, "1.png"));
  const expected = files.map((path) => asDropped(all.find(({ id }) => path.endsWith(id))!));
  return { folder: browser, files, expected };
}

async function bagSite(folder: string): Promise<Site> {
  const test = await writeSlides(join(folder, "slides.h5"));
  const { directory } = await runTrain({ ...await writeBagSplits(folder), test }, bagFlags());
  const browser = join(folder, "bags_page");
  await exportModel({ exp_dir: directory, browser });
  return { folder: browser, files: [test], expected: await inferred(folder, directory) };
}

async function inferred(folder: string, exp_dir: string): Promise<Row[]> {
  const pred_output = join(folder, "infer.csv");
  await infer([{ exp_dir, split: "test", pred_output }]);
  return rowsOf(await Deno.readFile(pred_output));
}

interface Outcome {
  readonly device: string;
  /** Largest difference from infer. */
  readonly difference: number;
  readonly complaints: readonly string[];
}

/** Drops the files of a site on its page. */
async function predict(
  browser: TestBrowser,
  url: string,
  { files, expected }: Site,
): Promise<Outcome> {
  const { page, complaints } = await browser.open(url);
  await ready(page);
  await page.evaluate('new BroadcastChannel("test").postMessage("go on")');
  for (const file of files) await choose(page, "#content", file);
  await page.waitForFunction(
    `document.querySelectorAll(".card").length === ${files.length}` +
      ' || document.querySelector(".map canvas, #status.error")',
  );
  const name = basename(files[0]) === "slides.h5" ? "slides.csv" : "images.csv";
  await press(page, "Download CSV");
  const difference = farthest(rowsOf(await browser.downloaded(name)), expected);
  const device = await deviceOf(page);
  await page.close();
  return { device, difference, complaints };
}

/** Puts a script in front of a page's own, on the page and in its worker; it ends with the test. */
async function inject(site: string, script: string): Promise<AsyncDisposable> {
  const file = join(site, "page.js");
  const code = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, `${script}\n${code}`);
  return { [Symbol.asyncDispose]: () => Deno.writeTextFile(file, code) };
}

/** An adapter that gives no device. */
const NO_DEVICE = `Object.defineProperty(navigator, "gpu", { value: {
  getPreferredCanvasFormat: () => "rgba8unorm",
  requestAdapter: () => Promise.resolve({
    features: new Set(), limits: {}, info: {},
    requestDevice: () => Promise.reject(new Error("the device is lost")),
  }),
} });`;

/** Serves as any server does: without headers that isolate the page. */
function servePlainly(site: string): AsyncDisposable & { readonly url: string } {
  const types = {
    ...{ html: "text/html", js: "text/javascript", mjs: "text/javascript" },
    wasm: "application/wasm",
  };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async ({ url }) => {
    const { pathname } = new URL(url);
    const name = pathname === "/" ? "/index.html" : pathname;
    const type = Object.entries(types).find(([end]) => name.endsWith(`.${end}`))?.[1];
    const headers = { "content-type": type ?? "application/octet-stream" };
    return new Response(await Deno.readFile(site + name), { headers });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** How a real adapter fails, and what the page says then. */
const FAILURES = {
  "a kernel that does not compile": {
    script: `for (const name of ["createComputePipeline", "createComputePipelineAsync"]) {
      if (globalThis.GPUDevice) GPUDevice.prototype[name] = () => { throw new Error("no kernel"); };
    }`,
    says: "no kernel",
  },
  "wrong results": {
    script: `if (globalThis.GPUComputePassEncoder) {
      GPUComputePassEncoder.prototype.dispatchWorkgroups = () => {};
    }`,
    says: `its "scores" differs from the processor's by 0.`,
  },
  "a failure later on": {
    script: `new BroadcastChannel("test").addEventListener("message", () => {
      if (globalThis.GPUQueue) GPUQueue.prototype.submit = () => { throw new Error("it is gone"); };
    });`,
    says: "it is gone",
  },
};

/** Steps in a browser with WebGPU. */
async function onWebGpu(t: Deno.TestContext, site: Site, folder: string): Promise<void> {
  await using browser = await TestBrowser.start({ webgpu: true });
  const rightOn = async (one: Site) => {
    await using served = await serveFolder(one.folder, { port: 0 });
    const { device, difference, complaints } = await predict(browser, served.url, one);
    assertEquals([device, complaints], [WEBGPU, []]);
    // Measured: 3e-7.
    assertLess(difference, 1e-4);
  };
  await t.step("images on WebGPU", () => rightOn(site));
  await t.step("bags on WebGPU; training on the processor", async () => {
    const bags = await bagSite(folder);
    await rightOn(bags);
    await using served = await serveFolder(bags.folder, { port: 0 });
    const { page, complaints } = await browser.open(`${served.url}train.html`);
    await ready(page);
    assertMatch(await deviceOf(page), /^Computed by the processor \(WebAssembly\), /);
    assertEquals(complaints, []);
    await page.close();
  });
  for (const [name, { script, says }] of Object.entries(FAILURES)) {
    await t.step(`a graphics processor is left for ${name}`, async () => {
      await using served = await serveFolder(site.folder, { port: 0 });
      await using _ = await inject(site.folder, script);
      const { device, difference, complaints } = await predict(browser, served.url, site);
      assertStringIncludes(device, "Computed by the processor (WebAssembly), ");
      assertStringIncludes(device, ` Note: WebGPU was tried and left: ${says}`);
      assertEquals(complaints, []);
      assertLess(difference, 1e-4);
    });
  }
}

/** Steps in a browser without WebGPU. */
async function onProcessor(t: Deno.TestContext, site: Site): Promise<void> {
  await using browser = await TestBrowser.start();
  await using served = await serveFolder(site.folder, { port: 0 });

  await t.step("an adapter without a device is left", async () => {
    await using _ = await inject(site.folder, NO_DEVICE);
    const { device, difference, complaints } = await predict(browser, served.url, site);
    assertMatch(device, /^Computed by the processor .* WebGPU was tried and left: /);
    assertEquals(complaints, []);
    assertLess(difference, 1e-4);
  });

  await t.step("WebGPU that was asked for by name is an error", async () => {
    const { page } = await browser.open(`${served.url}?device=webgpu`);
    const error = await assertRejects(() => ready(page), Error);
    assertEquals(error.message, "Cannot use WebGPU: this browser has no adapter");
    await page.close();
  });

  await t.step("threads where the server isolates the page, else one", async () => {
    await using plain = servePlainly(site.folder);
    const said: [unknown, string][] = [];
    for (const { url } of [served, plain]) {
      const { page, complaints } = await browser.open(url);
      await ready(page);
      said.push([await page.evaluate("crossOriginIsolated"), await deviceOf(page)]);
      assertEquals(complaints, []);
      await page.close();
    }
    const processor = "Computed by the processor (WebAssembly), ";
    const count = Math.min(8, navigator.hardwareConcurrency);
    assertEquals(said, [
      [true, `${processor}${count === 1 ? "one thread" : `${count} threads`}.`],
      [false, `${processor}one thread: the server sends no headers for more.`],
    ]);
    const { difference } = await predict(browser, plain.url, site);
    assertLess(difference, 1e-4);
  });
}

Deno.test({
  name: "pages compute on WebGPU where it is right, else on the processor",
  ignore: chromium === undefined,
  async fn(t) {
    await inFolder(async (folder) => {
      const site = await imageSite(folder);
      await t.step({
        name: `with WebGPU${missing === undefined ? "" : ` (left out: ${missing})`}`,
        ignore: missing !== undefined,
        fn: (t) => onWebGpu(t, site, folder),
      });
      await t.step("without WebGPU", (t) => onProcessor(t, site));
    });
  },
});
