/** Blocks of ResNets that split their maps: Res2Net, SKNet and ResNeSt as timm has them. */
import { add, mul, relu, sigmoid } from "../../ir/elementwise.ts";
import { concat, reshape, transpose } from "../../ir/layout.ts";
import { slice } from "../../ir/indexing.ts";
import { reduceMean, softmax } from "../../ir/matrix.ts";
import type { Tensor } from "../../ir/node.ts";
import { averagePool } from "../../ir/windows.ts";
import { zeros } from "../initializers.ts";
import type { Layer, Scope } from "../scope.ts";
import {
  type BlockSizes,
  convNorm,
  numbered,
  type ResNetBlock,
  type ResNetOptions,
} from "./_resnet_blocks.ts";
import { ArgumentReader } from "./arguments.ts";
import { conv2d, type Conv2dOptions, kaimingNormal } from "./convolution.ts";

/** Arguments of the network, and those of its blocks (`block_args`). */
export interface BlockArguments {
  readonly args: ArgumentReader;
  readonly inner: ArgumentReader;
}

/** Width of the middle of a bottleneck for one group, and for all. */
function widths({ planes }: BlockSizes, { baseWidth, cardinality }: ResNetOptions): number {
  return Math.floor(planes * (baseWidth / 64)) * cardinality;
}

/** The nearest multiple of a divisor, no more than a tenth below (timm's make_divisible). */
function divisible(value: number, divisor: number, minimum = divisor): number {
  const nearest = Math.max(minimum, Math.floor((value + divisor / 2) / divisor) * divisor);
  return nearest < 0.9 * value ? nearest + divisor : nearest;
}

/** Means of 3 by 3, with zeros around the maps. */
function means(x: Tensor, stride: 1 | 2): Tensor {
  return averagePool(x, 3, { stride, padding: 1, countIncludePad: true });
}

/** Maps cut along their channels in equal parts. */
function split(x: Tensor, parts: number): Tensor[] {
  const width = Number(x.shape[1]) / parts;
  return Array.from({ length: parts }, (_, at) => slice(x, 1, at * width, (at + 1) * width));
}

/** `[batch, paths · channels, 1, 1]` to a factor for each path, `[batch, channels, 1, 1]`. */
function factors(logits: Tensor, paths: number): Tensor[] {
  const [batch, all] = logits.shape;
  const channels = Number(all) / paths;
  const shares = softmax(reshape(logits, [batch, paths, channels]), 1);
  return Array.from(
    { length: paths },
    (_, at) => reshape(slice(shares, 1, at, at + 1), [batch, channels, 1, 1]),
  );
}

const sum = (parts: readonly Tensor[]) => parts.reduce((total, part) => add(total, part));

/** Refuses what the blocks of timm do not take, or take and leave aside. */
function refuseOthers({ args }: BlockArguments): void {
  args.only("aa_layer", null);
  args.only("block_reduce_first", 1);
  args.only("drop_path_rate", 0);
}

/** Res2Net (Gao et al. 2019): parts of the maps pass on what they found to the next part. */
export function bottle2neck(reading: BlockArguments): ResNetBlock {
  const scale = reading.inner.integer("scale", 4, { minimum: 2 });
  refuseOthers(reading);
  return {
    expansion: 4,
    branch(scope, sizes, options) {
      const { inputs, planes, stride } = sizes;
      const { activation, cardinality: groups, norm } = options;
      const declare = numbered(scope, options);
      const width = widths(sizes, options);
      const isFirst = stride > 1 || inputs !== planes * 4;
      const conv1 = declare(1, { inputs, outputs: width * scale, kernel: 1 });
      const window = { kernel: 3, padding: 1, stride, groups };
      const layers = Array.from({ length: scale - 1 }, (_, at) =>
        convNorm(
          [scope.child(`convs.${at}`), scope.child(`bns.${at}`)],
          { inputs: width, outputs: width, ...window },
          norm,
        ));
      const conv3 = declare(3, { inputs: width * scale, outputs: planes * 4, kernel: 1 }, true);
      return (x, context) => {
        const parts = split(activation(conv1(x, context)), scale);
        const found: Tensor[] = [];
        for (const [at, layer] of layers.entries()) {
          const part = at === 0 || isFirst ? parts[at] : add(found[at - 1], parts[at]);
          found.push(activation(layer(part, context)));
        }
        const last = isFirst ? means(parts[scale - 1], stride) : parts[scale - 1];
        return conv3(concat([...found, last], 1), context);
      };
    },
  };
}

