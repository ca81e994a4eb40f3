/** Drives the pages that exports write in Chromium: what they say is what glovita says. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import { parse } from "csv-parse/sync";
import { exportModel } from "../../jobs/export/export.ts";
import { infer } from "../../jobs/predict/infer.ts";
import { serveFolder } from "../../jobs/serve/serve_folder.ts";
import { chromium, TestBrowser } from "../_chromium.ts";
import { inFolder, runTrain } from "../_training.ts";

if (chromium === undefined) console.warn("no Chromium, so no page is opened in a browser");

const DIGITS = new URL("../../digits/", import.meta.url).pathname;

/** The run of the digits, as the pages of docs/ train it. */
async function trainDigits(folder: string): Promise<string> {
  const file = (split: string) => join(DIGITS, `digits_${split}.h5`);
  const files = { folder, train: file("train"), val: file("val"), test: file("test") };
  const { directory } = await runTrain(files, {
    "data.num_classes": "10",
    "model.encoder.feature_dim": "64",
    "optimizer.lr": "0.01",
    "optimizer.warmup_epochs": "0",
    "training.epochs": "3",
  });
  return directory;
}

async function ready(page: Page): Promise<void> {
  await page.waitForSelector("body[data-ready]");
}

async function choose(page: Page, selector: string, ...paths: readonly string[]): Promise<void> {
  const input = await page.$(`${selector} input[type=file]`);
  await (input as unknown as { uploadFile(...paths: string[]): Promise<void> }).uploadFile(
    ...paths,
  );
}

type Row = Readonly<Record<string, string>>;

const rowsOf = (bytes: Uint8Array): Row[] => parse(bytes, { columns: true });

/** Largest difference of columns of probabilities. */
function farthest(a: readonly Row[], b: readonly Row[]): number {
  assertEquals(a.length, b.length);
  const names = Object.keys(b[0]).filter((name) => name.startsWith("prob_"));
  assert(names.length > 1);
  return Math.max(
    ...a.flatMap((row, at) =>
      names.map((name) => Math.abs(Number(row[name]) - Number(b[at][name])))
    ),
  );
}

Deno.test({
  name: "pages open in a browser, and say what glovita says",
  ignore: chromium === undefined,
  async fn(t) {
    await inFolder(async (folder) => {
      await using browser = await TestBrowser.start();
      await t.step("features: a file of float16, below a path", async () => {
        const run = await trainDigits(folder);
        const site = join(folder, "digits");
        await exportModel({ exp_dir: run, browser: site });
        await using served = await serveFolder(site, { port: 0, base: "/some/where/" });
        const { page, complaints } = await browser.open(served.url);
        await ready(page);
        await choose(page, "#content", join(DIGITS, "digits_test.h5"));
        await page.waitForSelector("table");
        await page.click("section button");
        const said = rowsOf(await browser.downloaded("digits_test.csv"));
        const output = join(folder, "infer.csv");
        await infer([{ exp_dir: run, split: "test", pred_output: output }]);
        const expected = rowsOf(await Deno.readFile(output));
        assert(farthest(said, expected) < 1e-4);
        assertEquals(said.map(({ predicted }) => predicted), expected.map((row) => row.predicted));
        assertEquals(complaints, []);
      });
    });
  },
});
