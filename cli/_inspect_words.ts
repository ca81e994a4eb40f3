/** Facts of an inspection in words. */
import { SPLIT_NAMES } from "../engine/data/data.ts";
import type {
  ClassCounts,
  FeatureFileInspection,
  SampleCount,
  SplitCounts,
  Spread,
  StoredDataset,
  TargetFacts,
  ValueScan,
} from "../jobs/inspect/inspection.ts";
import { type Cell, factLines, formatNumber, textTable } from "./text_table.ts";

/** A name and a fact, which is left out where it is `undefined`. */
export type ShownFact = readonly [name: string, fact: string | undefined];

/** Most classes that are listed. */
const MOST_CLASSES = 30;

/** A number and its noun. */
export function counted(count: number, noun: string): string {
  return `${formatNumber(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** How rows form samples. */
export function formOf(layout: NonNullable<FeatureFileInspection["layout"]>): string {
  return { instance: "instances", fixed_bags: "bags of one size", variable_bags: "bags" }[layout];
}

/** Dimensions as NumPy writes them. */
export function shapeOf(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

/** How a dataset is stored. */
export function storageOf({ chunks, filters, dtype }: StoredDataset): string {
  if (["text", "group", "unreadable"].includes(dtype)) return "";
  const pieces = chunks === undefined ? "in one piece" : `chunks ${shapeOf(chunks)}`;
  return filters.length === 0 ? pieces : `${pieces}, ${filters.join(", ")}`;
}

/** Instances per bag. */
export function spreadIn(spread: Spread | undefined, what: string): string | undefined {
  if (spread === undefined) return undefined;
  const { min, median, max, total } = spread;
  return `${formatNumber(total)} in all; per ${what}: min ${formatNumber(min)}, median ` +
    `${formatNumber(median)}, max ${formatNumber(max)}`;
}

/** NaN and Inf. */
export function valuesIn(scan: ValueScan | undefined): string | undefined {
  if (scan === undefined) return "not read";
  const { rows, nanRows, infRows } = scan;
  const read = `${counted(rows, "row")} read`;
  if (nanRows + infRows === 0) return `${read}, no NaN, no Inf`;
  return `${read}, ${formatNumber(nanRows)} with NaN, ${formatNumber(infRows)} with Inf`;
}

/** Classes, with samples and patients in each split. */
export function targetLines(targets: TargetFacts | undefined, noun: string): string[] {
  if (targets === undefined) return [];
  const { subtask, classes, values, total } = targets;
  const sides = SPLIT_NAMES.filter((name) => total[name] !== undefined);
  const columns = ["all", ...sides] as const;
  const groups: readonly (keyof SampleCount)[] = total.all.patients === undefined
    ? ["samples"]
    : ["samples", "patients"];
  const cells = (counts: SplitCounts): Cell[] =>
    groups.flatMap((group) =>
      columns.map((name) => counts[name]?.[group] ?? (counts === total ? undefined : 0))
    );
  const titles = groups.flatMap((group) =>
    columns.map((name) => {
      const word = group === "samples" ? noun : group;
      return name === "all" ? word : name;
    })
  );
  const word = subtask === "multilabel" ? "label" : "class";
  const shown: readonly ClassCounts[] = classes.slice(0, MOST_CLASSES);
  const rows = shown.map((each) => [each.name, ...cells(each)]);
  const hidden = classes.length - shown.length;
  const head = subtask === "regression" ? "" : word;
  const table = textTable([[head, ...titles], ...rows, ["all", ...cells(total)]], 2);
  const spreads = Object.entries(values).map(([name, { min, median, max }]): ShownFact => [
    name,
    `min ${formatNumber(min)}, median ${formatNumber(median)}, max ${formatNumber(max)}`,
  ]);
  return [
    "",
    ...table,
    ...hidden > 0 ? [`  … and ${counted(hidden, `other ${word}`)}`] : [],
    ...spreads.length > 0 ? ["", ...factLines(spreads, 2)] : [],
  ];
}
