/** Everything about a run or a group of folds. */
import { isPlainObject } from "../../../registry/config/objects.ts";
import { classColors, DISTINCT_COLORS } from "../../charts/colors.ts";
import type { ClassEvaluation, Evaluation } from "../../evaluate/evaluation.ts";
import type { RunFacts, Subject } from "../facts.ts";
import type { DrawnFigure } from "../figures/figure.ts";
import { type Mistakes, worstMistakes } from "../mistakes.ts";
import { alignDecimals, count, intervalOf, plain, valueOf } from "../numbers.ts";
import { dataSection } from "./_data.ts";
import { duration, head } from "./_head.ts";
import { type Html, type HtmlPart, markup } from "./markup.ts";
import { factList, figure, table, type TableCell } from "./_table.ts";

/** Mistakes that are listed. */
const MOST_MISTAKES = 20;
/** More rows than these can be filtered. */
const FILTERED = 30;

/** A subject with its figures. */
export interface DrawnSubject {
  readonly subject: Subject;
  readonly figures: readonly DrawnFigure[];
}

/**
 * Writes a subject.
 * @param drawn The subject.
 * @param options Number of the subject, which keeps names of elements apart, and level of its heading.
 */
export function subjectArticle(
  { subject, figures }: DrawnSubject,
  { at, level }: { readonly at: number; readonly level: 1 | 2 },
): Html {
  const { evaluation } = subject;
  const folds = figures.filter(({ id }) => id === "folds");
  const others = figures.filter(({ id }) => id !== "folds");
  const rows = rowsOf(others).map((row) =>
    markup`<section class="${row.length > 1 ? "pair" : ""}">${row.map(figure)}</section>\n`
  );
  return markup`<article id="run-${at}">
${head(subject, level)}
${rows}
${evaluation && classSection(evaluation, at)}
${mistakesSection(subject)}
${folds.map((each) => markup`<section>${figure(each)}</section>\n`)}
${dataSection(subject)}
${provenance(subject)}
</article>
`;
}

/** Figures as they lie beside each other: two halves, or one whole. */
function rowsOf(figures: readonly DrawnFigure[]): DrawnFigure[][] {
  const rows: DrawnFigure[][] = [];
  for (const figure of figures) {
    const last = rows.at(-1);
    if (figure.half && last?.length === 1 && last[0].half) last.push(figure);
    else rows.push([figure]);
  }
  return rows;
}

function classSection(evaluation: Evaluation, at: number): HtmlPart {
  if (evaluation.subtask === "regression") return undefined;
  const { per_class: classes, subtask } = evaluation;
  const colors = classColors(classes.length);
  const id = `classes-${at}`;
  const dots = classes.length <= DISTINCT_COLORS;
  const columns = (["precision", "recall", "f1", "auroc"] as const).map((name) =>
    numbers(classes, name)
  );
  const filter = classes.length > FILTERED
    ? markup`<label class="filter">Filter <input type="search" data-table="${id}"></label>`
    : undefined;
  return markup`
    <section>
      <h2>${subtask === "multiclass" ? "Classes" : "Labels"}</h2>
    ${filter}
    ${
    table({
      id,
      sortable: true,
      columns: [
        subtask === "multiclass" ? "class" : "label",
        "support",
        "precision",
        "recall",
        "F1",
        "AUROC",
      ],
      rows: classes.map(({ name, support }, c): TableCell[] => [
        markup`${
          dots ? markup`<span class="dot" style="background:${colors[c]}"></span>` : undefined
        }${name}`,
        support,
        ...columns.map((column) => column[c]),
      ]),
    })
  }
    </section>
  `;
}

/** A column of estimates, their decimal points below each other. */
function numbers(
  classes: readonly ClassEvaluation[],
  name: "precision" | "recall" | "f1" | "auroc",
): TableCell[] {
  const values = alignDecimals(classes.map((each) => valueOf(each[name])));
  return classes.map((each, at) => ({
    value: each[name].value,
    show: markup`${values[at]} <small>${intervalOf(each[name])}</small>`,
    left: true,
  }));
}

function mistakesSection({ predictions, runs }: Subject): HtmlPart {
  const mistakes = worstMistakes(predictions, MOST_MISTAKES);
  const isRegression = predictions[0]?.subtask === "regression";
  if (predictions.every(({ labels }) => labels === undefined)) return undefined;
  if (mistakes.total === 0) {
    return markup`
      <section>
        <h2>Mistakes</h2>
        <p>There are none.</p>
      </section>
    `;
  }
  const { worst, total } = mistakes;
  const some = worst.length < total
    ? `The ${worst.length} worst of ${count(total)}`
    : `All ${total}`;
  const about = isRegression
    ? `${some} predictions, by their difference from the truth.`
    : `${some} wrong decisions, by the probability that they were given.`;
  return markup`
    <section>
      <h2>Worst mistakes</h2>
    <p class="quiet">${about}</p>
    ${mistakesTable(mistakes, { runs, isRegression })}
    </section>
  `;
}

