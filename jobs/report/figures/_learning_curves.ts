/** Learning curves: what training and validation gave, epoch by epoch. */
import type { TopLevelSpec } from "vega-lite";
import type { Values } from "../../../engine/train/events.ts";
import type { RunFacts, Subject } from "../facts.ts";
import { plain } from "../numbers.ts";
import type { Figure } from "./figure.ts";
import { COLORS, inner, spread } from "./_parts.ts";

/** Most panels of metrics besides that of the loss. */
const MOST_METRICS = 2;
/** Fewer epochs have a point each. */
const POINTED = 20;
/** Most rows of the table. */
const MOST_ROWS = 200;

interface Point {
  readonly epoch: number;
  readonly split: "train" | "val";
  readonly fold: number;
  readonly value: number;
}

interface Panel {
  readonly name: string;
  readonly points: readonly Point[];
}

/**
 * Draws loss, metrics and learning rate of all folds.
 * @param subject The run or group.
 * @returns A figure; none before the first epoch.
 */
export function learningCurves(subject: Subject): Figure[] {
  const { runs } = subject;
  const epochs = Math.max(0, ...runs.map(({ history }) => history.train.length));
  if (epochs === 0) return [];
  const panels = panelNames(subject).map((name): Panel => ({
    name,
    points: runs.flatMap((run) => pointsOf(run, name)),
  })).filter(({ points }) => points.length > 0);
  const rates = runs[0].history.train.flatMap((row, at) =>
    typeof row.lr === "number" ? [{ epoch: at + 1, lr: row.lr }] : []
  );
  const bests = runs.flatMap(({ summary: { best } }) => best ? [best] : []);
  const [best] = bests;
  const folds = runs.length > 1 ? `, ${runs.length} folds` : "";
  const bestText = best && runs.length === 1
    ? ` Best ${best.metric}: ${plain(best.value)} in epoch ${best.epoch + 1}.`
    : "";
  return [{
    id: "learning_curves",
    title: "Learning curves",
    description: `Training and validation values of ${epochs} epoch${
      epochs === 1 ? "" : "s"
    }${folds}: ${panels.map(({ name }) => name).join(", ")}.${bestText}`,
    half: true,
    spec: (width) =>
      spec(panels, { epochs, rates, width, bests: bests.map(({ epoch }) => epoch + 1) }),
    table: table(subject),
  }];
}

/** The loss, the value that chose the best checkpoint, and others. */
function panelNames({ runs, headline }: Subject): string[] {
  const [{ summary, history }] = runs;
  const logged = Object.keys(history.val[0] ?? {}).filter((name) => name.startsWith("val_"))
    .map((name) => name.slice("val_".length));
  const chosen = summary.best?.metric.replace(/^val_/, "");
  const first = [chosen, headline].filter((name) => name !== undefined);
  const others = logged.filter((name) => name !== "loss" && !/_class_\d+$/.test(name));
  const metrics = [...new Set([...first, ...others])].filter((name) =>
    name !== "loss" && logged.includes(name)
  );
  return ["loss", ...metrics.slice(0, MOST_METRICS)];
}

function pointsOf({ history, summary: { fold } }: RunFacts, name: string): Point[] {
  return (["train", "val"] as const).flatMap((split) =>
    history[split].flatMap((row: Values, at) => {
      const value: number | null | undefined = row[`${split}_${name}`];
      return typeof value === "number" ? [{ epoch: at + 1, split, fold, value }] : [];
    })
  );
}

interface Parts {
  readonly epochs: number;
  readonly rates: readonly { readonly epoch: number; readonly lr: number }[];
  readonly bests: readonly number[];
  readonly width: number;
}

function spec(panels: readonly Panel[], parts: Parts): TopLevelSpec {
  const { rates, width } = parts;
  const strip = rates.length > 0;
  return {
    spacing: 10,
    resolve: { scale: { color: "independent" } },
    vconcat: [
      ...panels.map((panel, at) =>
        panelSpec(panel, parts, { first: at === 0, last: !strip && at === panels.length - 1 })
      ),
      ...strip
        ? [
          {
            width: inner(width),
            height: 40,
            data: { values: [...rates] },
            mark: {
              type: "line",
              interpolate: "step-after",
              color: "#555555",
              aria: false,
              point: rates.length === 1,
            },
            encoding: {
              x: epochAxis(parts.epochs, true),
              y: {
                field: "lr",
                type: "quantitative",
                axis: {
                  ...FIXED,
                  title: "lr",
                  tickCount: 2,
                  labelExpr: "datum.value == 0 ? '0' : format(datum.value, '~e')",
                  grid: false,
                },
              },
            },
          } as const,
        ]
        : [],
    ],
  };
}

