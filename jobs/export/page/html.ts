/**
 * The HTML of a page: its frame and its look. What happens in it is `page.js`.
 * @module
 */
import { escapeXml } from "../../charts/svg.ts";
import type { PageAbout } from "./about.ts";

/** What a page is for. */
export type PageTask = "predict" | "train";

const WHAT: { readonly [I in PageAbout["input"]]: string } = {
  images: "images",
  features: "features",
  bags: "slides",
};

/** Nothing comes from elsewhere, and nothing goes there. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "connect-src 'self' blob:",
  "img-src 'self' blob: data:",
  "style-src 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/**
 * Writes an HTML file.
 * @param about What the page knows of its model.
 * @param task What the page is for.
 */
export function pageHtml(about: PageAbout, task: PageTask): string {
  const what = WHAT[about.input];
  const title = task === "predict" ? `Predict ${what}` : `Train on ${what}`;
  const several = about.models === 1 ? "" : `, the mean of ${about.models} models`;
  const links = about.train === undefined ? "" : [
    ["index.html", "Predict", task === "predict"] as const,
    ["train.html", "Train", task === "train"] as const,
  ].map(([href, text, here]) =>
    `<a href="${href}"${here ? ' aria-current="page"' : ""}>${text}</a>`
  )
    .join("");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${title} · ${escapeXml(about.run)}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
<script type="module" src="page.js"></script>
</head>
<body data-task="${task}">
<main>
<header>
<h1>${title}</h1>
<p class="quiet">Model <b>${
    escapeXml(about.run)
  }</b>${several}. Your files stay on this device: everything is
computed in this page.</p>
<p id="device" class="quiet"></p>
${links && `<nav aria-label="Pages">${links}</nav>`}
</header>
<p id="status" role="status">Loading the page. If this line stays, the page was opened as a file:
serve its folder, for example with <code>deno task serve DIR</code>.</p>
<progress id="progress" max="1" aria-label="Progress" hidden></progress>
<div id="content"></div>
</main>
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1a1a1a; --quiet: #555; --page: #fff; --line: #dcdcdc;
  --soft: #f5f5f3; --shade: #0003; --link: #00578a; --blue: #0072b2; --orange: #b34700; --on: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ececec; --quiet: #b5b5b5; --page: #161616; --line: #3a3a3a; --soft: #222; --shade: #fff3;
    --link: #7cc4f0; --blue: #4fa8e0; --orange: #f0a35e; --on: #10202b; }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 68rem; margin: 0 auto; padding: 1.25rem 1rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; overflow-wrap: anywhere; }
p { margin: .5rem 0; max-width: 46rem; overflow-wrap: anywhere; }
a { color: var(--link); }
nav { display: flex; gap: 1rem; margin: .5rem 0; }
nav a[aria-current] { color: var(--ink); text-decoration: none; font-weight: 600; }
.quiet, small { color: var(--quiet); }
.error { color: var(--orange); font-weight: 600; }
code { font: .9em ui-monospace, "DejaVu Sans Mono", monospace; }
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; }
button, input, select { font: inherit; color: inherit; }
button { background: var(--soft); border: 1px solid var(--quiet); border-radius: .4rem;
  padding: .35rem .8rem; cursor: pointer; min-height: 2.5rem; }
button.main { background: var(--blue); border-color: var(--blue); color: var(--on); font-weight: 600; }
button:disabled { opacity: .55; cursor: not-allowed; }
input, select { background: var(--page); border: 1px solid var(--quiet); border-radius: .3rem;
  padding: .3rem .5rem; min-height: 2.5rem; }
input[type="range"] { padding: 0; border: 0; width: min(16rem, 60vw); vertical-align: middle; }
input[type="number"] { width: 7rem; }
.drop { display: block; width: 100%; border: 2px dashed var(--quiet); border-radius: .6rem;
  background: var(--soft); padding: 1.5rem 1rem; text-align: center; margin: 1rem 0; }
.drop.over { border-color: var(--blue); border-style: solid; }
.drop b { display: block; }
progress { width: 100%; height: .6rem; accent-color: var(--blue); }
.row { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center; margin: .75rem 0; }
.row label { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; }
.scroll { overflow: auto; max-width: 100%; max-height: 28rem; border-bottom: 1px solid var(--line);
  /* A shade at an edge behind which there is more. */
  background: linear-gradient(to right, var(--page) 40%, transparent) left / 2rem 100% no-repeat local,
    linear-gradient(to left, var(--page) 40%, transparent) right / 2rem 100% no-repeat local,
    linear-gradient(to right, var(--shade), transparent) left / .75rem 100% no-repeat,
    linear-gradient(to left, var(--shade), transparent) right / .75rem 100% no-repeat; }
table { border-collapse: collapse; font-size: .9rem; min-width: min(100%, 20rem); }
th { text-align: left; font-weight: 600; white-space: nowrap; position: sticky; top: 0;
  background: var(--page); }
th, td { padding: .3rem clamp(.4rem, 1.5vw, 1rem) .3rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th.number, td.number { text-align: right; }
th button { background: none; border: 0; padding: .1rem; min-height: 0; font-weight: 600; }
th button::after { content: " \\2195"; color: var(--quiet); font-weight: 400; }
th[aria-sort="ascending"] button::after { content: " \\2191"; }
th[aria-sort="descending"] button::after { content: " \\2193"; }
td button { min-height: 1.75rem; padding: 0 .5rem; }
tr[aria-selected="true"] td { background: var(--soft); font-weight: 600; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr));
  gap: 1rem; margin: 1rem 0; }
.card { border: 1px solid var(--line); border-radius: .6rem; padding: .75rem; min-width: 0; }
.card img { display: block; width: 100%; height: 11rem; object-fit: contain; background: var(--soft); }
.card h3 { font-size: 1rem; margin: .5rem 0; overflow-wrap: anywhere; }
.bar { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 .5rem; font-size: .9rem; }
.bar span { overflow-wrap: anywhere; }
.bar i { grid-column: 1 / -1; height: .5rem; border-radius: .2rem; background: var(--line); }
.bar i::before { content: ""; display: block; height: 100%; width: var(--share); min-width: 1px;
  border-radius: .2rem; background: var(--blue); }
.map { position: relative; border: 1px solid var(--line); background: #fff; }
.map canvas { display: block; width: 100%; height: min(60vh, 32rem, 95vw); touch-action: none; cursor: grab; }
.legend { display: flex; align-items: center; gap: .5rem; font-size: .85rem; color: var(--quiet); }
.legend canvas { width: 11rem; height: .8rem; }
.chart { width: 100%; height: auto; display: block; }
.chart text { fill: var(--quiet); font-size: 12px; }
.chart .grid { stroke: var(--line); }
.chart .train { stroke: var(--blue); fill: none; stroke-width: 2; }
.chart .val { stroke: var(--orange); fill: none; stroke-width: 2; stroke-dasharray: 6 3; }
.chart text.train { fill: var(--blue); stroke: none; } .chart text.val { fill: var(--orange); stroke: none; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem; }
figure { margin: 0; } figcaption { font-weight: 600; }
`;
