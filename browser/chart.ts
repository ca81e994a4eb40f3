/**
 * A curve per epoch of one or two values.
 * @module
 */
import { drawn } from "./dom.ts";

/** Values by epoch. */
export interface Curve {
  /** What it is called. */
  readonly name: "train" | "val";
  /** The values. */
  readonly values: readonly number[];
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [420, 240, 46, 44, 12, 36];

/** Height of a label. */
const LABEL = 14;

/**
 * Draws curves.
 * @param title What they show.
 * @param curves The curves, of the same length.
 * @param range Least and most of the axis; told by the values where not given.
 */
export function chart(
  title: string,
  curves: readonly Curve[],
  range?: readonly [number, number],
): SVGElement {
  const all = curves.flatMap(({ values }) => values);
  const most = range?.[1] ?? (Math.max(...all, 0) || 1);
  const least = range?.[0] ?? 0;
  const count = Math.max(...curves.map(({ values }) => values.length), 1);
  const x = (at: number) => LEFT + (WIDTH - LEFT - RIGHT) * (count === 1 ? 0.5 : at / (count - 1));
  const y = (value: number) =>
    HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - least) / (most - least);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => least + share * (most - least));
  const labelPlaces = apart(curves.map(({ values }) => y(values.at(-1) ?? 0) + 4));
  const text = (place: readonly [number, number], content: string, anchor: string, name = "") =>
    drawn("text", { x: place[0], y: place[1], "text-anchor": anchor, class: name }, content);
  const description = curves.map(({ name, values }) =>
    `${name} from ${values[0]?.toFixed(3)} to ${values.at(-1)?.toFixed(3)}`
  ).join("; ");
  return drawn(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      class: "chart",
      role: "img",
      "aria-label": `${title}: ${description}`,
    },
    ...ticks.flatMap((tick) => [
      drawn("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick), class: "grid" }),
      text([LEFT - 6, y(tick) + 4], tick.toFixed(2), "end"),
    ]),
    text([LEFT, HEIGHT - 18], "1", "middle"),
    text([WIDTH - RIGHT, HEIGHT - 18], String(count), "middle"),
    text([(LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4], "epoch", "middle"),
    ...curves.flatMap(({ name, values }, index) => {
      const points = values.map((value, at) => `${x(at)},${y(value)}`).join(" ");
      const last = values.length - 1;
      if (last < 0) return [];
      const place: [number, number] = [x(last) + 6, labelPlaces[index]];
      return [
        drawn("polyline", { points, class: name }),
        text(place, name, "start", name),
      ];
    }),
  );
}

/** Places of the labels of two curves, which would cover one another. */
function apart(places: readonly number[]): readonly number[] {
  const [first, second] = places;
  if (second === undefined || Math.abs(first - second) >= LABEL) return places;
  const middle = (first + second) / 2;
  return first < second
    ? [middle - LABEL / 2, middle + LABEL / 2]
    : [middle + LABEL / 2, middle - LABEL / 2];
}
