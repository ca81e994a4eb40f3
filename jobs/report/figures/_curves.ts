/** ROC and precision-recall curves. */
import type { TopLevelSpec } from "vega-lite";
import { classColors, DISTINCT_COLORS } from "../../charts/colors.ts";
import type { Curve, Evaluation } from "../../evaluate/evaluation.ts";
import type { Subject } from "../facts.ts";
import { plain, withInterval } from "../numbers.ts";
import { type CurveBand, curveBand } from "./_band.ts";
import type { Figure, FigureCell } from "./figure.ts";
import { COLORS, DASHED, inner, shares, shortOf, spread } from "./_parts.ts";

/** Of more classes than have colours, so many of the worst are named. */
const NAMED = 4;
/** Most curves that are drawn besides those that are named. */
const MOST_OTHERS = 100;
/** Points of a curve in the table. */
const TABLE_POINTS = 11;

type Classified = Exclude<Evaluation, { readonly subtask: "regression" }>;

/** A kind of curve, in words and axes. */
interface Kind {
  readonly id: "roc" | "pr";
  readonly title: string;
  readonly area: string;
  /** Name of the metric that is its mean over classes. */
  readonly metric: string;
  readonly x: string;
  readonly y: string;
  readonly about: string;
}

const KINDS: readonly Kind[] = [
  {
    id: "roc",
    title: "ROC curves",
    area: "AUC",
    metric: "AUROC",
    x: "false positive rate",
    y: "true positive rate",
    about: "The dashed line is chance.",
  },
  {
    id: "pr",
    title: "Precision-recall curves",
    area: "AP",
    metric: "AP",
    x: "recall",
    y: "precision",
    about: "The dashed line is chance: the share of the class.",
  },
];

/**
 * Draws both kinds of curves side by side.
 * @param subject The run or group; its predictions give the band of the interval.
 * @param evaluation Its evaluation.
 */
export function curveFigures(subject: Subject, evaluation: Classified): Figure[] {
  return KINDS.flatMap((kind) => {
    const { classes, macro } = evaluation.curves[kind.id];
    if (classes.length === 0) return [];
    return [figureOf(kind, linesOf(subject, evaluation, { kind, classes, macro }))];
  });
}

/** A curve as it is drawn. */
interface Line extends Curve {
  /** What the legend says; absent for those that are drawn in grey. */
  readonly label?: string;
  readonly color: string;
  readonly width: number;
}

interface Lines {
  readonly lines: readonly Line[];
  readonly chance: readonly (readonly [number, number])[];
  readonly band?: CurveBand;
  readonly left: number;
}

function linesOf(
  { predictions }: Subject,
  evaluation: Classified,
  { kind, classes, macro }: {
    readonly kind: Kind;
    readonly classes: readonly Curve[];
    readonly macro?: Curve;
  },
): Lines {
  const { per_class: all, subtask } = evaluation;
  const colors = classColors(all.length);
  const names = all.map(({ name }) => name);
  const indexOf = new Map(names.map((name, at) => [name, at]));
  // The curves of two classes mirror each other: that of the second one says everything.
  const isBinary = subtask === "multiclass" && all.length === 2;
  const drawn = isBinary ? classes.slice(-1) : classes;
  const several = drawn.length > 1;
  const worst = drawn.length <= DISTINCT_COLORS
    ? drawn
    : [...drawn].sort((a, b) => a.area - b.area).slice(0, NAMED);
  const named = new Set(worst);
  const others = spread(drawn.filter((curve) => !named.has(curve)), MOST_OTHERS);
  const labelOf = ({ name, area }: Curve) => {
    const at = indexOf.get(name)!;
    const estimate = kind.id === "roc" ? all[at].auroc : { value: area };
    return `${shortOf(names, at, 18)} ${withInterval(estimate)}`;
  };
  const band = curveBand(predictions, kind.id, isBinary ? 1 : undefined);
  const lines: Line[] = [
    ...others.map((curve) => ({ ...curve, color: COLORS.quiet, width: 0.7 })),
    ...worst.map((curve) => ({
      ...curve,
      label: labelOf(curve),
      color: colors[indexOf.get(curve.name)!],
      width: several ? 1.5 : 2.5,
    })),
    ...several && macro
      ? [{
        ...macro,
        label: `macro ${withInterval(evaluation.metrics[kind.metric] ?? { value: macro.area })}`,
        color: COLORS.ink,
        width: 3,
      }]
      : [],
  ];
  const samples = evaluation.n.samples;
  const prevalence =
    drawn.reduce((sum, { name }) => sum + all[indexOf.get(name)!].support / samples, 0) /
    drawn.length;
  const chance: Lines["chance"] = kind.id === "roc"
    ? [[0, 0], [1, 1]]
    : [[0, prevalence], [1, prevalence]];
  return { lines, chance, band, left: drawn.length - worst.length };
}

