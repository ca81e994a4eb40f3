/** Runs side by side: their numbers, and in what they differ. */
import type { Subject } from "../facts.ts";
import { headlineNumbers } from "../facts.ts";
import { configDifferences } from "../differences.ts";
import type { DrawnFigure } from "../figures/figure.ts";
import { commonMetric } from "../figures/figures.ts";
import { count, intervalOf, meanAndSd, valueOf } from "../numbers.ts";
import { duration } from "./_head.ts";
import { type Html, markup } from "./markup.ts";
import { figure, table, type TableCell } from "./_table.ts";

/** Metrics besides the first one that the table shows. */
const MOST_METRICS = 5;
/** More runs are rows of the table of differences, not columns. */
const MOST_COLUMNS = 5;

/**
 * Writes the comparison.
 * @param subjects The runs and groups.
 * @param figures Its figures.
 * @param linked Whether the runs follow, one by one.
 */
export function comparison(
  subjects: readonly Subject[],
  figures: readonly DrawnFigure[],
  linked: boolean,
): Html {
  return markup`${
    figures.map((each) =>
      markup`
        <section>${figure(each)}</section>
      `
    )
  }
<section>
<h2>Runs</h2>
${runsTable(subjects, linked)}
</section>
<section>
<h2>What differs</h2>
${differences(subjects)}
</section>
${
    linked
      ? undefined
      : markup`<p class="quiet">Everything about one of them: <code>glovita_report RUN</code></p>`
  }`;
}

function runsTable(subjects: readonly Subject[], linked: boolean): Html {
  const common = commonMetric(subjects);
  const numbers = subjects.map((subject) =>
    new Map(headlineNumbers(subject).map((each) => [each.name, each]))
  );
  const all = [...new Set(numbers.flatMap((each) => [...each.keys()]))];
  const names = [...new Set([...common === undefined ? [] : [common], ...all])].slice(
    0,
    MOST_METRICS + 1,
  );
  return table({
    id: "runs",
    sortable: true,
    columns: ["run", "dataset", "encoder", "head", "split", "n", ...names, "epochs", "time"],
    rows: subjects.map((subject, at): TableCell[] => {
      const { name, dataset, runs, split, evaluation } = subject;
      const [{ summary }] = runs;
      const epochs = runs.reduce((sum, { summary: { epochs } }) => sum + epochs, 0);
      const seconds = runs.reduce((sum, { summary: { seconds = NaN } }) => sum + seconds, 0);
      return [
        linked ? markup`<a href="#run-${at}">${name}</a>` : markup`${name}`,
        dataset,
        summary.encoder ?? "",
        summary.head ?? "",
        split ?? "",
        {
          value: evaluation?.n.samples ?? null,
          show: evaluation === undefined ? "" : count(evaluation.n.samples),
        },
        ...names.map((metric): TableCell => {
          const found = numbers[at].get(metric);
          if (found === undefined) return { value: null, show: "–" };
          const { value, sd } = found;
          const show = sd === undefined
            ? markup`${valueOf(found)} <small>${intervalOf(found)}</small>`
            : meanAndSd(value, sd);
          return { value, show };
        }),
        epochs,
        {
          value: Number.isNaN(seconds) ? null : seconds,
          show: Number.isNaN(seconds) ? "–" : duration(seconds),
        },
      ];
    }),
  });
}

function differences(subjects: readonly Subject[]): Html {
  const found = configDifferences(subjects.map(({ runs: [{ config }] }) => config));
  if (found.length === 0) return markup`<p>Their configs are the same.</p>`;
  const names = subjects.map(({ name }) => name);
  const cell = (value: string | undefined): TableCell => markup`<code>${value ?? "–"}</code>`;
  if (subjects.length <= MOST_COLUMNS) {
    return table({
      columns: ["field", ...names],
      rows: found.map(({ path, values }) => [markup`<code>${path}</code>`, ...values.map(cell)]),
    });
  }
  return table({
    columns: ["run", ...found.map(({ path }) => path)],
    rows: names.map((
      name,
      at,
    ) => [markup`${name}`, ...found.map(({ values }) => cell(values[at]))]),
  });
}
