/** Parts that several charts are made of. */

import type { TopLevelSpec } from "vega-lite";

/** What frames a chart: pixels that axes, their titles and the padding take. */
const FRAME = 84;

/** Colours of splits and of what stands out. */
export const COLORS = {
  train: "#0072b2",
  val: "#d55e00",
  accent: "#0072b2",
  right: "#56b4e9",
  wrong: "#d55e00",
  quiet: "#999999",
  ink: "#1a1a1a",
} as const;

/**
 * Width of what lies between the axes of a chart.
 * @param width Width of the chart.
 */
export function inner(width: number): number {
  return width - FRAME;
}

/** What draws data. */
type Mark = Extract<TopLevelSpec, { readonly mark: unknown }>["mark"];

/** A dashed line of what chance, or perfection, would give. */
export const DASHED: Mark = {
  type: "line",
  color: COLORS.quiet,
  strokeDash: [4, 4],
  strokeWidth: 1.5,
  aria: false,
};

/**
 * An axis of shares, from 0 to 1.
 * @param title What it shows.
 */
export function shares(title: string) {
  return {
    type: "quantitative",
    scale: { domain: [0, 1] as [number, number] },
    axis: { title, tickCount: 5, format: ".1f" },
  } as const;
}

/**
 * Shortens a name for an axis or a legend; its ends stay, as names often differ there.
 * @param name The name.
 * @param most Most characters.
 */
export function short(name: string, most = 24): string {
  const letters = [...name];
  if (letters.length <= most) return name;
  const end = Math.floor((most - 1) / 2);
  return `${letters.slice(0, most - 1 - end).join("")}…${letters.slice(-end).join("")}`;
}

/**
 * Shortens the name of a class, and adds its index where others would be called the same.
 * @param names The names of all classes.
 * @param at Index of the class.
 * @param most Most characters.
 */
export function shortOf(names: readonly string[], at: number, most: number): string {
  const name = short(names[at], most);
  const others = names.some((other, index) => index !== at && short(other, most) === name);
  return others ? `${short(names[at], Math.max(3, most - 5))} (${at})` : name;
}

/**
 * Keeps so many items, evenly spread.
 * @param items The items.
 * @param most How many at most.
 */
export function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, at) => items[Math.floor(at * items.length / most)]);
}