/** A convolution and its normalisation, named as in timm's ConvNormAct. */
function convNormAct(scope: Scope, conv: Conv2dOptions, { norm }: ResNetOptions, last = false) {
  return convNorm(
    [scope.child("conv"), scope.child("bn")],
    conv,
    (place, count) => norm(place, count, last ? { weightInitializer: zeros } : {}),
  );
}

/** Arguments of the selection between paths. */
interface Selection {
  readonly ratio: number;
  readonly divisor: number;
  /** Whether each path gets its part of the maps, or all of them. */
  readonly splitInput: boolean;
}

function readSelection({ inner }: BlockArguments): Selection {
  const value = inner.raw("sk_kwargs") ?? {};
  if (typeof value !== "object") throw inner.refuse("sk_kwargs", "an object or null");
  const kwargs = new ArgumentReader("resnet's sk_kwargs", { ...value });
  const selection = {
    ratio: kwargs.positive("rd_ratio", 1 / 16),
    divisor: kwargs.integer("rd_divisor", 8),
    splitInput: kwargs.boolean("split_input", true),
  };
  kwargs.finish();
  return selection;
}

/** Two convolutions, one with a wider window, and a choice between them for each channel. */
function selectiveKernel(
  scope: Scope,
  { inputs, outputs, stride, groups }: Pick<Conv2dOptions, "inputs" | "outputs" | "groups"> & {
    readonly stride: 1 | 2;
  },
  { selection, options }: { readonly selection: Selection; readonly options: ResNetOptions },
): Layer {
  const { activation, norm } = options;
  const { ratio, divisor, splitInput } = selection;
  const own = splitInput ? inputs / 2 : inputs;
  const paths = [1, 2].map((dilation, at) => {
    const window = { kernel: 3, stride, padding: dilation, dilation, groups };
    const place = scope.child(`paths.${at}`);
    return convNormAct(place, { inputs: own, outputs, ...window }, options);
  });
  const place = scope.child("attn");
  const plain = { kernel: 1, bias: false, weightInitializer: kaimingNormal };
  const reduced = divisible(outputs * ratio, divisor);
  const reduce = conv2d(place.child("fc_reduce"), { inputs: outputs, outputs: reduced, ...plain });
  const normalise = norm(place.child("bn"), reduced);
  const select = conv2d(place.child("fc_select"), {
    inputs: reduced,
    outputs: 2 * outputs,
    ...plain,
  });
  return (x, context) => {
    const parts = splitInput ? split(x, 2) : [x, x];
    const maps = paths.map((path, at) => activation(path(parts[at], context)));
    const pooled = reduceMean(sum(maps), { axes: [2, 3], keepdims: true });
    const hidden = relu(normalise(reduce(pooled, context), context));
    const shares = factors(select(hidden, context), 2);
    return sum(maps.map((map, at) => mul(map, shares[at])));
  };
}

/** SKNet (Li et al. 2019) without a bottleneck. */
export function selectiveKernelBasic(reading: BlockArguments): ResNetBlock {
  const selection = readSelection(reading);
  refuseOthers(reading);
  reading.args.only("cardinality", 1);
  reading.args.only("base_width", 64);
  return {
    expansion: 1,
    branch(scope, { inputs, planes, stride }, options) {
      const sizes = { inputs, outputs: planes, stride };
      const conv1 = selectiveKernel(scope.child("conv1"), sizes, { selection, options });
      const window = { kernel: 3, padding: 1 };
      const last = { inputs: planes, outputs: planes, ...window };
      const conv2 = convNormAct(scope.child("conv2"), last, options, options.zeroInitLast);
      return (x, context) => conv2(conv1(x, context), context);
    },
  };
}

