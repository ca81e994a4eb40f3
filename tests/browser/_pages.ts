/**
 * What tests do with pages, and what they drop on them.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { basename } from "node:path";
import type { Page } from "puppeteer-core";
import { parse } from "csv-parse/sync";
import { FeatureWriter } from "../../engine/features/feature_writer.ts";
import { Random } from "../../engine/random.ts";
import { loadHdf5Library } from "../../engine/storage/hdf5/library.ts";
import { BAG_DIM } from "../_bags.ts";

/**
 * Waits for a page to have its model.
 * @throws {Error} if the page says that something went wrong.
 */
export async function ready(page: Page): Promise<void> {
  await page.waitForSelector("body[data-ready], #status.error");
  if (await page.$("body[data-ready]") === null) throw new Error(await statusOf(page));
}

/** Drops files. */
export async function choose(
  page: Page,
  selector: string,
  ...paths: readonly string[]
): Promise<void> {
  const input = await page.$(`${selector} input[type=file]`);
  await (input as unknown as { uploadFile(...paths: string[]): Promise<void> }).uploadFile(
    ...paths,
  );
}

/** Row of a table. */
export type Row = Readonly<Record<string, string>>;

/** Rows of a CSV file. */
export const rowsOf = (bytes: Uint8Array): Row[] => parse(bytes, { columns: true });

/** Columns of what a model computes. */
const COMPUTED = /^(prob|value|sd)(_|$)/;

/**
 * Largest difference between the computed numbers of two tables.
 * @throws {AssertionError} if anything else differs: names of columns, rows, or what is predicted.
 */
export function farthest(said: readonly Row[], expected: readonly Row[]): number {
  const others = (rows: readonly Row[]) =>
    rows.map((row) => Object.entries(row).map(([name, cell]) => COMPUTED.test(name) ? name : cell));
  assertEquals(Object.keys(said[0]), Object.keys(expected[0]));
  assertEquals(others(said), others(expected));
  const names = Object.keys(expected[0]).filter((name) => COMPUTED.test(name));
  assert(names.length > 0);
  return Math.max(
    ...said.flatMap((row, at) =>
      names.map((name) => Math.abs(Number(row[name]) - Number(expected[at][name])))
    ),
  );
}

/** What is known of an image once it is dropped: its name, not its class. */
export function asDropped(row: Row): Row {
  const known = Object.entries(row).filter(([name]) => !/^(label|split)/.test(name));
  return { ...Object.fromEntries(known), id: basename(row.id) };
}

/** Side of a tile in pixels of level 0. */
export const TILE = 256;

/** Says how large the tiles of a file are, as CLAM does. */
export async function sizeTiles(path: string): Promise<void> {
  const { h5wasm } = await loadHdf5Library();
  const file = new h5wasm.File(path, "a");
  const coords = file.get("coords") as InstanceType<typeof h5wasm.Dataset>;
  coords.create_attribute("patch_size_level0", TILE);
  file.close();
}

/** Bags whose tiles lie somewhere, of float16, with the side of a tile as CLAM writes it. */
export async function writeSlides(path: string): Promise<string> {
  const random = new Random(7);
  const writer = await FeatureWriter.create(path, { embedDim: BAG_DIM, coords: "int32" });
  for (let bag = 0; bag < 4; bag++) {
    const tiles = 20 + 10 * bag;
    const features = Float32Array.from({ length: tiles * BAG_DIM }, () => random.normal());
    if (bag % 2 === 1) features[5 * BAG_DIM] += 6;
    const coords = Float64Array.from(
      { length: 2 * tiles },
      (_, at) => TILE * (at % 2 === 0 ? (at / 2) % 6 : Math.floor(at / 12)),
    );
    writer.appendBag(features, bag % 2, { coords });
  }
  writer.close();
  await sizeTiles(path);
  return path;
}

/** Clicks on a button. */
export async function press(page: Page, text: string): Promise<void> {
  const [button] = await page.$$(`::-p-xpath(//button[normalize-space()="${text}"])`);
  await button.click();
}

/** What the page says. */
export const statusOf = (page: Page) => page.$eval("#status", (line) => line.textContent ?? "");

/** What the page computes on. */
export const deviceOf = (page: Page) => page.$eval("#device", (line) => line.textContent ?? "");

/** Trains an epoch in a page that has just been opened. */
export async function trainEpoch(
  page: Page,
  { train, val }: { readonly train: string; readonly val: string },
): Promise<void> {
  await ready(page);
  await choose(page, "#content > div:nth-child(1)", train);
  await choose(page, "#content > div:nth-child(2)", val);
  await page.waitForSelector("section ~ section");
  await page.evaluate('document.querySelector("input[type=number]").value = 1');
  await press(page, "Train");
  await page.waitForSelector("body[data-training=false]");
}