function figureOf(kind: Kind, { lines, chance, band, left }: Lines): Figure {
  const named = lines.filter(({ label }) => label !== undefined);
  const rest = left > 0 ? ` The other ${left} classes are grey; the table has all of them.` : "";
  const shade = band ? " The band is its 95% interval." : "";
  const { id, title, area } = kind;
  const which = lines.length === 1 ? `Class ${lines[0].name}` : "Each class";
  const about = `${which} against the rest. ${kind.about}`;
  return {
    id: `${id}_curves`,
    title,
    caption: `${about}${shade}${rest}`,
    description: `${about} ${area}: ${named.map(({ label }) => label).join(", ")}.${shade}${rest}`,
    half: true,
    spec: (width) => spec(kind, { lines, chance, band, left }, width),
    table: {
      columns: ["class", area, ...GRID.map((x) => `${kind.y} at ${plain(x)}`)],
      rows: lines.toReversed().map((line): FigureCell[] => [
        line.name,
        plain(line.area),
        ...GRID.map((x) => plain(at(line, x))),
      ]),
    },
  };
}

const GRID = Array.from({ length: TABLE_POINTS }, (_, i) => i / (TABLE_POINTS - 1));

/** Height of a curve at the last of its points that is not right of x, within rounding. */
function at({ x: xs, y: ys }: Curve, x: number): number {
  const after = xs.findIndex((each) => each > x + 1e-9);
  return ys[after < 0 ? ys.length - 1 : Math.max(0, after - 1)];
}

function spec(kind: Kind, { lines, chance, band, left }: Lines, width: number): TopLevelSpec {
  const named = lines.filter(({ label }) => label !== undefined);
  const rest = left > 0 ? ["other classes"] : [];
  const nameOf = (label: string | undefined) => label ?? rest[0];
  const domain = [...named.toReversed().map(({ label }) => label!), ...rest];
  const colors = new Map(lines.map(({ label, color }) => [nameOf(label), color]));
  const values = lines.flatMap(({ x, y, label, width }, line) =>
    x.map((each, at) => ({ x: each, y: y[at], at, line, width, label: nameOf(label) }))
  );
  const side = inner(width) - (width < 400 ? 0 : 16);
  const [x, y] = [{ field: "x", ...shares(kind.x) }, { field: "y", ...shares(kind.y) }];
  return {
    width: side,
    height: Math.min(side, 330),
    layer: [
      ...band
        ? [
          {
            data: { values: band.points.map(({ x, low, high }) => ({ x, low, high })) },
            mark: { type: "area", opacity: 0.2, color: named.at(-1)!.color, aria: false },
            encoding: {
              x: { ...x, field: "x" },
              y: { ...y, field: "low" },
              y2: { field: "high" },
            },
          } as const,
        ]
        : [],
      {
        data: { values: chance.map(([x, y]) => ({ x, y })) },
        mark: DASHED,
        encoding: { x, y },
      },
      {
        data: { values },
        mark: {
          type: "line",
          strokeJoin: "bevel",
          interpolate: kind.id === "roc" ? "linear" : "step-before",
          aria: false,
        },
        encoding: {
          x,
          y,
          color: {
            field: "label",
            type: "nominal",
            scale: { domain, range: domain.map((label) => colors.get(label)!) },
            legend: {
              title: kind.area,
              orient: "bottom",
              direction: "vertical",
              symbolType: "stroke",
              symbolStrokeWidth: 3,
              labelLimit: 0,
            },
          },
          strokeWidth: { field: "width", type: "quantitative", scale: null },
          detail: { field: "line", type: "nominal" },
          order: { field: "at", type: "quantitative" },
        },
      },
    ],
  };
}
