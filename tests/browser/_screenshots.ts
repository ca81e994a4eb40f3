/**
 * Takes the screenshots of pages that docs/ship.md shows: of a model of the digits, and of a model of
 * slides on a made-up slide.
 *
 * Run with `npx -y deno@2.9.6 task screenshots`; with a folder behind it, every page comes in every
 * width and colour scheme, to be looked at.
 */
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import sharp from "sharp";
import { FeatureWriter } from "../../engine/features/feature_writer.ts";
import { Random } from "../../engine/random.ts";
import { exportModel } from "../../jobs/export/export.ts";
import { serveFolder } from "../../jobs/serve/serve_folder.ts";
import { BAG_DIM, bagFlags, writeBagSplits } from "../_bags.ts";
import { chromium, TestBrowser } from "../_chromium.ts";
import { inFolder, runTrain } from "../_training.ts";
import { choose, ready, sizeTiles, TILE } from "./_pages.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const WIDTHS = { desktop: 1280, phone: 390 } as const;
/** Most pixels from top to bottom. */
const HEIGHTS = { desktop: 1100, phone: 1200 } as const;
const SCHEMES = ["light", "dark"] as const;
/** The looks that the documentation shows. */
const KEPT = {
  digits: { desktop: "light", phone: "dark" },
  slides: { desktop: "dark", phone: "light" },
} as const;
/** Tiles of the slide along its width and its height. */
const [ACROSS, DOWN] = [96, 72];

/** A page, and what is done on it before it is looked at. */
interface Shown {
  readonly site: string;
  readonly act: (page: Page) => Promise<void>;
}

async function digits(folder: string): Promise<Shown> {
  const site = join(folder, "digits_page");
  const file = (split: string) => join(ROOT, "digits", `digits_${split}.h5`);
  const files = { folder, train: file("train"), val: file("val"), test: file("test") };
  const { directory } = await runTrain(files, {
    "data.num_classes": "10",
    "model.encoder.feature_dim": "64",
    "optimizer.warmup_epochs": "0",
    "training.epochs": "20",
    "logger.group": "digits",
  });
  await exportModel({ exp_dir: directory, browser: site });
  const act = async (page: Page) => {
    await choose(page, "#content", files.test);
    await page.waitForSelector("table");
  };
  return { site, act };
}

/** How much of a tumour is at a place, from 0 to 1. */
function tumour(x: number, y: number): number {
  const near = (atX: number, atY: number, radius: number) =>
    Math.max(0, 1 - Math.hypot(x - atX, y - atY) / radius);
  return Math.max(near(0.33, 0.45, 0.16), near(0.68, 0.62, 0.1), near(0.58, 0.3, 0.06));
}

/** Whether tissue is at a place. */
function isTissue(x: number, y: number): boolean {
  const angle = Math.atan2(y - 0.5, x - 0.5);
  const edge = 0.43 + 0.03 * Math.sin(3 * angle + 1) + 0.02 * Math.sin(7 * angle);
  const hole = Math.hypot(x - 0.5, y - 0.52) < 0.05 + 0.02 * Math.sin(4 * angle);
  return Math.hypot(x - 0.5, y - 0.5) < edge && !hole;
}

async function writeSlide(path: string): Promise<string> {
  const random = new Random(7);
  const writer = await FeatureWriter.create(path, { embedDim: BAG_DIM, coords: "int32" });
  const places = Array.from(
    { length: ACROSS * DOWN },
    (_, at) => [at % ACROSS, Math.floor(at / ACROSS)],
  )
    .filter(([column, row]) => isTissue(column / ACROSS, row / DOWN));
  const features = Float32Array.from(
    { length: places.length * BAG_DIM },
    () => random.normal() / 20,
  );
  for (const [at, [column, row]] of places.entries()) {
    const [x, y] = [column / ACROSS, row / DOWN];
    features[at * BAG_DIM] += 6 * tumour(x, y) + Math.sin(9 * x + 2) * Math.cos(7 * y + x) / 3;
  }
  const coords = Float64Array.from(places.flat(), (place) => place * TILE);
  writer.appendBag(features, 1, { coords });
  writer.close();
  await sizeTiles(path);
  return path;
}

async function slides(folder: string): Promise<Shown> {
  const site = join(folder, "slides_page");
  const { directory } = await runTrain(
    await writeBagSplits(folder),
    bagFlags({ "logger.group": "slides", "training.epochs": "10" }),
  );
  await exportModel({ exp_dir: directory, browser: site });
  const slide = await writeSlide(join(folder, "slide.h5"));
  const act = async (page: Page) => {
    await choose(page, "#content", slide);
    await page.waitForSelector(".map canvas");
  };
  return { site, act };
}

async function take(
  browser: TestBrowser,
  { site, act }: Shown,
  { width, height, scheme }: {
    readonly width: number;
    readonly height: number;
    readonly scheme: string;
  },
): Promise<Uint8Array> {
  await using served = await serveFolder(site, { port: 0 });
  const { page, complaints } = await browser.open(served.url, { width, scheme });
  if (complaints.length > 0) throw new Error(complaints.join("\n"));
  await ready(page);
  await act(page);
  // Two frames later everything is drawn.
  await page.evaluate(
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
  );
  const full = Number(await page.evaluate("document.documentElement.scrollHeight"));
  await page.setViewport({ width, height: Math.min(full, height) });
  await page.evaluate(
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))",
  );
  const bytes = await page.screenshot();
  await page.close();
  return bytes;
}

if (import.meta.main) {
  if (chromium === undefined) throw new Error("there is no Chromium");
  const [target] = Deno.args;
  const to = target ?? join(ROOT, "docs", "images");
  await Deno.mkdir(to, { recursive: true });
  await inFolder(async (folder) => {
    await using browser = await TestBrowser.start();
    for (const [name, make] of Object.entries({ digits, slides })) {
      const shown = await make(folder);
      for (const device of ["desktop", "phone"] as const) {
        for (const scheme of SCHEMES) {
          const kept = KEPT[name as keyof typeof KEPT][device] === scheme;
          if (target === undefined && !kept) continue;
          const look = { width: WIDTHS[device], height: HEIGHTS[device], scheme };
          const bytes = await take(browser, shown, look);
          const end = target === undefined ? "" : `_${scheme}`;
          await sharp(bytes).png({ palette: true, colours: 40, compressionLevel: 9, effort: 10 })
            .toFile(join(to, `page_${name}_${device}${end}.png`));
        }
      }
    }
  });
}
