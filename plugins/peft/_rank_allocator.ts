/** The sharing out of ranks by AdaLoRA. */
import type { Tensor } from "../../engine/ir/node.ts";
import type { StepHook, StepValues } from "../../registry/plugin.ts";

/**
 * An update `B E A` of a layer's weight.
 * @category Parts of PEFT methods
 */
export interface SingularUpdate {
  /** Name of the layer. */
  readonly name: string;
  /** `A`, `[rank, inputs]`. */
  readonly right: Tensor;
  /** `E`, `[rank, 1]`: the rank that an entry stands for is given up where it is set to zero. */
  readonly singular: Tensor;
  /** `B`, `[outputs, rank]`. */
  readonly left: Tensor;
}

/**
 * When ranks are given up, and how many.
 * @category Parts of PEFT methods
 */
export interface RankSchedule {
  /** Updates of the whole run. */
  readonly updates: number;
  /** Updates at the beginning with all ranks. */
  readonly first: number;
  /** Updates at the end with the ranks that are left. */
  readonly last: number;
  /** Updates from one choice to the next. */
  readonly interval: number;
  /** Rank that is left to a layer on average. */
  readonly rank: number;
  /** Decays of the mean importance of a number, and of its mean uncertainty. */
  readonly decays: readonly [number, number];
}

type Values = Float32Array<ArrayBuffer>;

/** What is kept of a factor: means of its entries' importance, and of their uncertainty. */
interface Means {
  readonly tensor: Tensor;
  readonly importance: Values;
  readonly uncertainty: Values;
}

interface Allocation {
  readonly singular: Means;
  readonly right: Means;
  readonly left: Means;
  /** 1 for each rank that is left. */
  readonly kept: Values;
}

/**
 * Sets the entries of E to zero that matter least, more and more of them, as `peft` does: of all
 * layers together, by products of means of `|p ∂p|` and of its deviation from that mean.
 *
 * @example What it keeps of a layer of rank 1
 * ```ts
 * import { Parameters, zeros } from "@glovita/glovita/nn";
 * import { RankAllocator } from "@glovita/glovita/parts";
 * import { assertEquals } from "@std/assert";
 *
 * const scope = new Parameters().scope();
 * const [right, left] = ["A", "B"].map((name) => scope.parameter(name, [1, 1], zeros));
 * const singular = scope.parameter("E", [1, 1], zeros);
 * const schedule = { updates: 9, first: 0, last: 0, interval: 1, rank: 1, decays: [0.9, 0.9] } as const;
 * const { state } = new RankAllocator([{ name: "fc", right, singular, left }], schedule);
 * assertEquals(Object.keys(state).at(-1), "fc/kept");
 * ```
 *
 * @category Parts of PEFT methods
 */
export class RankAllocator implements StepHook {
  readonly #schedule: RankSchedule;
  readonly #layers: readonly Allocation[];
  /** Factors, all of which it looks at. */
  readonly gradients: readonly Tensor[];
  /** Means and ranks that are left, by layer. */
  readonly state: Readonly<Record<string, Float32Array<ArrayBuffer>>>;

  /**
   * Begins with all ranks.
   * @param updates The updates of all layers.
   * @param schedule When ranks are given up, and how many.
   */
  constructor(updates: readonly SingularUpdate[], schedule: RankSchedule) {
    this.#schedule = schedule;
    this.#layers = updates.map(({ right, singular, left }) => ({
      singular: noMeans(singular),
      right: noMeans(right),
      left: noMeans(left),
      kept: new Float32Array(Number(singular.shape[0])).fill(1),
    }));
    this.gradients = updates.flatMap(({ right, singular, left }) => [right, singular, left]);
    const entries = updates.flatMap(({ name }, i) => {
      const { kept, ...factors } = this.#layers[i];
      const means = Object.entries(factors).flatMap(([factor, { importance, uncertainty }]) => [
        [`${name}/${factor}/importance`, importance] as const,
        [`${name}/${factor}/uncertainty`, uncertainty] as const,
      ]);
      return [...means, [`${name}/kept`, kept] as const];
    });
    this.state = Object.fromEntries(entries);
  }

  /**
   * Takes note of an update, and gives up ranks where it is time to.
   * @param step Values and gradients after the update.
   */
  afterUpdate(step: StepValues): void {
    const { updates, last, first, interval } = this.#schedule;
    const end = updates - last;
    if (step.update < end) {
      this.#note(step);
      if (step.update > first && step.update % interval === 0) this.#choose(step.update);
    } else if (step.update === end) {
      this.#choose(step.update);
    }
    const chooses = step.update > first && step.update % interval === 0;
    if (chooses || step.update >= end) this.#giveUp(step);
  }

  #note({ value, gradient }: StepValues): void {
    const [first, second] = this.#schedule.decays;
    for (const { singular, right, left } of this.#layers) {
      for (const { tensor, importance, uncertainty } of [singular, right, left]) {
        const [values, slopes] = [value(tensor), gradient(tensor)];
        for (let i = 0; i < values.length; i++) {
          const now = Math.abs(values[i] * slopes[i]);
          importance[i] = first * importance[i] + (1 - first) * now;
          const deviation = Math.abs(now - importance[i]);
          uncertainty[i] = second * uncertainty[i] + (1 - second) * deviation;
        }
      }
    }
  }

  /** Chooses the ranks that are left: those above the threshold that the budget makes. */
  #choose(update: number): void {
    const scores = this.#layers.map(rankScores);
    const all = scores.flatMap((each) => [...each]).sort((a, b) => a - b);
    const fewer = all.length - this.#budget(update, all.length);
    const threshold = fewer > 0 ? all[fewer - 1] : -Infinity;
    for (const [i, { kept }] of this.#layers.entries()) {
      for (const [rank, score] of scores[i].entries()) kept[rank] = score > threshold ? 1 : 0;
    }
  }

  #budget(update: number, all: number): number {
    const { updates, first, last, rank } = this.#schedule;
    const target = rank * this.#layers.length;
    const left = 1 - (update - first) / (updates - last - first);
    return Math.trunc((all - target) * left ** 3 + target);
  }

  #giveUp({ value }: StepValues): void {
    for (const { singular, kept } of this.#layers) {
      const values = value(singular.tensor);
      for (const [rank, stays] of kept.entries()) if (stays === 0) values[rank] = 0;
    }
  }
}

function noMeans(tensor: Tensor): Means {
  const empty = () => new Float32Array(Number(tensor.shape[0]) * Number(tensor.shape[1]));
  return { tensor, importance: empty(), uncertainty: empty() };
}

/** How much each rank of a layer matters: its entry of E, its row of A, its column of B. */
function rankScores({ singular, right, left }: Allocation): Float32Array {
  const ranks = Number(singular.tensor.shape[0]);
  const inputs = Number(right.tensor.shape[1]);
  const outputs = Number(left.tensor.shape[0]);
  return Float32Array.from({ length: ranks }, (_, rank) => {
    let [row, column] = [0, 0];
    for (let i = 0; i < inputs; i++) row += score(right, rank * inputs + i);
    for (let i = 0; i < outputs; i++) column += score(left, i * ranks + rank);
    return score(singular, rank) + row / inputs + column / outputs;
  });
}

function score({ importance, uncertainty }: Means, index: number): number {
  return importance[index] * uncertainty[index];
}
