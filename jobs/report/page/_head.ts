/** First screen of a run: what it is, its numbers, how it went, how to repeat it. */
import { getAt, type PlainObject } from "../../../registry/config/objects.ts";
import { type HeadlineNumber, headlineNumbers, type Subject } from "../facts.ts";
import {
  alignDecimals,
  count,
  intervalOf,
  meanAndSd,
  plain,
  valueOf,
  withInterval,
} from "../numbers.ts";
import { type Html, type HtmlPart, markup } from "./markup.ts";

const SPLITS = { test: "test", val: "validation" } as const;

/**
 * Names a run by what it is made of.
 * @param subject The run or group.
 */
export function describe({ dataset, runs: [{ config, summary }] }: Subject): string {
  const encoder = summary.encoder ?? textAt(config, "model", "encoder", "encoder_type");
  return `${dataset}: ${[summary.head, encoder && `on ${encoder}`].filter(Boolean).join(" ")}`;
}

/**
 * Writes the first screen of a run.
 * @param subject The run or group.
 * @param level Level of its heading.
 */
export function head(subject: Subject, level: 1 | 2): Html {
  const { name, runs: [{ config }] } = subject;
  const method = textAt(config, "peft", "method");
  const title = describe(subject);
  const words = [name, method, subject.runs.length > 1 ? `${subject.runs.length} folds` : ""];
  return markup`
    <header>
    ${level === 1 ? markup`<h1>${title}</h1>` : markup`<h2>${title}</h2>`}
    <p class="quiet">${words.filter(Boolean).join(" · ")}</p>
    ${numbers(subject)}
    <p>${verdict(subject)}</p>
    <p class="quiet">To repeat it:</p>
    <pre>${repeatCommand(subject)}</pre>
    </header>
  `;
}

function numbers(subject: Subject): HtmlPart {
  const { evaluation, split, folds } = subject;
  if (evaluation === undefined || split === undefined) {
    return markup`<p><strong>Not evaluated:</strong> there is no table of predictions with labels.
<code>glovita_infer --exp_dir ${word(subject.path)}</code> predicts with its checkpoints.</p>`;
  }
  const [first, ...others] = headlineNumbers(subject);
  const { unit, units, resamples, level } = evaluation.bootstrap;
  const { samples, patients } = evaluation.n;
  const people = patients === undefined ? "" : ` of ${count(patients)} patients`;
  const times = isOneSplit(subject.predictions) ? subject.predictions.length : 1;
  const repeated = times > 1
    ? `, each predicted by all ${times} folds; the figures show all ${count(samples)} predictions`
    : "";
  const how = folds === undefined
    ? `Brackets are ${percent(level)} intervals of ${count(resamples)} bootstrap resamples of ` +
      `${count(units)} ${unit}.`
    : `Mean ± standard deviation over ${folds.folds} folds; of all folds together, ${first.name} ` +
      `is ${withInterval(folds.metrics[first.name].pooled)} (${percent(level)} bootstrap).`;
  const values = alignDecimals(
    others.map((each) => each.sd === undefined ? valueOf(each) : meanAndSd(each.value, each.sd)),
  );
  return markup`<p class="headline"><span class="name">${first.name}</span> ${large(first)}</p>
<p>on ${count(samples / times)} ${SPLITS[split]} samples${people}${repeated}. ${how}</p>
<dl class="numbers">${
    others.map((each, at) =>
      markup`
        <div>
          <dt>${each.name}</dt>
          <dd>${values[at].trimEnd()} <small>${
        each.sd === undefined ? intervalOf(each) : ""
      }</small></dd>
        </div>
      `
    )
  }</dl>`;
}

/** Whether all folds predict the same samples, which do not become more by that. */
function isOneSplit([first, ...others]: Subject["predictions"]): boolean {
  return others.length > 0 &&
    others.every(({ ids, labels }) =>
      ids.length === first.ids.length && ids.every((id, at) => id === first.ids[at]) &&
      labels?.values.every((label, at) => label === first.labels?.values[at])
    );
}

/** The number in large digits, and beside it how far it can be trusted. */
function large(first: HeadlineNumber): Html {
  if (first.sd === undefined) {
    return markup`<b>${valueOf(first)}</b> <span>${intervalOf(first)}</span>`;
  }
  const [mean, ...deviation] = meanAndSd(first.value, first.sd).split(" ");
  return markup`<b>${mean}</b> <span>${deviation.join(" ")}</span>`;
}

function percent(level: number): string {
  return `${plain(100 * level)}%`;
}

/** How the run went, in a line. */
function verdict({ runs }: Subject): string {
  const [{ summary, path }] = runs;
  if (runs.length > 1) {
    const finished = runs.filter(({ summary: { state } }) => state === "finished").length;
    const epochs = runs.reduce((sum, { summary: { epochs } }) => sum + epochs, 0);
    const planned = Math.max(runs.length, summary.folds);
    return `${finished} of ${planned} folds finished, ${count(epochs)} epochs in all.`;
  }
  const { state, epochs, planned = epochs, best, seconds } = summary;
  const chosen = best === undefined
    ? ""
    : ` Best ${best.metric}: ${plain(best.value)} in epoch ${
      best.epoch + 1
    }; its weights are shown.`;
  const time = seconds === undefined ? "" : ` in ${duration(seconds)}`;
  const resumed = seconds === undefined
    ? " Time was not measured, as in runs that were resumed."
    : "";
  switch (state) {
    case "finished":
      return epochs < planned
        ? `Stopped early after epoch ${epochs} of ${planned}${time}.${chosen}${resumed}`
        : `Finished after ${epochs} epoch${epochs === 1 ? "" : "s"}${time}.${chosen}${resumed}`;
    case "training":
      return `Training: ${epochs} of ${planned} epochs are done.${chosen}`;
    case "unfinished":
      return `Unfinished: ${epochs} of ${planned} epochs are done; ` +
        `glovita_train --training.resume ${word(path)} goes on.${chosen}`;
    case "damaged":
      return `Damaged: ${summary.problem ?? "its files cannot be read"}.`;
  }
}

/**
 * Writes a time.
 * @param seconds The time.
 */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** What trains the same again, in a group of its own. */
function repeatCommand({ runs: [{ path }], name }: Subject): string {
  const group = `${name.replace(/\/\d+$/, "").split(/[/\\]/).at(-1)}_again`;
  return `glovita_train --config ${word(`${path}/resolved_config.json`)} \\\n` +
    `  --logger.group ${word(group)}`;
}

/** A word of a command line, in quotes where it needs them. */
function word(text: string): string {
  return /[^\w./\\:@=+-]/.test(text) ? `"${text}"` : text;
}

function textAt(tree: PlainObject, ...path: readonly string[]): string | undefined {
  const value = getAt(tree, path);
  return typeof value === "string" ? value : undefined;
}
