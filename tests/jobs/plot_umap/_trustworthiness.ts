/** How far neighbours of a layout are neighbours in feature space, too. */

/** Distances of a row to all rows. */
function distances(rows: readonly ArrayLike<number>[], from: ArrayLike<number>): number[] {
  return rows.map((row) => {
    let sum = 0;
    for (let at = 0; at < from.length; at++) sum += (row[at] - from[at]) ** 2;
    return sum;
  });
}

/** Indices of all rows but one, nearest first. */
function ranked(rows: readonly ArrayLike<number>[], own: number): number[] {
  const far = distances(rows, rows[own]);
  return far.map((_, index) => index).filter((index) => index !== own)
    .sort((a, b) => far[a] - far[b]);
}

/**
 * Venna and Kaski's trustworthiness, by scikit-learn's formula: 1 where all neighbours in the layout
 * are neighbours in feature space.
 */
export function trustworthiness(
  features: readonly ArrayLike<number>[],
  layout: readonly ArrayLike<number>[],
  neighbors: number,
): number {
  const count = features.length;
  let penalty = 0;
  for (let own = 0; own < count; own++) {
    const ranks = new Map(ranked(features, own).map((index, rank) => [index, rank + 1]));
    for (const index of ranked(layout, own).slice(0, neighbors)) {
      penalty += Math.max(0, ranks.get(index)! - neighbors);
    }
  }
  return 1 - penalty * 2 / (count * neighbors * (2 * count - 3 * neighbors - 1));
}
