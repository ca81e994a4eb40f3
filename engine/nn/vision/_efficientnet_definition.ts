/**
 * The text that timm defines EfficientNets by, for example `ir_r2_k5_s2_e6_c40_se0.25`: a kind of
 * block and, by letters, how often it is there and what it is made of.
 * @module
 */

/** Kinds of blocks: inverted residual, depthwise separable, edge residual, and one convolution. */
export type BlockKind = "ir" | "ds" | "dsa" | "er" | "cn";

/** What a definition says of a block; widths are before scaling. */
export interface BlockDefinition {
  readonly kind: BlockKind;
  /** Channels that go out. */
  readonly outputs: number;
  /** Step of its windows, for the first block of a stage. */
  readonly stride: 1 | 2;
  /** Windows of the main convolution; several share its channels. */
  readonly kernels: readonly number[];
  /** Windows of the convolution before it. */
  readonly expandKernels: readonly number[];
  /** Windows of the convolution behind it. */
  readonly projectKernels: readonly number[];
  /** How many times wider it is inside. */
  readonly expansion: number;
  /** Channels that the width inside is counted from, before scaling; 0 for those that come in. */
  readonly countedFrom: number;
  /** Share of the channels that squeeze and excitation leaves; 0 for none. */
  readonly squeeze: number;
  /** Whether a block of one convolution has a shortcut, or another block has none. */
  readonly skip?: boolean;
  /** Name of its activation function, where it is not that of the network. */
  readonly activation?: string;
  /** Channels of a group of the main convolution; 0 for one group. */
  readonly groupSize?: number;
  /** How many kernels each sample's are mixed of; 0 for the same kernels for all samples. */
  readonly experts: number;
  /** Whether from here to the next stride squares of four entries are one of four times the width. */
  readonly folds: boolean;
}

/** How the depths of stages are scaled. */
export interface DepthScaling {
  /** Factor of each stage. */
  readonly factors: readonly number[];
  readonly rounding: "ceil" | "round";
  /** Whether the first and the last stage keep their depth. */
  readonly keepEnds: boolean;
}

const KINDS: readonly string[] = ["ir", "ds", "dsa", "er", "cn"] satisfies readonly BlockKind[];
const ACTIVATIONS: Readonly<Record<string, string>> = {
  nre: "relu",
  nr6: "relu6",
  nhs: "hard_swish",
  nsw: "silu",
  nmi: "mish",
};
/** Letters of numbers: repeats, stride, channels, kernels, expansion, squeeze, groups, and more. */
const NUMBERS: readonly string[] = ["r", "s", "c", "k", "a", "p", "e", "se", "fc", "gs", "cc", "d"];

/** Python's `round`: halves go to the even neighbour. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Options of a block by their letters; `undefined` where one is not known. */
function optionsOf(words: readonly string[]): ReadonlyMap<string, string> | undefined {
  const options = new Map<string, string>();
  for (const word of words) {
    const [, letters, value] = /^([a-z]+)(\d[\d.]*)$/.exec(word) ?? [];
    if (word === "skip" || word === "noskip") options.set("skip", word);
    else if (Object.hasOwn(ACTIVATIONS, word)) options.set("n", ACTIVATIONS[word]);
    else if (NUMBERS.includes(letters)) options.set(letters, value);
    else return undefined;
  }
  return options;
}

/**
 * Reads the definition of a block.
 * @param text For example `ir_r2_k5_s2_e6_c40_se0.25`.
 * @returns The block, and how often it is there; `undefined` if it is not one that is supported.
 */
export function parseBlock(
  text: string,
): { readonly block: BlockDefinition; readonly repeats: number } | undefined {
  const [kind, ...words] = text.split("_");
  const options = optionsOf(words);
  if (!KINDS.includes(kind) || !options) return undefined;
  const number = (letters: string, fallback: number) => Number(options.get(letters) ?? fallback);
  const kernels = (letter: string) => (options.get(letter) ?? "1").split(".").map(Number);
  const stride = number("s", NaN);
  const [repeats, outputs] = [number("r", NaN), number("c", NaN)];
  const odd = ["k", "a", "p"].flatMap(kernels).every((size) => size % 2 === 1);
  const whole = [repeats, outputs].every((count) => Number.isInteger(count) && count > 0);
  if (!options.has("k") || !odd || !whole || stride !== 1 && stride !== 2) return undefined;
  const block: BlockDefinition = {
    kind: kind as BlockKind,
    outputs,
    stride,
    kernels: kernels("k"),
    expandKernels: kernels("a"),
    projectKernels: kernels("p"),
    expansion: kind === "ir" || kind === "er" ? number("e", 1) : 1,
    countedFrom: number("fc", 0),
    squeeze: kind === "cn" ? 0 : number("se", 0),
    skip: options.has("skip") ? options.get("skip") === "skip" : undefined,
    activation: options.get("n"),
    groupSize: options.has("gs") ? number("gs", 0) : undefined,
    experts: kind === "ir" ? number("cc", 0) : 0,
    folds: number("d", 0) > 0,
  };
  if (block.folds && kind !== "ds" || block.experts > 0 && !isPlain(block)) return undefined;
  return { block, repeats };
}

/** Whether the main convolution is one of each channel, between two of one entry. */
function isPlain({ kernels, expandKernels, projectKernels, groupSize }: BlockDefinition): boolean {
  const ends = [...expandKernels, ...projectKernels];
  return kernels.length === 1 && ends.length === 2 && ends.every((size) => size === 1) &&
    groupSize === undefined;
}

/** How often each block of a stage is there: what was scaled is shared out from the last on. */
function scaledRepeats(
  repeats: readonly number[],
  factor: number,
  rounding: DepthScaling["rounding"],
): readonly number[] {
  let left = repeats.reduce((sum, each) => sum + each, 0);
  let scaledLeft = rounding === "round"
    ? Math.max(1, roundHalfEven(left * factor))
    : Math.ceil(left * factor);
  const scaled: number[] = [];
  for (const each of repeats.toReversed()) {
    const share = Math.max(1, roundHalfEven(each / left * scaledLeft));
    scaled.unshift(share);
    left -= each;
    scaledLeft -= share;
  }
  return scaled;
}

/**
 * The blocks of each stage, one by one.
 * @param stages Blocks of each stage, and how often they are there.
 * @param scaling How depths are scaled.
 */
export function scaledStages(
  stages: readonly (readonly { readonly block: BlockDefinition; readonly repeats: number }[])[],
  { factors, rounding, keepEnds }: DepthScaling,
): readonly (readonly BlockDefinition[])[] {
  return stages.map((stage, index) => {
    const kept = keepEnds && (index === 0 || index === stages.length - 1);
    const counts = scaledRepeats(
      stage.map(({ repeats }) => repeats),
      kept ? 1 : factors[index],
      rounding,
    );
    return stage.flatMap(({ block }, at) => Array<BlockDefinition>(counts[at]).fill(block));
  });
}
