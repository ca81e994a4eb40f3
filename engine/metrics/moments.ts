/**
 * Means, variances and covariance of predicted values and targets, in one pass without loss of
 * digits (Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products",
 * Technometrics 1962).
 * @module
 */

/**
 * Adds up pairs of a predicted value and its target.
 *
 * @example Targets on a line
 * ```ts
 * import { Moments } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const moments = new Moments();
 * for (const x of [1, 2, 3]) moments.add(x, 2 * x, 1);
 * assertEquals([moments.correlation(), moments.determination()], [1, -0.75]);
 * ```
 *
 * @category Metrics
 */
export class Moments {
  #count = 0;
  #meanScore = 0;
  #meanTarget = 0;
  #scores = 0; // sums of squares and products around the means
  #targets = 0;
  #products = 0;
  #errors = 0;

  /**
   * Adds a pair.
   * @param score The predicted value.
   * @param target The true one.
   * @param weight How often the pair occurs, more than 0.
   */
  add(score: number, target: number, weight: number): void {
    this.#count += weight;
    const [fromScore, fromTarget] = [score - this.#meanScore, target - this.#meanTarget];
    const share = weight / this.#count;
    this.#meanScore += fromScore * share;
    this.#meanTarget += fromTarget * share;
    const rest = weight * (target - this.#meanTarget);
    this.#scores += weight * fromScore * (score - this.#meanScore);
    this.#targets += fromTarget * rest;
    this.#products += fromScore * rest;
    this.#errors += weight * (score - target) ** 2;
  }

  /**
   * Computes Pearson's correlation coefficient.
   * @returns The coefficient; NaN where scores or targets are all the same.
   */
  correlation(): number {
    const r = this.#products / Math.sqrt(this.#scores * this.#targets);
    return Math.min(Math.max(r, -1), 1);
  }

  /**
   * Computes the coefficient of determination R², as scikit-learn does: where all targets are the
   * same, 1 if all predictions are exact, else 0.
   * @returns R²; NaN for fewer than two pairs.
   */
  determination(): number {
    if (this.#count < 2) return NaN;
    if (this.#errors === 0) return 1;
    return this.#targets === 0 ? 0 : 1 - this.#errors / this.#targets;
  }
}