function mistakesTable(
  { worst }: Mistakes,
  { runs, isRegression }: { readonly runs: readonly RunFacts[]; readonly isRegression: boolean },
): Html {
  const [first] = worst;
  const hasPatients = first.patient !== undefined;
  const hasTargets = first.target !== undefined;
  const write = (value: string | number) => typeof value === "number" ? plain(value) : value;
  const probability = (value: number | undefined) => ({
    value: value ?? null,
    show: value === undefined ? "" : value.toFixed(3),
  });
  return table({
    columns: [
      "sample",
      ...hasPatients ? ["patient"] : [],
      ...runs.length > 1 ? ["fold"] : [],
      ...hasTargets ? [isRegression ? "value" : "label"] : [],
      "true",
      "predicted",
      ...isRegression ? ["difference"] : ["probability", "of the true one"],
    ],
    rows: worst.map((each): TableCell[] => [
      markup`${each.id}`,
      ...hasPatients ? [markup`${each.patient}`] : [],
      ...runs.length > 1 ? [runs[each.run].summary.fold] : [],
      ...hasTargets ? [markup`${each.target}`] : [],
      isRegression ? write(each.truth) : markup`${each.truth}`,
      isRegression ? write(each.predicted) : markup`${each.predicted}`,
      ...isRegression
        ? [plain(each.score)]
        : [probability(each.score), probability(each.truthScore)],
    ]),
  });
}

function provenance({ runs, path }: Subject): Html {
  const [{ info, config }] = runs;
  const text = (name: string) => typeof info[name] === "string" ? String(info[name]) : undefined;
  const seconds = runs.map(({ summary }) => summary.seconds);
  const total = seconds.every((each) => each !== undefined)
    ? duration(seconds.reduce((sum, each) => sum + each!, 0))
    : undefined;
  const plugins = Array.isArray(info.plugins) && info.plugins.length > 0
    ? info.plugins.join(", ")
    : undefined;
  const training = isPlainObject(config.training) ? config.training : {};
  return markup`
    <section>
      <h2>Provenance</h2>
    ${
    factList([
      ["run", markup`<code>${path}</code>`],
      ["started", text("started")],
      ["time", total],
      ["seed", training.seed === undefined ? undefined : String(training.seed)],
      ["device", training.device === undefined ? undefined : String(training.device)],
      [
        "machine",
        [text("os"), text("arch"), info.cores && `${info.cores} cores`].filter(Boolean)
          .join(", ") || undefined,
      ],
      ["versions", versions(info)],
      ["plugins", plugins],
    ])
  }
    ${
    runs.map(({ info, summary: { fold } }) => {
      const of = runs.length > 1 ? ` of fold ${fold}` : "";
      return markup`<details><summary>Files${of}</summary>${filesTable(info)}</details>`;
    })
  }
    ${
    info.features === undefined ? undefined : markup`
      <details>
        <summary>How the features were made</summary>
        <pre>${JSON.stringify(info.features, null, 2)}</pre>
      </details>
    `
  }
    <details><summary>Config</summary><pre>${JSON.stringify(config, null, 2)}</pre></details>
    </section>
  `;
}

function versions(info: RunFacts["info"]): string | undefined {
  const known = ["glovita", "deno", "node", "typescript", "v8"].flatMap((name) =>
    typeof info[name] === "string" ? [`${name} ${info[name]}`] : []
  );
  return known.length > 0 ? known.join(", ") : undefined;
}

/** What the data of a run is recognised by. */
function filesTable({ data }: RunFacts["info"]): HtmlPart {
  if (!isPlainObject(data)) return markup`<p>Not recorded.</p>`;
  const names = [...new Set(Object.values(data).flatMap((facts) => Object.keys(facts ?? {})))];
  const splits = Object.keys(data);
  return table({
    columns: ["", ...splits],
    rows: names.map((name): TableCell[] => [
      markup`${name}`,
      ...splits.map((split): TableCell => {
        const facts = data[split];
        const value = isPlainObject(facts) ? facts[name] : undefined;
        return typeof value === "number"
          ? count(value)
          : markup`<code>${String(value ?? "–")}</code>`;
      }),
    ]),
  });
}