/** Axes of one extent, so that panels stand below each other. */
const FIXED = { minExtent: 44, maxExtent: 44 } as const;

function epochAxis(epochs: number, labelled: boolean) {
  const domain: [number, number] = epochs === 1 ? [0.5, 1.5] : [1, epochs];
  const axis = labelled
    ? {
      title: "epoch",
      format: "d",
      tickMinStep: 1,
      grid: false,
      ...epochs === 1 && { values: [1] },
    }
    : { title: null, labels: false, ticks: false, grid: false };
  return { field: "epoch", type: "quantitative", scale: { domain, nice: false }, axis } as const;
}

/** A chart below others. */
type PanelSpec = Extract<TopLevelSpec, { readonly vconcat: unknown }>["vconcat"][number];

function panelSpec(
  { name, points }: Panel,
  { epochs, bests, width }: Parts,
  { first, last }: { readonly first: boolean; readonly last: boolean },
): PanelSpec {
  const x = epochAxis(epochs, last);
  const color = {
    field: "split",
    type: "nominal",
    scale: { domain: ["train", "val"], range: [COLORS.train, COLORS.val] },
    legend: first
      ? {
        title: null,
        orient: "top",
        offset: 20,
        symbolType: "stroke",
        symbolStrokeWidth: 3,
        labelExpr: "datum.label == 'val' ? 'validation' : 'training'",
      }
      : null,
  } as const;
  const rule = { type: "rule" as const, color: COLORS.quiet, strokeDash: [3, 3], aria: false };
  const single = bests.length === 1;
  const late = single && bests[0] > (1 + epochs) / 2;
  return {
    width: inner(width),
    height: 150,
    data: { values: [...points] },
    layer: [
      {
        data: { values: bests.map((epoch) => ({ epoch })) },
        mark: rule,
        encoding: { x: { ...x, field: "epoch" } },
      },
      ...single && first
        ? [
          {
            data: { values: bests.map((epoch) => ({ epoch, text: `best: epoch ${epoch}` })) },
            mark: {
              type: "text",
              align: late ? "right" : "left",
              baseline: "bottom",
              dx: late ? 2 : -2,
              y: 0,
              fontSize: 12,
              color: "#555555",
              aria: false,
            },
            encoding: { x, text: { field: "text", type: "nominal" } },
          } as const,
        ]
        : [],
      {
        mark: {
          type: "line",
          strokeWidth: 2,
          opacity: single || bests.length === 0 ? 1 : 0.6,
          aria: false,
          point: epochs <= POINTED && { size: 28 },
        },
        encoding: {
          x,
          y: {
            field: "value",
            type: "quantitative",
            scale: { zero: false, ...domainOf(points) },
            axis: { ...FIXED, title: name, tickCount: 5 },
          },
          color,
          detail: { field: "fold", type: "nominal" },
        },
      },
    ],
  };
}

/** A domain for values that are all the same, which have none by themselves. */
function domainOf(points: readonly Point[]): { readonly domain?: [number, number] } {
  const [{ value }] = points;
  if (points.some((point) => point.value !== value)) return {};
  const room = Math.abs(value) / 10 || 1;
  return { domain: [value - room, value + room] };
}

function table({ runs }: Subject): Figure["table"] {
  const [{ history }] = runs;
  const names = (["train", "val"] as const).flatMap((split) =>
    Object.keys(history[split][0] ?? {}).filter((name) => name.startsWith(`${split}_`))
  );
  const several = runs.length > 1;
  const rows = runs.flatMap(({ history: { train, val }, summary: { fold } }) =>
    train.map((row, at) => {
      const values: Values = { ...row, ...val[at] };
      return [
        ...several ? [fold] : [],
        at + 1,
        ...names.map((name) => plain(values[name])),
        plain(values.lr),
      ];
    })
  );
  return {
    columns: [...several ? ["fold"] : [], "epoch", ...names, "lr"],
    rows: spread(rows, MOST_ROWS),
  };
}
