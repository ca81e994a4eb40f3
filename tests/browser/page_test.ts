/** Drives the pages that exports write in Chromium: what they say is what glovita says. */
import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import sharp from "sharp";
import { readImage } from "../../engine/images/decode.ts";
import { normalizeImage } from "../../engine/images/normalize.ts";
import { transformImage } from "../../engine/images/transform.ts";
import { Session } from "../../engine/runtime/session.ts";
import { Hdf5File } from "../../engine/storage/hdf5/hdf5.ts";
import { exportModel } from "../../jobs/export/export.ts";
import { infer } from "../../jobs/predict/infer.ts";
import { TrainedModel } from "../../jobs/predict/trained_model.ts";
import { serveFolder } from "../../jobs/serve/serve_folder.ts";
import { chromium, TestBrowser } from "../_chromium.ts";
import {
  asDropped,
  choose,
  farthest,
  press,
  ready,
  rowsOf,
  statusOf,
  trainEpoch,
  writeSlides,
} from "./_pages.ts";
import { BAG_DIM, bagFlags, writeBagSplits } from "../_bags.ts";
import { type Files, inFolder, ofType, runTrain, writeHdf5 } from "../_training.ts";
import { clamFlags, FOLDS, normals, trainImages } from "../jobs/export/_models.ts";

if (chromium === undefined) console.warn("no Chromium, so no page is opened in a browser");

const DIGITS = new URL("../../digits/", import.meta.url).pathname;

const DIGIT_FLAGS = {
  "data.num_classes": "10",
  "model.encoder.feature_dim": "64",
  "optimizer.lr": "0.01",
  "optimizer.warmup_epochs": "0",
  "training.epochs": "3",
};

function digitFiles(folder: string): Files {
  const [train, val, test] = ["train", "val", "test"].map((split) =>
    join(DIGITS, `digits_${split}.h5`)
  );
  return { folder, train, val, test };
}

/** Share of the validation digits that a model's file is right about. */
async function accuracyOf(model: string): Promise<number> {
  using file = await Hdf5File.open(join(DIGITS, "digits_val.h5"));
  const [features, labels] = [await file.dataset("features"), await file.dataset("labels")];
  const data = Float32Array.from(features.readRows(0, features.rows));
  const session = await Session.open(model);
  const { scores } = await session.run({
    features: { dtype: "float32", shape: [features.rows, 64], data },
  });
  await session.release();
  const right = Array.from(labels.readNumbers()).filter((label, at) => {
    const row = Array.from(scores.data.subarray(at * 10, (at + 1) * 10), Number);
    return row.indexOf(Math.max(...row)) === label;
  });
  return right.length / features.rows;
}

interface Tile {
  readonly type: string;
  readonly geometry: unknown;
  readonly properties: {
    readonly objectType: string;
    readonly measurements: Readonly<Record<string, number>>;
  };
}

const tilesOf = (bytes: Uint8Array): Tile[] => JSON.parse(new TextDecoder().decode(bytes)).features;

/** Flags of training at one rate, as pages train. */
const CONSTANT_RATE = { "optimizer.warmup_epochs": "0", "optimizer.scheduler": "none" };

/** Requires tiles at the same places, with the same measurements to 1e-4. */
function requireSameTiles(found: readonly Tile[], expected: readonly Tile[]): void {
  const shapes = (tiles: readonly Tile[]) =>
    tiles.map(({ type, geometry, properties: { objectType, measurements } }) =>
      [type, geometry, objectType, Object.keys(measurements)] as const
    );
  assertEquals(shapes(found), shapes(expected));
  for (const [at, { properties: { measurements } }] of expected.entries()) {
    for (const [name, value] of Object.entries(measurements)) {
      const distance = Math.abs(found[at].properties.measurements[name] - value);
      assert(distance < 1e-4, `tile ${at}: ${name} differs by ${distance}`);
    }
  }
}

/** Shows one slide after the other; its GeoJSON is what infer has written. */
async function requireMaps(
  { page, browser }: { readonly page: Page; readonly browser: TestBrowser },
  slides: readonly string[],
  folder: string,
): Promise<void> {
  for (const slide of slides) {
    await page.evaluate('document.querySelector("h2").dataset.before = "true"');
    // Tiles have buttons with numbers, too, which are labelled.
    await page.click(`::-p-xpath(//button[normalize-space()="${slide}" and not(@aria-label)])`);
    await page.waitForFunction(
      `document.querySelector("h2:not([data-before])")?.textContent.startsWith("${slide}:")`,
    );
    const [, ...heads] = await page.$$eval(
      "::-p-xpath(//h2[. = 'Tiles that count most']/following-sibling::div[1]//th)",
      (cells) => cells.map(({ textContent }) => textContent),
    );
    assertEquals(heads, ["x", "y", "attention", "percentile", "score 0", "score 1"]);
    await press(page, "Download GeoJSON");
    const tiles = tilesOf(await browser.downloaded(`${slide}.geojson`));
    assertEquals(Object.keys(tiles[0].properties.measurements), [
      ...["attention", "percentile", "score 0", "score 1"],
    ]);
    requireSameTiles(tiles, tilesOf(await Deno.readFile(join(folder, `${slide}.geojson`))));
  }
}

