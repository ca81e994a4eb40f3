/**
 * The page of models of features: files in, tables of predictions out.
 * @module
 */
/// <reference lib="dom" />
import type { Predictions } from "../engine/data/predictions.ts";
import type { PageAbout } from "../jobs/export/page/about.ts";
import { dropArea, element } from "./dom.ts";
import { join } from "./join.ts";
import { labelProblem } from "./labelled_samples.ts";
import { ResultTable } from "./result_table.ts";
import { counted, type Screen } from "./screen.ts";
import type { FileFacts, Said } from "./services.ts";

/** Rows that are computed at once. */
const ROWS = 4096;

/**
 * Shows the page.
 * @param screen Its parts.
 */
export function predictFeatures(screen: Screen): void {
  const results = element("div");
  const texts = {
    title: "Drop feature files here, or choose them",
    hint: `HDF5 with a dataset "features" of ${
      screen.about.sampleShape.join(" x ")
    } numbers per row`,
    accept: ".h5,.hdf5",
  };
  screen.content.append(
    dropArea(texts, (files) => {
      for (const file of files) void screen.run(() => predictFile(screen, file, results));
    }),
    results,
  );
}

async function predictFile(screen: Screen, file: File, results: HTMLElement): Promise<void> {
  const { worker, about } = screen;
  screen.say(`Reading ${file.name}`);
  const facts = withLabelNote(await worker.openFile(file), about);
  const parts: Said[] = [];
  for (let start = 0; start < facts.samples; start += ROWS) {
    const count = Math.min(ROWS, facts.samples - start);
    parts.push(await worker.predictRows(facts.id, start, count));
    screen.progress(start + count, facts.samples);
  }
  const table = new ResultTable(predictionsOf(about, facts, parts), { file: stem(facts.name) });
  results.prepend(section(facts, table.view));
  screen.say(
    [`${facts.name}: ${counted(facts.samples, "sample")} predicted`, ...table.quality]
      .join(", "),
  );
}

/**
 * A part of the page for a file.
 * @param facts The file.
 * @param parts What is shown of it.
 */
export function section(facts: FileFacts, ...parts: readonly HTMLElement[]): HTMLElement {
  const notices = facts.notices.map((text) => element("p", { class: "error" }, `Note: ${text}`));
  return element("section", {}, element("h2", {}, facts.name), ...notices, ...parts);
}

/**
 * Notes that the labels of a file are left out, where they are not those of the model.
 * @param facts The file.
 * @param about What is known of the model.
 */
export function withLabelNote(facts: FileFacts, about: PageAbout): FileFacts {
  const problem = labelProblem(facts, about);
  if (problem === undefined) return facts;
  const note = `${facts.name}: its labels are left out: ${problem}`;
  return { ...facts, notices: [...facts.notices, note] };
}

/**
 * Puts what is predicted together with what is known of the samples.
 * @param about What is known of the model.
 * @param facts The file.
 * @param parts What the model says of the samples, in order.
 */
export function predictionsOf(
  about: PageAbout,
  facts: FileFacts,
  parts: readonly Said[],
): Predictions {
  const { subtask, numClasses, classNames } = about;
  const { ids, labels, labelWidth } = facts;
  return {
    task: subtask === "regression" ? "Regression" : "Classification",
    ...{ subtask, numClasses, ids, ...joined(parts) },
    ...(classNames && { classNames }),
    ...(labels !== undefined && labelProblem(facts, about) === undefined && {
      labels: {
        values: subtask === "multiclass"
          ? Int32Array.from(labels)
          : labels as Float32Array<ArrayBuffer>,
        width: labelWidth,
      },
    }),
  };
}

/**
 * Puts what the model says of some samples and of others in a row.
 * @param parts What it says.
 */
export function joined(parts: readonly Said[]): Said {
  const scores = join(parts.map((said) => said.scores));
  const spread = join(parts.flatMap((said) => said.spread ?? []));
  return spread.length > 0 ? { scores, spread } : { scores };
}

/**
 * A name without its end.
 * @param name The name of a file.
 */
export function stem(name: string): string {
  return name.replace(/\.[^.]+$/, "");
}
