/**
 * Rows that speak of one slide.
 * @module
 */
import { DataError } from "../errors.ts";
import { shown } from "../storage/table.ts";
import type { SlideFile } from "./find_slides.ts";
import type { Refuse } from "./refuse.ts";
import { sameLabels, shownLabels, type SlideRow, type SlideTable } from "./slide_table.ts";

/** A row and the files that its id may mean. */
export interface Matched {
  readonly row: SlideRow;
  readonly files: readonly SlideFile[];
}

/** Each slide once. */
export interface Unique {
  readonly rows: readonly Matched[];
  readonly notices: readonly string[];
}

/**
 * Leaves out rows that repeat others: rows that speak of the same file must say the same of it.
 * @param all The rows.
 * @param table Where they stand.
 * @param refuse Takes contradictions.
 */
export function withoutRepeats(
  all: readonly Matched[],
  { file }: SlideTable,
  refuse: Refuse,
): Unique {
  const first = new Map<string, Matched>();
  const rows: Matched[] = [];
  let repeated = 0;
  for (const matched of all) {
    const { row } = matched;
    const key = matched.files[0]?.path ?? `\0${row.slide}`;
    const before = first.get(key)?.row;
    if (before === undefined) {
      first.set(key, matched);
      rows.push(matched);
      continue;
    }
    repeated++;
    const difference = differenceOf(before, row);
    if (difference === undefined) continue;
    const [what, one, other] = difference;
    refuse(
      new DataError(
        `Cannot use "${file}": it gives slide ${shown(row.slide)} the ${what} ${one} ` +
          `(${before.place}) and ${other} (${row.place})`,
        { file },
      ),
    );
  }
  const notices = repeated === 0
    ? []
    : [`${repeated} rows of "${file}" repeat what another row says of the same slide`];
  return { rows, notices };
}

/** In what two rows of one slide differ. */
function differenceOf(
  one: SlideRow,
  other: SlideRow,
): readonly [what: string, one: string, other: string] | undefined {
  if (!sameLabels(one.labels, other.labels)) {
    return ["labels", shownLabels(one.labels), shownLabels(other.labels)];
  }
  if (one.patient !== other.patient) {
    return ["patients", shown(one.patient), shown(other.patient)];
  }
  if (one.split === other.split) return undefined;
  return ["splits", shown(one.split ?? ""), shown(other.split ?? "")];
}
