/**
 * The report as a page: one HTML file that needs nothing else.
 * @module
 */
import type { ReportFacts } from "../facts.ts";
import type { DrawnFigure } from "../figures/figure.ts";
import { comparison } from "./_comparison.ts";
import { describe } from "./_head.ts";
import { Html, markup } from "./markup.ts";
import { SCRIPT, STYLE } from "./_style.ts";
import { type DrawnSubject, subjectArticle } from "./_subject.ts";

/** What a page shows. */
export interface ReportPage extends ReportFacts {
  /** Figures that compare the subjects. */
  readonly compared: readonly DrawnFigure[];
  /** The figures of each subject; none where there are too many subjects. */
  readonly figures: readonly (readonly DrawnFigure[])[];
  /** Version of glovita. */
  readonly version: string;
}

/** Nothing comes from elsewhere, and nothing goes there. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/**
 * Writes the page.
 * @param page What it shows.
 * @returns The text of an HTML file.
 */
export function reportPage(
  { title, subjects, notices, compared, figures, version }: ReportPage,
): string {
  const single = subjects.length === 1;
  const drawn = subjects.flatMap((subject, at): DrawnSubject[] =>
    figures[at] === undefined ? [] : [{ subject, figures: figures[at] }]
  );
  const level = single ? 1 : 2;
  const name = single ? `${describe(subjects[0])} (${title})` : title;
  const notes = notices.map((line) => markup`<li>${line}</li>`);
  return markup`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="generator" content="glovita ${version}">
<title>${name}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
${single ? undefined : markup`<h1>${title}</h1>`}
${single ? undefined : comparison(subjects, compared, drawn.length > 0)}
${drawn.map((each, at) => subjectArticle(each, { at, level }))}
${notes.length > 0 ? markup`<section><h2>Notes</h2><ul>${notes}</ul></section>` : undefined}
</main>
<script>${new Html(SCRIPT)}</script>
</body>
</html>
`.text;
}