/** SKNet with a bottleneck. */
export function selectiveKernelBottleneck(reading: BlockArguments): ResNetBlock {
  const selection = readSelection(reading);
  refuseOthers(reading);
  return {
    expansion: 4,
    branch(scope, sizes, options) {
      const { inputs, planes, stride } = sizes;
      const width = widths(sizes, options);
      const narrow = { inputs, outputs: width, kernel: 1 };
      const conv1 = convNormAct(scope.child("conv1"), narrow, options);
      const middle = { inputs: width, outputs: width, stride, groups: options.cardinality };
      const conv2 = selectiveKernel(scope.child("conv2"), middle, { selection, options });
      const wide = { inputs: width, outputs: planes * 4, kernel: 1 };
      const conv3 = convNormAct(scope.child("conv3"), wide, options, options.zeroInitLast);
      return (x, context) => {
        const reduced = options.activation(conv1(x, context));
        return conv3(conv2(reduced, context), context);
      };
    },
  };
}

/** Attention over the parts of a convolution's maps, timm's SplitAttn. */
function splitAttention(
  scope: Scope,
  { width, stride, radix }: {
    readonly width: number;
    readonly stride: 1 | 2;
    readonly radix: number;
  },
  { cardinality: groups, norm }: ResNetOptions,
): Layer {
  const all = width * radix;
  const convolution = convNorm(
    [scope.child("conv"), scope.child("bn0")],
    { inputs: width, outputs: all, kernel: 3, padding: 1, stride, groups: groups * radix },
    norm,
  );
  const reduced = divisible(width * radix * 0.25, 8, 32);
  const init = { kernel: 1, groups, weightInitializer: kaimingNormal };
  const fc1 = conv2d(scope.child("fc1"), { inputs: width, outputs: reduced, ...init });
  const bn1 = norm(scope.child("bn1"), reduced);
  const fc2 = conv2d(scope.child("fc2"), { inputs: reduced, outputs: all, ...init });
  return (x, context) => {
    const maps = split(relu(convolution(x, context)), radix);
    const pooled = reduceMean(sum(maps), { axes: [2, 3], keepdims: true });
    const logits = fc2(relu(bn1(fc1(pooled, context), context)), context);
    if (radix === 1) return mul(maps[0], sigmoid(logits));
    const shares = factors(byRadix(logits, { groups, radix }), radix);
    return sum(maps.map((map, at) => mul(map, shares[at])));
  };
}

/** From channels that lie group by group to channels that lie part by part. */
function byRadix(
  logits: Tensor,
  { groups, radix }: { readonly groups: number; readonly radix: number },
): Tensor {
  const [batch, all] = logits.shape;
  const grouped = reshape(logits, [batch, groups, radix, Number(all) / groups / radix]);
  return reshape(transpose(grouped, [0, 2, 1, 3]), [batch, all, 1, 1]);
}

/** ResNeSt (Zhang et al. 2020). */
export function resNestBottleneck(reading: BlockArguments): ResNetBlock {
  const { inner } = reading;
  const radix = inner.integer("radix", 1);
  const averages = inner.boolean("avd", false);
  const before = inner.boolean("avd_first", false);
  inner.only("attn_layer", null);
  refuseOthers(reading);
  return {
    expansion: 4,
    branch(scope, sizes, options) {
      const { inputs, planes, stride } = sizes;
      const declare = numbered(scope, options);
      const width = widths(sizes, options);
      const means2 = averages && stride === 2;
      const conv1 = declare(1, { inputs, outputs: width, kernel: 1 });
      const middle = { width, stride: means2 ? 1 : stride, radix } as const;
      const conv2 = splitAttention(scope.child("conv2"), middle, options);
      const conv3 = declare(3, { inputs: width, outputs: planes * 4, kernel: 1 }, true);
      return (x, context) => {
        const narrow = options.activation(conv1(x, context));
        const maps = conv2(means2 && before ? means(narrow, 2) : narrow, context);
        return conv3(means2 && !before ? means(maps, 2) : maps, context);
      };
    },
  };
}
