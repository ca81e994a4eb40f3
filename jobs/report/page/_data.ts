/** What a run was trained on. */
import type { Predictions } from "../../../engine/data/predictions.ts";
import type { SplitSummary } from "../../../engine/data/split_summary.ts";
import { isPlainObject } from "../../../registry/config/objects.ts";
import type { RunFacts, SplitName, Subject } from "../facts.ts";
import { count } from "../numbers.ts";
import { type Html, type HtmlPart, markup } from "./markup.ts";
import { factList, table, type TableCell } from "./_table.ts";

/** More rows than these are folded away. */
const FILTERED = 30;
/** Splits in the order of their table. */
const SPLITS: readonly SplitName[] = ["val", "test"];

/**
 * Writes where data comes from, and what it consists of.
 * @param subject The run, or the group of folds, of which the first is told.
 */
export function dataSection({ runs, dataset }: Subject): Html {
  const [{ info, splits }] = runs;
  const data = isPlainObject(info.data) ? info.data : {};
  const samples = Object.entries(data).flatMap(([split, facts]) => {
    const recorded = isPlainObject(facts) && typeof facts.samples === "number"
      ? facts.samples
      : undefined;
    return recorded === undefined ? [] : [`${count(recorded)} ${split}`];
  });
  const known = SPLITS.filter((split) => splits[split]?.predictions?.labels !== undefined);
  const recorded = recordedSplits(runs[0].info).flatMap(({ name, patients }) =>
    patients === undefined ? [] : [`${count(patients)} ${name}`]
  );
  const people = recorded.length > 0 ? recorded : known.flatMap((split) => {
    const patients = splits[split]!.predictions!.patients;
    return patients === undefined ? [] : [`${count(new Set(patients).size)} ${split}`];
  });
  const of = runs.length > 1 ? ` (fold ${runs[0].summary.fold})` : "";
  return markup`
    <section>
      <h2>Data</h2>
    ${
    factList([
      ["dataset", dataset],
      [`samples${of}`, samples.length > 0 ? samples.join(", ") : undefined],
      [`patients${of}`, people.length > 0 ? people.join(", ") : undefined],
      [`instances per bag${of}`, bagLengths(runs[0].info)],
      ...dataFields(runs[0]),
    ])
  }
    ${countsTable(runs[0], known)}
    </section>
  `;
}

/** Fields of the config that say where data comes from. */
function dataFields({ config }: RunFacts): [string, HtmlPart][] {
  const data = isPlainObject(config.data) ? config.data : {};
  return Object.entries(data).flatMap(([name, value]): [string, HtmlPart][] => {
    if (name === "dataset" || value === null || typeof value === "object") return [];
    return [[name, markup`<code>${String(value)}</code>`]];
  });
}

/** Samples of each class, split by split: as the run has recorded them, else those it predicted. */
function countsTable({ splits, info }: RunFacts, known: readonly SplitName[]): HtmlPart {
  const [first] = known;
  const predictions = splits[first]?.predictions;
  if (predictions === undefined || predictions.subtask === "regression") return undefined;
  const { subtask, numClasses, classNames } = predictions;
  const columns = recordedSplits(info).flatMap(({ name, class_counts }) =>
    class_counts?.length === numClasses ? [{ name, counts: class_counts }] : []
  );
  if (columns.length === 0) {
    columns.push(
      ...known.map((name) => ({ name, counts: countLabels(splits[name]!.predictions!) })),
    );
  }
  const rows = Array.from({ length: numClasses }, (_, c): TableCell[] => [
    markup`${classNames?.[c] ?? String(c)}`,
    ...columns.map(({ counts }) => counts[c]),
  ]);
  const head = subtask === "multiclass" ? "class" : "label";
  const all = table({ columns: [head, ...columns.map(({ name }) => name)], rows });
  return rows.length > FILTERED
    ? markup`<details><summary>Samples by class</summary>${all}</details>`
    : all;
}

function countLabels({ labels, subtask, numClasses }: Predictions): number[] {
  const counts = new Array<number>(numClasses).fill(0);
  labels!.values.forEach((value, at) => {
    if (subtask === "multiclass") counts[value]++;
    else if (value > 0.5) counts[at % numClasses]++;
  });
  return counts;
}

/** A split as the run has recorded it. */
interface RecordedSplit extends Partial<SplitSummary> {
  readonly name: string;
}

function recordedSplits(info: RunFacts["info"]): RecordedSplit[] {
  const { splits } = info;
  if (!isPlainObject(splits)) return [];
  return Object.entries(splits).flatMap(([name, facts]) =>
    isPlainObject(facts) ? [{ ...facts as Partial<SplitSummary>, name }] : []
  );
}

/** Instances per bag, split by split. */
function bagLengths(info: RunFacts["info"]): string | undefined {
  const all = recordedSplits(info).flatMap(({ name, instances }) =>
    instances
      ? [
        `${count(instances.min)} to ${count(instances.max)}, median ${
          count(instances.median)
        } (${name})`,
      ]
      : []
  );
  return all.length > 0 ? all.join("; ") : undefined;
}
