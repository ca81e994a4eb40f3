/** How pages look and are used: names, contrast, sizes, the keyboard, and the map of a slide. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { basename, extname, join } from "node:path";
import type { Page } from "puppeteer-core";
import { exportModel } from "../../jobs/export/export.ts";
import { serveFolder } from "../../jobs/serve/serve_folder.ts";
import { BAG_DIM, bagFlags, writeBagSplits } from "../_bags.ts";
import { chromium, TestBrowser } from "../_chromium.ts";
import { type Dataset, inFolder, runTrain, writeHdf5 } from "../_training.ts";
import { normals } from "../jobs/export/_models.ts";
import { choose, press, ready, sizeTiles, TILE } from "./_pages.ts";

/** Least contrast of text, and of the borders of what is used (WCAG 2.2, AA). */
const [TEXT, BORDER] = [4.5, 3];
/** Least side of what is tapped, in pixels. */
const TARGET = 24;

/**
 * Looks at everything that a page shows, and lists what is wrong: text that stands out too little,
 * controls without a name or too small to tap, ids that are there twice, a page wider than the screen.
 */
const AUDIT = `(() => {
  const wrong = [];
  const channels = (color) => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const backgroundOf = (element) => {
    if (element === null) return [255, 255, 255, 1];
    const own = channels(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, backgroundOf(element.parentElement));
  };
  const light = ([r, g, b]) => [r, g, b].map((value) => value / 255)
    .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const contrast = (a, b) => {
    const [most, least] = [light(a), light(b)].sort((x, y) => y - x);
    return (most + 0.05) / (least + 0.05);
  };
  const nameOf = (element) => element.tagName + " " + (element.textContent || element.id || element.className).slice(0, 30);
  const all = [...document.querySelectorAll("body *")].filter((element) =>
    element.checkVisibility() && !element.matches(":disabled, :disabled *"));
  let texts = 0;
  for (const element of all) {
    const style = getComputedStyle(element);
    const own = [...element.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim() !== "");
    if (own) {
      texts++;
      const color = element instanceof SVGElement ? style.fill : style.color;
      const background = backgroundOf(element);
      const found = contrast(over(channels(color), background), background);
      if (found < ${TEXT}) wrong.push("contrast " + found.toFixed(2) + ": " + nameOf(element));
    }
    if (!element.matches("a, button, input, select, canvas[tabindex]")) continue;
    const name = element.getAttribute("aria-label") ?? ([...element.labels ?? []].map((label) => label.textContent).join("") || element.textContent);
    if (name.trim() === "") wrong.push("no name: " + element.outerHTML.slice(0, 80));
    const { width, height } = element.getBoundingClientRect();
    // Links within a text are as high as its lines.
    if (!element.matches("a") && Math.min(width, height) < ${TARGET}) wrong.push("size " + width + " x " + height + ": " + nameOf(element));
    if (element.matches("button, input, select") && style.borderStyle !== "none" && parseFloat(style.borderWidth) > 0) {
      const found = contrast(channels(style.borderColor), backgroundOf(element.parentElement));
      if (found < ${BORDER}) wrong.push("border " + found.toFixed(2) + ": " + nameOf(element));
    }
  }
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  if (new Set(ids).size < ids.length) wrong.push("ids: " + ids);
  const { scrollWidth, clientWidth, lang } = document.documentElement;
  if (scrollWidth > clientWidth) wrong.push("wider than the screen by " + (scrollWidth - clientWidth));
  if (lang !== "en" || document.title.trim() === "") wrong.push("language or title");
  for (const image of document.images) if (!image.hasAttribute("alt")) wrong.push("alt: " + image.src);
  return { texts, wrong };
})()`;

interface Audited {
  readonly texts: number;
  readonly wrong: readonly string[];
}

async function requireFine(page: Page, where: string): Promise<void> {
  const { texts, wrong } = await page.evaluate(AUDIT) as Audited;
  assert(texts > 8, where);
  assertEquals(wrong, [], where);
}

/** Where the keyboard is. */
const focused = (page: Page) =>
  page.evaluate(`(() => {
    const { tagName, textContent, ariaLabel, type } = document.activeElement;
    return [tagName, ariaLabel ?? (textContent || type)].join(" ").slice(0, 40);
  })()`) as Promise<string>;

/** Which share of the map has a colour. */
const shareOf = (page: Page, color: string) =>
  page.evaluate(`(() => {
    const canvas = document.querySelector(".map canvas");
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] + "," + data[at + 1] + "," + data[at + 2] === "${color}") count++;
    }
    return 4 * count / data.length;
  })()`) as Promise<number>;

/** Colours of the glass, of tiles below the threshold, and of the highest percentile. */
const [WHITE, FAINT, HIGHEST] = ["255,255,255", "228,228,228", "252,253,191"];

/** Two frames, after which everything is drawn. */
const DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))";

/** Tiles in rows of a hundred. */
function slideOf(tiles: number): Record<string, Dataset> {
  const coords = Int32Array.from(
    { length: 2 * tiles },
    (_, at) => TILE * (at % 2 === 0 ? (at / 2) % 100 : Math.floor(at / 200)),
  );
  return {
    features: { data: normals(tiles * BAG_DIM), shape: [tiles, BAG_DIM] },
    coords: { data: coords, shape: [tiles, 2] },
  };
}

async function writeSlide(path: string, tiles: number): Promise<string> {
  await writeHdf5(path, slideOf(tiles));
  await sizeTiles(path);
  return path;
}

/** Waits for the map of a slide. */
async function shown(page: Page, file: string): Promise<void> {
  const heading = `${basename(file, extname(file))}: predicted`;
  await page.waitForFunction(
    `document.querySelector("#content[aria-busy=false] h2")?.textContent.startsWith("${heading}")`,
  );
  await page.evaluate(DRAWN);
}

