/**
 * The plot as a page: one HTML file that needs no network, and says what each point is.
 * @module
 */
import { escapeXml } from "../charts/svg.ts";
import type { UmapChart } from "./chart.ts";

/**
 * Puts a drawn chart into a page. Pointing at a point, or typing its id, shows what it is.
 * @param chart What is drawn.
 * @param svg The drawing, without a background.
 * @returns The text of an HTML file.
 */
export function umapPage(
  { title, subtitle, description, groups, points }: UmapChart,
  svg: string,
): string {
  const facts = points.map(({ id, facts }) => [id, ...facts]);
  const named = groups.map(({ name, size, color }) => ({
    size: size.toLocaleString("en-US"),
    name: `<span class="dot" style="background:${color}"></span>${escapeXml(name)}`,
  }));
  const legend = named.slice(0, MOST_NAMES).map(({ name }) => `<li>${name}</li>`);
  if (named.length > legend.length) legend.push("<li>…</li>");
  const rows = named.map(({ name, size }) => `<tr><td>${name}</td><td>${size}</td></tr>`);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${escapeXml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escapeXml(title)}</h1>
<p class="quiet">${escapeXml(subtitle)}</p>
<ul>${legend.join("")}</ul>
<figure>${svg}</figure>
<form><label>Find a sample <input id="id" type="search" autocomplete="off"></label>
<output id="facts">Point at a sample to see what it is.</output></form>
<details><summary>Numbers</summary>
<p>${escapeXml(description)}</p>
<table><caption>${escapeXml(subtitle)}</caption>
<thead><tr><th>Colour</th><th>Points</th></tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table></details>
</main>
<div id="tip" hidden></div>
<script id="data" type="application/json">${scriptJson(facts)}</script>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** Most names of a legend; the table has all of them. */
const MOST_NAMES = 40;

/** Nothing comes from elsewhere, and nothing goes there. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/** JSON that cannot end the element that it stands in. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1a1a1a; --quiet: #555; --page: #fff; --rim: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eee; --quiet: #b5b5b5; --page: #161616; --rim: #161616; }
  svg path[fill="#000000"], .dot[style*="#000000"] { fill: #eee; background: #eee !important; }
}
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 1rem; }
figure { margin: 0; }
svg { display: block; width: 100%; height: auto; max-height: 85vh; touch-action: manipulation; }
svg text { fill: var(--ink); }
@media (max-width: 36rem) { svg text { font-size: 22px; } }
h1 { font-size: 1.3rem; margin: 0; overflow-wrap: anywhere; }
.quiet { margin: 0; color: var(--quiet); }
ul { display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; margin: .5rem 0; padding: 0; list-style: none; }
svg .rims_marks text { fill: var(--rim); stroke: var(--rim); }
svg .ring { fill: none; stroke: var(--ink); stroke-width: 1.5; pointer-events: none; }
form { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: baseline; margin: .75rem 0; }
input { font: inherit; color: inherit; background: transparent; border: 1px solid var(--quiet);
  border-radius: .3rem; padding: .15rem .5rem; max-width: 16rem; }
output { color: var(--quiet); overflow-wrap: anywhere; }
summary { cursor: pointer; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--quiet); white-space: nowrap; }
th, td { padding: .15rem 1.5rem .15rem 0; text-align: left; }
th:last-child, td:last-child { text-align: right; padding-right: 0; }
.dot { display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .5em; }
#tip { position: fixed; width: max-content; max-width: min(20rem, 85vw); padding: .3rem .6rem; border-radius: .3rem;
  background: var(--ink); color: var(--page); pointer-events: none; overflow-wrap: anywhere; }
@media print { form { display: none; } :root { --ink: #000; --page: #fff; --rim: #fff; } }
`;

const SCRIPT = `
const facts = JSON.parse(document.getElementById("data").textContent);
const marks = [...document.querySelectorAll(".points_marks path")];
const layer = document.querySelector(".points_marks");
const places = marks.map((mark) => {
  const { e, f } = mark.transform.baseVal.consolidate().matrix;
  return [e, f];
});
const tip = document.getElementById("tip");
const output = document.getElementById("facts");
const ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
ring.setAttribute("class", "ring");
ring.setAttribute("r", "6");
function show(index) {
  if (index < 0) {
    ring.remove();
    tip.hidden = true;
    return;
  }
  const [x, y] = places[index];
  ring.setAttribute("cx", x);
  ring.setAttribute("cy", y);
  layer.append(ring);
  const text = facts[index].join(" · ");
  output.textContent = text;
  tip.textContent = text;
  tip.hidden = false;
  const at = new DOMPoint(x, y).matrixTransform(layer.getScreenCTM());
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(at.x + 12, document.documentElement.clientWidth - width - 4)) + "px";
  tip.style.top = Math.max(4, at.y > height + 16 ? at.y - height - 12 : at.y + 12) + "px";
}
function nearest(event) {
  const at = new DOMPoint(event.clientX, event.clientY)
    .matrixTransform(layer.getScreenCTM().inverse());
  let best = -1;
  let least = 12 ** 2;
  places.forEach(([x, y], index) => {
    const distance = (x - at.x) ** 2 + (y - at.y) ** 2;
    if (distance <= least) [best, least] = [index, distance];
  });
  return best;
}
const svg = document.querySelector("figure svg");
svg.addEventListener("pointermove", (event) => show(nearest(event)));
svg.addEventListener("pointerdown", (event) => show(nearest(event)));
svg.addEventListener("pointerleave", () => show(-1));
const find = document.getElementById("id");
find.addEventListener("input", () => {
  const index = facts.findIndex(([id]) => id === find.value.trim());
  show(index);
  if (index < 0) output.textContent = find.value === "" ? "" : "No sample has this id.";
});
find.form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("keydown", (event) => {
  if (event.key === "Escape") show(-1);
});
addEventListener("scroll", () => show(-1));
`;
