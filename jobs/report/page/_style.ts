/** Look of the page. Colours of charts that must suit light and dark are those of `charts/svg.ts`. */

/** The style sheet. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1a1a1a; --quiet: #555; --page: #fff; --line: #e5e5e5; --soft: #f5f5f3; --link: #00578a; --blue: #0072b2; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #ececec; --quiet: #b5b5b5; --page: #161616; --line: #3a3a3a; --soft: #212121; --link: #7cc4f0; --blue: #4fa8e0; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 65rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 0 0 .75rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 0; }
p { margin: .5rem 0; max-width: 46rem; }
p, li, dd, figcaption { overflow-wrap: anywhere; }
a { color: var(--link); }
section { margin-top: 2.5rem; }
article + article { margin-top: 4rem; border-top: 2px solid var(--line); padding-top: 2rem; }
.quiet, figcaption, small { color: var(--quiet); }
small { font-size: .85em; white-space: nowrap; }
code, pre { font: .85em/1.5 ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace; }
code { overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .75rem 1rem; border-radius: .4rem; overflow-x: auto; margin: .5rem 0; }
.headline { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .8rem; margin: 1.25rem 0 .25rem; }
.headline b { font-size: 3.25rem; line-height: 1.1; font-weight: 650; letter-spacing: -.02em; }
.headline span { font-size: 1.25rem; color: var(--quiet); white-space: nowrap; }
.headline .name { color: var(--ink); }
.numbers { display: grid; grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr)); gap: .6rem 1.25rem; margin: 1.25rem 0; padding: 0; }
.numbers div { border-top: 1px solid var(--line); padding-top: .35rem; }
.numbers dt { color: var(--quiet); font-size: .85rem; overflow-wrap: anywhere; }
.numbers dd { margin: 0; white-space: nowrap; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 2rem 1.5rem; }
figure { margin: 0; min-width: 0; }
figcaption { font-size: .9rem; margin: .15rem 0 .25rem; max-width: 46rem; }
figure svg { display: block; max-width: 100%; height: auto; }
figure .phone { display: none; }
@media (max-width: 32rem) {
  figure .wide { display: none; }
  figure .phone { display: block; }
  .headline b { font-size: 2.6rem; }
  main { padding: 1rem .75rem 3rem; }
  .numbers { grid-template-columns: 1fr; gap: .2rem; }
  .numbers div { display: flex; justify-content: space-between; gap: .75rem; align-items: baseline; }
}
svg [fill="#1a1a1a"], svg [fill="#000000"] { fill: var(--ink); }
svg [stroke="#1a1a1a"], svg [stroke="#000000"] { stroke: var(--ink); }
svg [fill="#0072b2"] { fill: var(--blue); }
svg [stroke="#0072b2"] { stroke: var(--blue); }
svg [fill="#555555"] { fill: var(--quiet); }
svg [stroke="#555555"] { stroke: var(--quiet); }
svg [stroke="#e5e5e5"] { stroke: var(--line); }
details { margin: .35rem 0; }
summary { cursor: pointer; color: var(--quiet); font-size: .9rem; width: fit-content; }
.scroll { overflow-x: auto; max-width: 100%; }
details .scroll { max-height: 24rem; overflow-y: auto; }
table { border-collapse: collapse; font-size: .9rem; margin: .4rem 0; }
th { text-align: left; font-weight: 600; vertical-align: bottom; white-space: nowrap; }
th, td { padding: .25rem 1.1rem .25rem 0; border-bottom: 1px solid var(--line); }
td { vertical-align: top; white-space: nowrap; }
th.number, td.number { text-align: right; }
td.text { white-space: normal; overflow-wrap: anywhere; min-width: 11rem; max-width: 22rem; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: inherit; }
th button::after { content: " \\2195"; color: var(--quiet); font-weight: 400; }
th[aria-sort="ascending"] button::after { content: " \\2191"; }
th[aria-sort="descending"] button::after { content: " \\2193"; }
.dot { display: inline-block; width: .65em; height: .65em; border-radius: 50%; margin-right: .5em; }
.dot[style*="#0072b2"] { background: var(--blue) !important; }
.dot[style*="#000000"] { background: var(--ink) !important; }
input { font: inherit; color: inherit; background: transparent; border: 1px solid var(--quiet); border-radius: .3rem; padding: .15rem .5rem; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; margin: .5rem 0; font-size: .9rem; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
@media (max-width: 32rem) { .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: .4rem; } }
@media print {
  :root { color-scheme: light; }
  body { font-size: 10.5pt; }
  main { max-width: none; padding: 0; }
  section { break-before: page; margin-top: 0; }
  figure, tr { break-inside: avoid; }
  .pair { grid-template-columns: 1fr 1fr; }
  details, label.filter { display: none; }
  .scroll { overflow: visible; }
  table { font-size: 8pt; }
  th, td { padding-right: .6rem; }
  th button::after { content: ""; }
  * { print-color-adjust: exact; }
}
`;

/** Sorts and filters tables. */
export const SCRIPT = `
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "descending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const keyOf = (row) => {
        const { dataset: { value }, textContent } = row.cells[column];
        return value === undefined ? textContent : value === "" ? -Infinity : Number(value);
      };
      const compare = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
      const rows = [...body.rows].sort((a, b) => (up ? 1 : -1) * compare(keyOf(a), keyOf(b)));
      body.append(...rows);
    });
  });
}
for (const input of document.querySelectorAll("input[data-table]")) {
  const rows = document.getElementById(input.dataset.table).tBodies[0].rows;
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    for (const row of rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted);
  });
}
`;
