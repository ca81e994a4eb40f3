/**
 * The page of models of bags: slide by slide what is predicted, and where the model looks.
 * @module
 */
/// <reference lib="dom" />
import { geoJson } from "../jobs/attention/geojson.ts";
import {
  percentilesOf,
  scoresByClass,
  type SlideAttention,
  topTiles,
} from "../jobs/attention/slide_attention.ts";
import { placelessTileTable, tileTable } from "../jobs/attention/tile_table.ts";
import { AttentionMap } from "./attention_map.ts";
import { button, dropArea, element, labelled, save } from "./dom.ts";
import { predictionsOf, section, stem, withLabelNote } from "./predict_features.ts";
import { ResultTable } from "./result_table.ts";
import { counted, digits, namesOf, type Screen, verdictOf } from "./screen.ts";
import type { BagSaid, FileFacts, Places } from "./services.ts";

/** Tiles that are listed. */
const TOP = 10;

/** A slide that was predicted. */
interface Predicted {
  readonly facts: FileFacts;
  readonly bag: number;
  readonly said: BagSaid;
}

/** Said where labels of some files would be those of others. */
const LABELS_DIFFER = "labels are left out: not all files have them, or not as many per slide";

/** Side of a tile that lies alone, where the file does not say it. */
const ASSUMED_SIZE = 256;

/** Slides of a file after which the table is made anew. */
const STEP = 25;

/**
 * Shows the page.
 * @param screen Its parts.
 */
export function predictBags(screen: Screen): void {
  const page = new BagsPage(screen);
  const width = screen.about.sampleShape.join(" x ");
  const texts = {
    title: "Drop feature files of slides here, or choose them",
    hint: `HDF5 with "features" of ${width} numbers per tile, and "coords" for the map`,
    accept: ".h5,.hdf5",
  };
  const take = (files: readonly File[]) => {
    for (const file of files) void screen.run(() => page.predict(file));
  };
  screen.content.append(dropArea(texts, take), ...page.parts);
}

/** The slides of all files. */
class BagsPage {
  readonly #screen: Screen;
  readonly #slide = element("div");
  readonly #results = element("div");
  readonly #predicted: Predicted[] = [];
  #table: ResultTable | undefined;
  #shown = -1;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** What is shown: a slide, and the table of all of them. */
  get parts(): HTMLElement[] {
    return [this.#slide, this.#results];
  }

  /**
   * Predicts the slides of a file.
   * @param file The file.
   * @throws {Error} if it cannot be read.
   */
  async predict(file: File): Promise<void> {
    const { worker, say, progress, about } = this.#screen;
    say(`Reading ${file.name}`);
    const facts = withLabelNote(await worker.openFile(file), about);
    const first = this.#predicted.length;
    for (let bag = 0; bag < facts.samples; bag++) {
      this.#predicted.push({ facts, bag, said: await worker.predictBag(facts.id, bag) });
      progress(bag + 1, facts.samples);
      say(`${file.name}: ${bag + 1} of ${facts.samples} slides`);
      if ((bag + 1) % STEP === 0) this.#list();
    }
    this.#list();
    say(`${counted(this.#predicted.length, "slide")} predicted`);
    if (about.attention) await this.#show(first);
  }

  /** Lists what is predicted so far. */
  #list(): void {
    const { about } = this.#screen;
    const files = [...new Set(this.#predicted.map(({ facts }) => facts))];
    const width = files[0].labelWidth;
    const labelled = files.every(({ labels, labelWidth }) =>
      labels !== undefined && labelWidth === width
    );
    const labels = this.#predicted.flatMap(({ facts: { labels = [] }, bag }) =>
      Array.from(labels.slice(bag * width, (bag + 1) * width))
    );
    const whole: FileFacts = {
      ...files[0],
      ids: this.#predicted.map(({ facts, bag }) => facts.ids[bag]),
      labels: labelled ? Float32Array.from(labels) : undefined,
      notices: [
        ...files.flatMap(({ notices }) => notices),
        ...(!labelled && labels.length > 0 ? [LABELS_DIFFER] : []),
      ],
      name: files.length === 1 ? files[0].name : `${files.length} files`,
    };
    const parts = this.#predicted.map(({ said }) => said);
    const open = (slide: number) => void this.#screen.run(() => this.#show(slide));
    this.#table = new ResultTable(predictionsOf(about, whole, parts), {
      file: files.length === 1 ? stem(files[0].name) : "slides",
      ...(about.attention && { open }),
    });
    this.#results.replaceChildren(section(whole, this.#table.view));
    this.#table.mark(this.#shown);
  }

  async #show(slide: number): Promise<void> {
    const view = await slideView(this.#screen, this.#predicted[slide]);
    this.#shown = slide;
    this.#table?.mark(slide);
    this.#slide.replaceChildren(view);
  }
}