/** Drops a slide, and waits for its map. */
async function show(page: Page, file: string): Promise<void> {
  await choose(page, "#content", file);
  await shown(page, file);
}

const factsOf = (page: Page) => page.$eval(".map ~ p", (line) => line.textContent ?? "");

async function requireKeyboard(page: Page, files: readonly [string, string]): Promise<void> {
  const order: string[] = [];
  for (let tab = 0; tab < 3; tab++) {
    await page.keyboard.press("Tab");
    order.push(await focused(page));
  }
  const area = "BUTTON Drop feature files of slides here";
  assertEquals(order, ["A Predict", "A Train", area]);
  const outline = "getComputedStyle(document.activeElement).outlineStyle";
  assertEquals(await page.evaluate(outline), "solid");
  for (const [at, key] of (["Enter", "Space"] as const).entries()) {
    const choosing = page.waitForFileChooser();
    // The browser answers in order: from here on it waits for the chooser.
    await page.evaluate("0");
    await page.keyboard.press(key);
    const chooser = await choosing;
    await chooser.accept([files[at]]);
    await shown(page, files[at]);
    assertEquals(await focused(page), area);
  }
}

async function requireMap(page: Page, { single, large }: Readonly<Record<string, string>>) {
  await show(page, single);
  assert(await shareOf(page, HIGHEST) > 0.05);
  await page.focus(".map canvas");
  await page.keyboard.press("Enter");
  assertEquals(await factsOf(page), "Tile 0 at x 0, y 0: attention 1.0000, percentile 100.0");
  await show(page, large);
  assertEquals(await page.$$eval("tbody", ([top]) => top.children.length), 10);
  const whole = await shareOf(page, WHITE);
  assert(whole > 0.05 && await shareOf(page, FAINT) === 0);
  await page.evaluate(`(() => {
    const slider = document.querySelector("input[type=range]");
    slider.value = "90";
    slider.dispatchEvent(new Event("input"));
  })()`);
  await page.evaluate(DRAWN);
  const faint = await shareOf(page, FAINT) / (1 - whole);
  assert(Math.abs(faint - 0.9) < 0.05, `${faint}`);
  await page.focus(".map canvas");
  for (let step = 0; step < 8; step++) await page.keyboard.press("+");
  await page.evaluate(DRAWN);
  assertEquals(await shareOf(page, WHITE), 0);
  await page.keyboard.press("0");
  await page.evaluate(DRAWN);
  assertEquals(await shareOf(page, WHITE), whole);
  const [top] = await page.$$("button[aria-label^='Show tile']");
  await top.click();
  const name = await top.evaluate((button) => button.textContent);
  assertMatch(await factsOf(page), new RegExp(`^Tile ${name} .* percentile 100.0$`));
  const seen = `(() => {
    const { top, bottom } = document.querySelector(".map canvas").getBoundingClientRect();
    return [top, bottom, innerHeight];
  })()`;
  const [above, below, height] = await page.evaluate(seen) as number[];
  assert(above > -1 && below < height + 1, `${above} to ${below} of ${height}`);
}

/** What the audit is there for. */
const FAULTS = `
  const add = (html) => document.body.insertAdjacentHTML("beforeend", html);
  add('<p style="color: #999; background: #fff">pale</p>');
  add('<button id="same" style="height: 20px; min-height: 0">low</button>');
  add('<input id="same">');
  add('<div style="width: 200vw; height: 1px"></div>');
`;

Deno.test({
  name: "pages can be read, tapped and used by keyboard, in every width and theme",
  ignore: chromium === undefined,
  async fn(t) {
    await inFolder(async (folder) => {
      await using browser = await TestBrowser.start();
      const { train, ...others } = await writeBagSplits(folder);
      const { directory } = await runTrain({ train, ...others }, bagFlags());
      const site = join(folder, "page");
      await exportModel({ exp_dir: directory, browser: site });
      await using served = await serveFolder(site, { port: 0 });
      const large = await writeSlide(join(folder, "large.h5"), 5000);
      const single = await writeSlide(join(folder, "single.h5"), 1);

      for (
        const [width, scheme] of [[390, "light"], [390, "dark"], [1280, "light"], [
          1280,
          "dark",
        ]] as const
      ) {
        await t.step(`${width} pixels, ${scheme}`, async () => {
          const { page, complaints } = await browser.open(served.url, { width, scheme });
          await ready(page);
          for (const file of [single, large]) {
            await show(page, file);
            await requireFine(page, file);
          }
          await page.goto(`${served.url}train.html`);
          await ready(page);
          await choose(page, "#content", train);
          await page.waitForSelector("button.main:not([disabled])");
          await page.evaluate('document.querySelector("input[type=number]").value = 2');
          await press(page, "Train");
          await page.waitForSelector("body[data-training=false] .chart");
          await requireFine(page, "train.html");
          assertEquals(complaints, []);
          await page.close();
        });
      }

      await t.step("what is wrong is found", async () => {
        const { page } = await browser.open(served.url);
        await ready(page);
        await page.evaluate(FAULTS);
        const { wrong } = await page.evaluate(AUDIT) as Audited;
        assertEquals(wrong.map((line) => line.split(/[ :]/, 1)[0]), [
          ...["contrast", "size", "no", "ids", "wider"],
        ]);
        await page.close();
      });

      await t.step("the keyboard", async () => {
        const { page } = await browser.open(served.url);
        await ready(page);
        await requireKeyboard(page, [single, large]);
        await page.close();
      });

      await t.step("the map", async () => {
        const { page, complaints } = await browser.open(served.url, { width: 390 });
        await ready(page);
        await requireMap(page, { single, large });
        assertEquals(complaints, []);
        await page.close();
      });
    });
  },
});
