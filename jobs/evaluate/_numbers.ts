/** Numbers of lists of numbers. */

/**
 * Makes a number fit for JSON.
 * @param value Any number.
 * @returns The number; `null` for NaN and infinities.
 */
export function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/**
 * Finds a quantile as numpy does by default: linear between neighbours.
 * @param sorted Numbers, ascending, at least one.
 * @param share From 0 to 1.
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const [low, high] = [sorted[below], sorted[Math.min(below + 1, sorted.length - 1)]];
  const part = at - below;
  // numpy's rounding: from whichever neighbour is nearer.
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}

/**
 * Computes mean and standard deviation.
 * @param values The numbers.
 * @returns The mean, NaN for none, and the deviation with n - 1, NaN for fewer than two.
 */
export function meanAndDeviation(
  values: ArrayLike<number>,
): { readonly mean: number; readonly sd: number } {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) sum += values[i];
  const mean = sum / values.length;
  for (let i = 0; i < values.length; i++) squares += (values[i] - mean) ** 2;
  return { mean, sd: values.length < 2 ? NaN : Math.sqrt(squares / (values.length - 1)) };
}