/** Trains an epoch in a page. */
async function trainOnce(browser: TestBrowser, url: string, { train, val }: Files) {
  const { page, complaints } = await browser.open(url);
  await trainEpoch(page, { train, val });
  const [, loss] = /^Epoch 1 of 1: loss ([\d.]+)/.exec(await statusOf(page)) ?? [];
  await page.close();
  return { loss: Number(loss), errors: complaints };
}

/** A JPEG that is longer than high, and that EXIF wants turned. */
async function writePhoto(path: string): Promise<void> {
  const [width, height] = [91, 62];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
    return Math.round(127 + 60 * Math.sin(x / 7 + at % 3) + 60 * Math.cos(y / 5));
  });
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  await image.withMetadata({ orientation: 6 }).jpeg({ quality: 90 }).toFile(path);
}

Deno.test({
  name: "pages open in a browser, and say what glovita says",
  ignore: chromium === undefined,
  async fn(t) {
    await inFolder(async (folder) => {
      await using browser = await TestBrowser.start();
      const { directory: digits } = await runTrain(digitFiles(folder), DIGIT_FLAGS);
      const site = join(folder, "digits");
      await exportModel({ exp_dir: digits, browser: site });
      await using served = await serveFolder(site, { port: 0, base: "/some/where/" });

      await t.step("features: a file of float16, below a path", async () => {
        const { page, complaints } = await browser.open(served.url);
        await ready(page);
        await choose(page, "#content", join(DIGITS, "digits_test.h5"));
        await page.waitForSelector("table");
        await press(page, "Download CSV");
        const said = rowsOf(await browser.downloaded("digits_test.csv"));
        const output = join(folder, "infer.csv");
        await infer([{ exp_dir: digits, split: "test", pred_output: output }]);
        const expected = rowsOf(await Deno.readFile(output));
        assert(farthest(said, expected) < 1e-4);
        assertEquals(said.map(({ predicted }) => predicted), expected.map((row) => row.predicted));
        await choose(page, "#content", join(folder, "infer.csv"));
        await page.waitForSelector("#status.error");
        const state = "it is not an HDF5 file, or damaged";
        assertEquals(await statusOf(page), `Cannot read "infer.csv": ${state}`);
        assertEquals(complaints, []);
        await page.close();
      });

      await t.step("training: the digits, new weights, to 0.95", async () => {
        const { page, complaints } = await browser.open(`${served.url}train.html`);
        await ready(page);
        await choose(page, "#content > div:nth-child(1)", join(DIGITS, "digits_train.h5"));
        await choose(page, "#content > div:nth-child(2)", join(DIGITS, "digits_val.h5"));
        await page.waitForSelector("section ~ section");
        await page.evaluate('document.querySelector("input[type=number]").value = 20');
        await press(page, "Train");
        await page.waitForSelector("body[data-training=false]");
        const status = await statusOf(page);
        const [, accuracy] = /^Epoch 20 of 20: .* accuracy (.*)$/.exec(status) ?? [];
        assert(Number(accuracy) >= 0.95, status);
        await press(page, "Download the model");
        const model = join(folder, "trained.onnx");
        await Deno.writeFile(model, await browser.downloaded("model.onnx"));
        await press(page, "Download the checkpoint");
        const weights = join(folder, "trained.safetensors");
        await Deno.writeFile(weights, await browser.downloaded("checkpoint.safetensors"));
        assertEquals(complaints, []);
        await page.close();
        assertAlmostEquals(await accuracyOf(model), Number(accuracy), 1e-4);
        // What glovita begins with is what the page has ended with.
        const { events } = await runTrain(digitFiles(folder), {
          ...DIGIT_FLAGS,
          "training.init_checkpoint": weights,
          "training.epochs": "1",
          "optimizer.lr": "1e-12",
        });
        const epoch = events.find((event) => event.type === "epoch")!;
        assertAlmostEquals(epoch.val.val_Accuracy, Number(accuracy), 1e-4);
      });

      await t.step("bags: slides with coords, float16", async () => {
        const files = {
          ...await writeBagSplits(folder),
          test: await writeSlides(join(folder, "slides.h5")),
        };
        const flags = { ...CONSTANT_RATE, "model.head.instance_eval": "true" };
        const { directory, events } = await runTrain(files, bagFlags(flags));
        const site = join(folder, "bags");
        await exportModel({ exp_dir: directory, browser: site });
        await using served = await serveFolder(site, { port: 0 });
        const { page, complaints } = await browser.open(served.url);
        await ready(page);
        await choose(page, "#content", files.test);
        await page.waitForSelector(".map canvas");
        await press(page, "Download CSV");
        const said = rowsOf(await browser.downloaded("slides.csv"));
        const output = join(folder, "infer.csv");
        const attention = join(folder, "attention");
        await infer([{
          ...{ exp_dir: directory, split: "test", pred_output: output },
          attention_output: attention,
        }]);
        assert(farthest(said, rowsOf(await Deno.readFile(output))) < 1e-4);
        await requireMaps({ page, browser }, ["0", "3"], attention);
        await page.focus(".map canvas");
        await page.keyboard.press("+");
        const facts = await page.$eval(".map ~ p", (line) => line.textContent);
        assertMatch(facts ?? "", /^Tile \d+ at x \d+, y \d+: attention [\d.]+, percentile [\d.]+$/);
        assertEquals(complaints, []);
        await page.close();
        const { loss, errors } = await trainOnce(browser, `${served.url}train.html`, files);
        const [first] = ofType(events, "epoch");
        assertAlmostEquals(loss, first.train.train_loss, 1e-3);
        assertEquals(errors, []);
      });

      await t.step("bags: the folds of a group, a branch per class", async () => {
        const files = {
          ...await writeBagSplits(folder),
          test: await writeSlides(join(folder, "slides.h5")),
        };
        const flags = { ...clamFlags("mb"), ...FOLDS };
        const exp_dir = join((await runTrain(files, bagFlags(flags))).directory, "..");
        const site = join(folder, "folds");
        await exportModel({ exp_dir, browser: site });
        await using served = await serveFolder(site, { port: 0 });
        const { page, complaints } = await browser.open(served.url);
        await ready(page);
        await choose(page, "#content", files.test);
        await page.waitForSelector(".map canvas");
        const attention_output = join(folder, "attention_of_folds");
        await infer([{ exp_dir, split: "test", attention_output }]);
        await requireMaps({ page, browser }, ["0", "1", "2", "3"], attention_output);
        assertEquals(complaints, []);
        await page.close();
      });

      await t.step("a slide of a file of its own, whose tiles have no size", async () => {
        const slide = await writeHdf5(join(folder, "single.h5"), {
          features: { data: normals(5 * BAG_DIM), shape: [1, 5, BAG_DIM] },
          coords: { data: Int32Array.of(0, 0, 512, 0, 1024, 0, 0, 512, 512, 512), shape: [5, 2] },
        });
        await using served = await serveFolder(join(folder, "bags"), { port: 0 });
        const { page, complaints } = await browser.open(served.url, { width: 360 });
        await ready(page);
        await choose(page, "#content", slide);
        await page.waitForSelector(".map canvas");
        assertEquals(await page.$eval("h2", (head) => head.textContent?.split(":")[0]), "single");
        assertEquals(
          await page.evaluate('document.querySelector("input[type=number]").value'),
          "512",
        );
        await press(page, "Download GeoJSON");
        const [tile] = tilesOf(await browser.downloaded("single.geojson"));
        assertEquals(tile.geometry, {
          type: "Polygon",
          coordinates: [[[0, 0], [512, 0], [512, 512], [0, 512], [0, 0]]],
        });
        const over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assertEquals([await page.evaluate(over), complaints], [0, []]);
        await page.close();
      });

      await t.step("images: as training prepares them", async () => {
        const { directory } = await trainImages(folder, "test_vit");
        const site = join(folder, "images_page");
        await exportModel({ exp_dir: directory, browser: site });
        await using served = await serveFolder(site, { port: 0 });
        const { page, complaints } = await browser.open(served.url);
        await ready(page);
        const images = ["bright", "dark"].map((name) =>
          join(folder, "images", "test", name, "0.png")
        );
        for (const image of images) await choose(page, "#content", image);
        await page.waitForSelector(".card ~ .card");
        await press(page, "Download CSV");
        const said = rowsOf(await browser.downloaded("images.csv"));
        const output = join(folder, "infer.csv");
        await infer([{ exp_dir: directory, split: "test", pred_output: output }]);
        const all = rowsOf(await Deno.readFile(output));
        const expected = images.map((path) => asDropped(all.find(({ id }) => path.endsWith(id))!));
        assert(farthest(said, expected) < 1e-4);

        const photo = join(folder, "photo.jpg");
        await writePhoto(photo);
        await choose(page, "#content", photo);
        await page.waitForSelector(".card ~ .card ~ .card");
        await press(page, "Download CSV");
        const [, , { prob_bright }] = rowsOf(await browser.downloaded("images.csv"));
        const { transform } = JSON.parse(await Deno.readTextFile(join(site, "about.json")));
        const made = transformImage(await readImage(photo, 3), transform);
        const sample = new Float32Array(made.data.length);
        normalizeImage(made, transform, sample);
        await using model = await TrainedModel.load(join(directory, "checkpoints", "best.pt"));
        const [{ scores }] = await model.predict({ features: sample });
        assertAlmostEquals(Number(prob_bright), scores[0], 1e-4);
        assertEquals(complaints, []);
        await page.close();
      });
    });
  },
});
