/**
 * Where a model looks in a bag: from attention logits to a weight per instance.
 * @module
 */

/**
 * How much each instance of a bag counts.
 * @category Prediction
 */
export interface BagAttention {
  /** `[instances]`, which add up to 1: the softmax of the attention within the bag. */
  readonly weights: Float32Array;
  /** As `weights`, of the branch of each class, where each class has one. */
  readonly branches?: readonly Float32Array[];
  /** How much each instance is one of each class, 0 to 1, `[instances, num_classes]`, row-major. */
  readonly instanceScores?: Float32Array;
}

/** What a model says of a batch of bags. */
export interface BagOutputs {
  /** Instances per bag. */
  readonly lengths: Int32Array;
  /** Attention before softmax, `[branches, instances]`. */
  readonly attention: Float32Array;
  /** Whether branch `k` is that of class `k`. */
  readonly perClass: boolean;
  /** `[bags, num_classes]`. */
  readonly scores: Float32Array;
  /** `[instances, num_classes]`. */
  readonly instanceScores?: Float32Array;
  /** Number of classes. */
  readonly numClasses: number;
}

/**
 * Tells where a model looks. Where each class has a branch of its own, that of the predicted class is
 * taken, as CLAM's heatmaps do; of several heads, the mean of their weights.
 * @param outputs What the model says.
 * @returns One for each bag.
 */
export function bagAttention(outputs: BagOutputs): BagAttention[] {
  const { lengths, attention, perClass, scores, instanceScores, numClasses } = outputs;
  const instances = lengths.reduce((a, b) => a + b, 0);
  const branches = attention.length / instances;
  let start = 0;
  return Array.from(lengths, (length, bag) => {
    const each = Array.from({ length: branches }, (_, branch) => {
      const first = branch * instances + start;
      return softmax(attention.subarray(first, first + length));
    });
    const predicted = argMax(scores.subarray(bag * numClasses, (bag + 1) * numClasses));
    const rows = instanceScores?.slice(start * numClasses, (start + length) * numClasses);
    start += length;
    return {
      ...(perClass ? { weights: each[predicted], branches: each } : { weights: mean(each) }),
      ...(rows && { instanceScores: rows }),
    };
  });
}

/**
 * What several models make of the same bag together.
 * @param all One for each model.
 * @param predicted Class that they predict together, where it is one.
 */
export function meanAttention(all: readonly BagAttention[], predicted?: number): BagAttention {
  const scores = all.flatMap(({ instanceScores }) => instanceScores ?? []);
  return {
    weights: mean(
      all.map(({ weights, branches }) =>
        branches && predicted !== undefined ? branches[predicted] : weights
      ),
    ),
    ...(scores.length === all.length && { instanceScores: mean(scores) }),
  };
}

function softmax(values: Float32Array): Float32Array {
  const most = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Float64Array.from(values, (value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return Float32Array.from(powers, (power) => power / sum);
}

function mean(all: readonly Float32Array[]): Float32Array {
  if (all.length === 1) return all[0];
  return all[0].map((_, at) => all.reduce((sum, one) => sum + one[at], 0) / all.length);
}

function argMax(values: Float32Array): number {
  return values.reduce((best, value, at) => value > values[best] ? at : best, 0);
}