/** What is shown of a slide. */
async function slideView(
  { worker, about }: Screen,
  { facts, bag, said: { scores, weights, instanceScores } }: Predicted,
): Promise<HTMLElement> {
  const name = facts.ids[bag];
  const predicted = about.subtask === "multiclass"
    ? namesOf(about)[scores.indexOf(Math.max(...scores))]
    : undefined;
  const places = facts.hasCoords ? await worker.places(facts.id, bag) : undefined;
  const heading = `${name}: ${verdictOf(about, scores)}`;
  const body = element("div");
  const show = (size: number) => {
    const slide: SlideAttention = {
      slide: name,
      ...(places ? { ...places, size } : inOrder(weights!.length)),
      weights: weights!,
      percentiles: percentilesOf(weights!),
      instanceScores: scoresByClass(instanceScores, { ...about, start: 0, end: weights!.length }),
      ...(predicted !== undefined && { predicted }),
    };
    body.replaceChildren(...slideParts(slide, about.colors, places !== undefined));
  };
  const found = places && spacing(places);
  const size = places === undefined ? 1 : places.size ?? found ?? ASSUMED_SIZE;
  show(size);
  return element(
    "section",
    {},
    element("h2", {}, heading),
    ...sizeParts(places, { size, found: found !== undefined }, show),
    body,
  );
}

/** What is said and asked where the file does not say how large tiles are, or where they lie. */
function sizeParts(
  places: Places | undefined,
  { size, found }: { readonly size: number; readonly found: boolean },
  show: (size: number) => void,
): HTMLElement[] {
  if (places === undefined) {
    const text = "Note: the file has no coords, tiles are shown in the order of the file.";
    return [element("p", {}, text)];
  }
  if (places.size !== undefined) return [];
  const input = element("input", { type: "number", min: "1", value: String(size) });
  input.addEventListener("change", () => {
    if (Number(input.value) > 0) show(Number(input.value));
  });
  const taken = found ? "their distance is taken" : `${size} pixels are assumed`;
  return [
    element("p", {}, `Note: the file does not say how large its tiles are: ${taken}.`),
    element("div", { class: "row" }, labelled("Side of a tile in pixels of level 0", input)),
  ];
}

/** The map, what can be taken along, and the tiles that count most. */
function slideParts(slide: SlideAttention, colors: string, placed: boolean): HTMLElement[] {
  const map = new AttentionMap(slide, { colors, placed });
  const colorOf = (percentile: number): [number, number, number] => {
    const at = 6 * Math.round(255 * percentile / 100);
    const channel = (of: number) => parseInt(colors.slice(at + of, at + of + 2), 16);
    return [channel(0), channel(2), channel(4)];
  };
  const file = slide.slide.replaceAll(/[\\/:*?"<>|\p{Cc}]/gu, "_");
  const saveGeoJson = () =>
    save(`${file}.geojson`, [...geoJson(slide, colorOf)], "application/geo+json");
  const saveTiles = () =>
    save(`${file}.csv`, [...(placed ? tileTable : placelessTileTable)(slide)], "text/csv");
  return [
    map.view,
    element(
      "div",
      { class: "row" },
      ...(placed ? [button("Download GeoJSON", saveGeoJson)] : []),
      button("Download tiles as CSV", saveTiles),
    ),
    element("h2", {}, "Tiles that count most"),
    topTable(slide, map, placed),
  ];
}

function topTable(slide: SlideAttention, map: AttentionMap, placed: boolean): HTMLElement {
  const { corners, weights, percentiles, instanceScores } = slide;
  const scored = [...instanceScores.keys()].map((name) => `score ${name}`);
  const names = ["tile", ...(placed ? ["x", "y"] : []), "attention", "percentile", ...scored];
  const heads = names.map((name) => element("th", { scope: "col", class: "number" }, name));
  const rows = topTiles(slide, TOP).map((tile) =>
    element(
      "tr",
      {},
      element(
        "td",
        { class: "number" },
        button(`${tile}`, () => map.showTile(tile), { "aria-label": `Show tile ${tile}` }),
      ),
      ...[
        ...(placed ? [corners[2 * tile], corners[2 * tile + 1]].map(String) : []),
        digits(weights[tile]),
        percentiles[tile].toFixed(1),
        ...[...instanceScores.values()].map((scores) => digits(scores[tile])),
      ].map((text) => element("td", { class: "number" }, text)),
    )
  );
  const table = element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...heads)),
    element("tbody", {}, ...rows),
  );
  return element("div", { class: "scroll" }, table);
}

/** Tiles that nobody knows the places of, side by side. */
function inOrder(count: number): Pick<SlideAttention, "corners" | "size"> {
  const across = Math.ceil(Math.sqrt(count));
  const corners = Float64Array.from(
    { length: 2 * count },
    (_, at) => at % 2 === 0 ? (at / 2) % across : Math.floor(at / 2 / across),
  );
  return { corners, size: 1 };
}

/** The least distance of two columns or rows of tiles, where there are two. */
function spacing({ corners }: Places): number | undefined {
  let least = Infinity;
  for (const offset of [0, 1]) {
    const sorted = corners.filter((_, at) => at % 2 === offset).sort();
    for (let at = 1; at < sorted.length; at++) {
      const step = sorted[at] - sorted[at - 1];
      if (step > 0) least = Math.min(least, step);
    }
  }
  return Number.isFinite(least) ? least : undefined;
}
