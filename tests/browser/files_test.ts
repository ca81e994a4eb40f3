/** Files that are dropped on pages: read as glovita reads them, or refused in one line. */
import { assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import sharp from "sharp";
import { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import { exportModel } from "../../jobs/export/export.ts";
import { TrainedModel } from "../../jobs/predict/trained_model.ts";
import { serveFolder } from "../../jobs/serve/serve_folder.ts";
import { loadHdf5Library } from "../../engine/storage/hdf5/library.ts";
import { BAG_DIM } from "../_bags.ts";
import { chromium, TestBrowser } from "../_chromium.ts";
import { CLASSES, type Dataset, DIM, inFolder, writeHdf5 } from "../_training.ts";
import { normals, trainBags, trainFeatures, trainImages } from "../jobs/export/_models.ts";
import { choose, press, ready, rowsOf, statusOf, TILE } from "./_pages.ts";

const floats = (...shape: readonly number[]): Dataset => ({
  data: normals(shape.reduce((a, b) => a * b)),
  shape,
});

const list = (...data: readonly number[]): Dataset => ({
  data: Float64Array.from(data),
  shape: [data.length],
});

/** Places of tiles beside one another. */
const places = (count: number): Dataset => ({
  data: Float64Array.from({ length: 2 * count }, (_, at) => at % 2 === 0 ? TILE * at / 2 : 0),
  shape: [count, 2],
});

function without({ data, shape }: Dataset, at: number): Dataset {
  const numbers = Float64Array.from(Array.from(data, Number));
  numbers[at] = NaN;
  return { data: numbers, shape };
}

const TESTDATA = new URL("../testdata/h5/", import.meta.url).pathname;

/** Files of {@linkcode DIM} numbers per row: other orders of bytes, types and filters. */
const FORMATS = ["be_f32", "f16_gzip_rows", "f32_gzip_shuffle", "f64", "resizable", "u8"]
  .map((name) => `instance_${name}`);

/** Drops a file, and waits until the page is done with it. */
async function drop(page: Page, path: string): Promise<string> {
  await page.evaluate('document.getElementById("status").textContent = ""');
  await choose(page, "#content", path);
  await page.waitForSelector("body:has(#content[aria-busy=false]) #status:not(:empty)");
  return await statusOf(page);
}

type Contents = Uint8Array | string | Readonly<Record<string, Dataset>>;

/** Files by name, and what the page says of each. */
type Cases = Readonly<Record<string, readonly [contents: Contents, says: string]>>;

async function write(path: string, contents: Contents): Promise<string> {
  if (typeof contents === "string") await Deno.writeTextFile(path, contents);
  else if (contents instanceof Uint8Array) await Deno.writeFile(path, contents);
  else await writeHdf5(path, contents as Record<string, Dataset>);
  return path;
}

/** Drops one after the other; `also` happens in between. */
async function requireSaid(
  page: Page,
  folder: string,
  cases: Cases,
  also = async (said: string) => await Promise.resolve(said),
): Promise<void> {
  const said: string[] = [];
  for (const [name, [contents]] of Object.entries(cases)) {
    said.push(
      `${name}: ${await also(await drop(page, await write(join(folder, name), contents)))}`,
    );
  }
  assertEquals(said, Object.entries(cases).map(([name, [, says]]) => `${name}: ${says}`));
}

async function hdf5Bytes(folder: string, datasets: Record<string, Dataset>): Promise<Uint8Array> {
  return await Deno.readFile(await writeHdf5(join(folder, "bytes.h5"), datasets));
}

/** A file of compressed features, some bytes of which are overwritten. */
async function damagedBytes(folder: string): Promise<Uint8Array> {
  const { h5wasm } = await loadHdf5Library();
  const path = join(folder, "packed.h5");
  const file = new h5wasm.File(path, "w");
  const shape = [1000, BAG_DIM];
  file.create_dataset({
    ...{ name: "features", data: normals(1000 * BAG_DIM), shape, chunks: shape },
    ...{ compression: "gzip", compression_opts: 4 },
  });
  file.close();
  const bytes = await Deno.readFile(path);
  return bytes.fill(0x55, bytes.length - 8000, bytes.length - 4000);
}

const DAMAGED = "it is not an HDF5 file, or damaged";

const textsOf = (page: Page, selector: string) =>
  page.$$eval(selector, (all) => all.map((one) => one.textContent ?? ""));

async function bagCases(folder: string): Promise<Cases> {
  const features = floats(6, BAG_DIM);
  const whole = await hdf5Bytes(folder, { features });
  const cannot = (name: string, state: string) => `Cannot read "${name}": ${state}`;
  return {
    "cut.h5": [whole.subarray(0, whole.length / 2), cannot("cut.h5", DAMAGED)],
    "nothing.h5": [new Uint8Array(), cannot("nothing.h5", DAMAGED)],
    "text.h5": ["hello", cannot("text.h5", DAMAGED)],
    "packed.h5": [
      await damagedBytes(folder),
      cannot("packed.h5", 'dataset "features" is damaged'),
    ],
    "wide.h5": [
      { features: floats(6, BAG_DIM + 1) },
      cannot("wide.h5", 'dataset "features" is 6 x 9, the model takes rows of 8'),
    ],
    "other.h5": [
      { labels: floats(6) },
      cannot("other.h5", 'there is no dataset "features" or "feats" or "patch_embeddings"'),
    ],
    "flat.h5": [
      { features: floats(6) },
      cannot("flat.h5", 'dataset "features" is 6, the model takes rows of 8'),
    ],
    "empty.h5": [
      { features: { data: new Float32Array(0), shape: [0, BAG_DIM] } },
      cannot("empty.h5", 'dataset "features" has no rows'),
    ],
    "nan.h5": [
      { features: without(features, 2 * BAG_DIM) },
      cannot("nan.h5", 'dataset "features", row 2 holds NaN'),
    ],
    "bags.h5": [
      { features, bag_ptr: list(0, 3, 7) },
      cannot("bags.h5", "its bags do not divide the 6 rows of features"),
    ],
    "both.h5": [
      { features, bag_ptr: list(0, 3, 6), bag_lengths: list(2, 4) },
      cannot(
        "both.h5",
        'dataset "bag_ptr" and "bag_lengths" disagree: bag 0 has 3 rows by the one, 2 by the other',
      ),
    ],
    "deep.h5": [
      { features: floats(2, 3, BAG_DIM), bag_ptr: list(0, 3, 6) },
      cannot(
        "deep.h5",
        'its dataset of features holds fixed-size bags but the file also carries "bag_ptr"',
      ),
    ],
    "fewer.h5": [
      { features, coords: places(5) },
      cannot("fewer.h5", '"coords" is 5 x 2, expected 6 x 2'),
    ],
    "lost.h5": [
      { features, coords: without(places(6), 3) },
      cannot("lost.h5", '"coords", row 1 holds NaN'),
    ],
    // Slides that are predicted stay in the table where they have no map.
    "placeless.h5": [{ features }, "3 slides predicted"],
  };
}

/** What of labels does not fit a model of {@linkcode CLASSES} classes: what is said of training, and noted. */
const LABELS: Readonly<Record<string, readonly [labels: Dataset, state: string]>> = {
  "beyond.h5": [list(0, 1, 2, 3, 0, 1), "label 3 is 3, the model has classes 0 to 2"],
  "half.h5": [list(0, 1, 2, 0.5, 0, 1), "label 3 is 0.5, the model has classes 0 to 2"],
  "several.h5": [floats(6, CLASSES), "its labels are not one class per sample"],
};

async function requireFeatureCases(
  browser: TestBrowser,
  url: string,
  folder: string,
): Promise<void> {
  const { page, complaints } = await browser.open(url);
  await ready(page);
  const features = floats(6, DIM);
  const labelled = Object.entries(LABELS).map(([name, [labels]]) =>
    [name, [{ features, labels }, `${name}: 6 samples predicted`]] as const
  );
  await requireSaid(page, folder, {
    "deep.h5": [
      { features: floats(2, 3, DIM) },
      'Cannot read "deep.h5": dataset "features" is 2 x 3 x 6, the model takes single rows',
    ],
    "few.h5": [
      { features, labels: list(0, 1) },
      'Cannot read "few.h5": dataset "labels" has 2 entries for 6 samples',
    ],
    ...Object.fromEntries(labelled),
    "single.h5": [{ features: floats(1, DIM) }, "single.h5: 1 sample predicted"],
  });
  const notes = Object.entries(LABELS).map(([name, [, state]]) =>
    `Note: ${name}: its labels are left out: ${state}`
  );
  assertEquals((await textsOf(page, "section > p.error")).toReversed(), notes);
  assertEquals(complaints, []);
  await page.close();
}

/** Files of other types and layouts are read as glovita reads them. */
async function requireSameNumbers(
  browser: TestBrowser,
  url: string,
  directory: string,
): Promise<void> {
  const { page, complaints } = await browser.open(url);
  await ready(page);
  await using model = await TrainedModel.load(join(directory, "checkpoints", "best.pt"));
  for (const name of FORMATS) {
    const path = join(TESTDATA, `${name}.h5`);
    assertEquals(await drop(page, path), `${name}.h5: 40 samples predicted`);
    await press(page, "Download CSV");
    const said = rowsOf(await browser.downloaded(`${name}.csv`));
    using file = await Hdf5File.open(path);
    const dataset = await file.dataset("features");
    const features = Float32Array.from(dataset.readRows(0, dataset.rows));
    for (const [at, { scores }] of (await model.predict({ features })).entries()) {
      for (const [label, score] of scores.entries()) {
        assertAlmostEquals(Number(said[at][`prob_${label}`]), score, 1e-5, `${name}, ${at}`);
      }
    }
  }
  assertEquals(complaints, []);
  await page.close();
}

async function requireTrainCases(browser: TestBrowser, url: string, folder: string): Promise<void> {
  const { page, complaints } = await browser.open(url);
  await ready(page);
  const features = floats(6, DIM);
  const labelled = Object.entries(LABELS).map(([name, [labels, state]]) =>
    [name, [{ features, labels }, `Cannot train on "${name}": ${state}`]] as const
  );
  const train = async () => {
    await press(page, "Train");
    await page.waitForSelector("body[data-training=false] #content[aria-busy=false]");
    return await statusOf(page);
  };
  await requireSaid(page, folder, {
    "bare.h5": [{ features }, 'Cannot train on "bare.h5": there is no dataset "labels"'],
    ...Object.fromEntries(labelled),
    "single.h5": [
      { features: floats(1, DIM), labels: list(1) },
      'Cannot train on "single.h5": it has a single sample',
    ],
  }, train);
  assertEquals(complaints, []);
  await page.close();
}

Deno.test({
  name: "pages read files as glovita does, or say in one line what is wrong with them",
  ignore: chromium === undefined,
  async fn(t) {
    await inFolder(async (folder) => {
      await using browser = await TestBrowser.start();
      const serve = async ({ directory }: { readonly directory: string }) => {
        const site = join(directory, "page");
        await exportModel({ exp_dir: directory, browser: site });
        return await serveFolder(site, { port: 0 });
      };

      await t.step("slides", async () => {
        await using served = await serve(await trainBags(folder, {}));
        const { page, complaints } = await browser.open(served.url);
        await ready(page);
        await requireSaid(page, folder, await bagCases(folder));
        assertEquals(
          await textsOf(page, "#content td:first-child button[type=button]:not([aria-label])"),
          [
            ...["fewer", "lost", "placeless"],
          ],
        );
        const order = "Note: the file has no coords, tiles are shown in the order of the file.";
        assertEquals((await textsOf(page, "section p"))[0], order);
        // Places that nobody knows are made up nowhere.
        await press(page, "Download tiles as CSV");
        const [tile] = rowsOf(await browser.downloaded("placeless.csv"));
        assertEquals(Object.keys(tile), ["tile", "attention", "percentile"]);
        const [heads] = await textsOf(page, "thead");
        assertEquals(heads, "tileattentionpercentile");
        await page.focus(".map canvas");
        await page.keyboard.press("Enter");
        assertMatch((await textsOf(page, ".map ~ p"))[0], /^Tile \d: attention \S+, percentile /);
        assertEquals(complaints, []);
        await page.close();
      });

      await t.step("rows of features, and training on them", async () => {
        const run = await trainFeatures(folder);
        await using served = await serve(run);
        await requireFeatureCases(browser, served.url, folder);
        await requireSameNumbers(browser, served.url, run.directory);
        await requireTrainCases(browser, `${served.url}train.html`, folder);
      });

      await t.step("images", async () => {
        await using served = await serve(await trainImages(folder, "test_vit"));
        const { page, complaints } = await browser.open(served.url);
        await ready(page);
        const image = (channels: 3 | 4, background: string) =>
          sharp({ create: { width: 20, height: 30, channels, background } }).png().toBuffer();
        const cannot = (name: string, state = "it is not an image that this browser reads") =>
          `Cannot read "${name}": ${state}`;
        const transparent = "it has transparent pixels, which browsers do not keep as they are";
        await requireSaid(page, folder, {
          "cut.png": [(await image(3, "red")).subarray(0, 60), cannot("cut.png")],
          "text.png": ["hello", cannot("text.png")],
          "nothing.png": [new Uint8Array(), cannot("nothing.png")],
          "glass.png": [await image(4, "#f008"), cannot("glass.png", transparent)],
          "red.png": [await image(3, "red"), "1 image predicted"],
        });
        assertEquals(await textsOf(page, ".card h3"), ["red.png"]);
        assertEquals(complaints, []);
        await page.close();
      });
    });
  },
});
