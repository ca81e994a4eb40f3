/** Opens reports in Chromium: no error, no request, everything in its place. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { launch, type Page } from "puppeteer-core";
import { report } from "../../../jobs/report/report.ts";
import { train } from "../../../jobs/train/train.ts";
import { chromium } from "../../_chromium.ts";
import { inFolder, runConfig, writeSplits } from "../../_training.ts";
import { madeClasses, madeLabels, madeNumbers, madeRun, REGRESSION } from "./_made_runs.ts";

if (chromium === undefined) console.warn("no Chromium, so no report is opened in a browser");

/** What a page did. */
interface Opened {
  readonly page: Page;
  readonly complaints: readonly string[];
}

/** Opens reports of runs, one after the other, at a width and in a colour scheme. */
async function open(
  path: string,
  look: (opened: Opened) => Promise<void>,
  { width = 1440, scheme = "light" } = {},
): Promise<void> {
  const { files: [file] } = await report([path], { output: null, format: "html", split: null });
  const url = pathToFileURL(file).href;
  const profile = await Deno.makeTempDir();
  const args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"];
  const browser = await launch({ executablePath: chromium!, args, userDataDir: profile });
  try {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => complaints.push(`error: ${error}`));
    page.on("request", (request) => {
      if (request.url() !== url) complaints.push(`request: ${request.url()}`);
    });
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(url);
    await look({ page, complaints });
  } finally {
    await browser.close();
    await Deno.remove(profile, { recursive: true });
  }
}

/** What is wrong with a page: things that reach beyond it, figures without words. */
async function faultsOf({ page, complaints }: Opened): Promise<string[]> {
  const faults = await page.evaluate(`(() => {
    const faults = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) faults.push("the page is " + scrollWidth + " pixels wide");
    const drawings = [...document.querySelectorAll("figure svg")]
      .filter((svg) => svg.getBoundingClientRect().width > 0);
    if (drawings.length !== document.querySelectorAll("figure").length) {
      faults.push(drawings.length + " drawings are seen");
    }
    for (const svg of drawings) {
      const title = svg.querySelector(":scope > title")?.textContent ?? "";
      if (title === "") faults.push("a drawing has no title");
      if ((svg.querySelector(":scope > desc")?.textContent ?? "").length < 20) {
        faults.push(title + " is not described");
      }
      if (svg.querySelectorAll("text").length < 4) faults.push(title + " has no labels");
      const frame = svg.getBoundingClientRect();
      for (const text of svg.querySelectorAll("text")) {
        const { left, right, top, bottom, width } = text.getBoundingClientRect();
        const inside = left >= frame.left - 1 && right <= frame.right + 1 &&
          top >= frame.top - 1 && bottom <= frame.bottom + 1;
        if (width > 0 && !inside) faults.push(title + " cuts " + text.textContent);
      }
    }
    return faults;
  })()`) as string[];
  return [...complaints, ...faults];
}

/** A name of a group as training makes it. */
const NAME = "20261130_103222_precomputed_classification_full_finetuning_a05d495a";
const NAMES = ["benign", "a class of a rather long name that nobody would write", "c"];

Deno.test({
  name: "reports open in a browser without an error, a request or anything cut off",
  ignore: chromium === undefined,
  async fn(t) {
    const cases = {
      classes: () => madeClasses(90, 3, { classNames: NAMES }),
      "two classes": () => madeClasses(90, 2, { classNames: NAMES.slice(0, 2) }),
      "many classes": () => madeClasses(300, 40),
      labels: () => madeLabels(60, 4),
      numbers: () => madeNumbers(90),
    };
    for (const [name, make] of Object.entries(cases)) {
      await t.step(name, async () => {
        await inFolder(async (folder) => {
          const predictions = make();
          const config = name === "numbers"
            ? REGRESSION
            : { data: { subtask: predictions.subtask } };
          const path = await madeRun(folder, `data/${NAME}/0`, predictions, { config });
          const look = async (opened: Opened) => assertEquals(await faultsOf(opened), []);
          await open(path, look);
          await open(path, look, { width: 360, scheme: "dark" });
        });
      });
    }
  },
});

Deno.test({
  name: "the report of a trained run sorts its classes, and is readable in the dark",
  ignore: chromium === undefined,
  async fn() {
    await inFolder(async (folder) => {
      const files = await writeSplits(folder);
      const [{ directory }] = await train(runConfig(files));
      await open(directory, async (opened) => {
        const { page } = opened;
        assertEquals(await faultsOf(opened), []);
        const supports = () =>
          page.$$eval(
            "table.sortable tbody td:nth-child(3)",
            (cells) => cells.map((cell) => Number(cell.getAttribute("data-value"))),
          );
        await page.click("table.sortable th:nth-child(3) button");
        const sorted = await supports();
        assertEquals(sorted, sorted.toSorted((a, b) => b - a));
        const colors = await page.evaluate(`["body", "svg text"].map((name) => {
          const style = getComputedStyle(document.querySelector(name));
          return name === "body" ? style.backgroundColor : style.fill;
        })`) as string[];
        const [page_, text] = colors.map((color) => Number(/\d+/.exec(color)![0]));
        assert(page_ < 60 && text > 160, colors.join(", "));
      }, { width: 768, scheme: "dark" });
      const leftovers = Array.from(Deno.readDirSync(directory), ({ name }) => name);
      assert(leftovers.includes("report.html"), join(directory, "report.html"));
    });
  },
});
