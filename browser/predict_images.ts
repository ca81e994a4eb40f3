/**
 * The page of models of images: images in, classes with bars out.
 * @module
 */
/// <reference lib="dom" />
import { predictionCsv } from "../jobs/predict/prediction_table.ts";
import { button, dropArea, element, save } from "./dom.ts";
import { joined } from "./predict_features.ts";
import { counted, digits, namesOf, type Screen } from "./screen.ts";
import type { Said } from "./services.ts";

/** Classes that are shown of each image. */
const SHOWN = 5;

/** Images that were predicted, in order. */
interface Results {
  readonly names: string[];
  readonly said: Said[];
}

/**
 * Shows the page.
 * @param screen Its parts.
 */
export function predictImages(screen: Screen): void {
  const { about } = screen;
  const results: Results = { names: [], said: [] };
  const cards = element("div", { class: "cards" });
  const saving = button("Download CSV", () => {
    const text = predictionCsv({
      task: about.subtask === "regression" ? "Regression" : "Classification",
      ...{ subtask: about.subtask, numClasses: about.numClasses, ids: results.names },
      ...joined(results.said),
      ...(about.classNames && { classNames: about.classNames }),
    });
    save("images.csv", [text], "text/csv");
  }, { disabled: true });
  const size = about.transform?.size;
  const texts = {
    title: "Drop images here, or choose them",
    hint: `JPEG, PNG, WebP, GIF or BMP${
      size ? `; the model sees ${size[1]} x ${size[0]} pixels` : ""
    }`,
    accept: "image/*",
  };
  const take = (files: readonly File[]) => {
    for (const [at, file] of files.entries()) {
      void screen.run(async () => {
        screen.say(`Reading ${file.name}`);
        const said = await screen.worker.predictImage(file, file.name);
        results.names.push(file.name);
        results.said.push(said);
        saving.disabled = false;
        cards.append(card(screen, file, said.scores));
        screen.progress(at + 1, files.length);
        screen.say(`${counted(results.names.length, "image")} predicted`);
      });
    }
  };
  screen.content.append(dropArea(texts, take), element("div", { class: "row" }, saving), cards);
}

function card({ about }: Screen, file: File, scores: Float32Array): HTMLElement {
  const names = namesOf(about);
  const image = element("img", { src: URL.createObjectURL(file), alt: "" });
  const order = Array.from(scores, (_, at) => at);
  if (about.subtask !== "regression") order.sort((a, b) => scores[b] - scores[a]);
  const bars = order.slice(0, SHOWN).map((at) => bar(names[at], scores[at], about.subtask));
  return element("article", { class: "card" }, image, element("h3", {}, file.name), ...bars);
}

function bar(name: string, score: number, subtask: Screen["about"]["subtask"]): HTMLElement {
  const text = subtask === "regression" ? digits(score) : `${(100 * score).toFixed(1)}%`;
  const made = element("div", { class: "bar" }, element("span", {}, name), element("b", {}, text));
  if (subtask === "regression") return made;
  const strip = element("i", { "aria-hidden": "true" });
  strip.style.setProperty("--share", `${100 * score}%`);
  made.append(strip);
  return made;
}
