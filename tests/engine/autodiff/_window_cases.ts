/**
 * Examples of the operators that move windows over images.
 * @module
 */
import type { Shape } from "../../../engine/ir/types.ts";
import * as w from "../../../engine/ir/windows.ts";
import { sample } from "../_run.ts";
import { apart, type Case } from "./_case.ts";

type Four = readonly [number, number, number, number];

interface Example<O> {
  readonly x: Four;
  readonly weight: Four;
  readonly options?: O;
  readonly bias?: boolean;
  readonly declared?: Shape;
}

function convolving({ x, weight, options, bias, declared }: Example<w.ConvOptions>): Case {
  return {
    name: describe(x, weight, options, bias && "bias", declared),
    of: (x, weight, bias) => w.conv(x, weight, { ...options, bias }),
    at: [
      sample(x, { declared }),
      sample(weight, { seed: 2 }),
      ...(bias ? [sample([weight[0]], { seed: 3 })] : []),
    ],
  };
}

function transposing({ x, weight, options, declared }: Example<w.ConvTransposeOptions>): Case {
  return {
    name: describe(x, weight, options, declared),
    of: (x, weight) => w.convTranspose(x, weight, options),
    at: [sample(x, { declared }), sample(weight, { seed: 2 })],
  };
}

function describe(...parts: readonly unknown[]): string {
  return parts.filter(Boolean).map((part) => JSON.stringify(part)).join(" ");
}

export const convCases: readonly Case[] = [
  convolving({ x: [2, 3, 3, 4], weight: [2, 3, 1, 1], bias: true }),
  convolving({ x: [1, 2, 5, 4], weight: [3, 2, 1, 1], options: { stride: 2 } }),
  convolving({ x: [2, 2, 4, 5], weight: [3, 2, 3, 3], options: { padding: 1 }, bias: true }),
  convolving({ x: [2, 2, 6, 5], weight: [2, 2, 3, 3], options: { stride: 2, padding: 1 } }),
  convolving({ x: [1, 2, 5, 7], weight: [2, 2, 2, 2], options: { stride: 2 } }),
  convolving({ x: [1, 1, 8, 9], weight: [2, 1, 7, 7], options: { stride: 2, padding: 3 } }),
  convolving({ x: [1, 1, 9, 7], weight: [2, 1, 7, 5], options: { padding: [3, 2] }, bias: true }),
  convolving({ x: [1, 2, 7, 8], weight: [2, 2, 3, 3], options: { dilation: 2, padding: 2 } }),
  convolving({ x: [2, 1, 8, 7], weight: [1, 1, 3, 2], options: { dilation: [2, 3], stride: 2 } }),
  convolving({ x: [1, 1, 7, 9], weight: [1, 1, 2, 3], options: { stride: [3, 1], dilation: 2 } }),
  convolving({ x: [2, 4, 4, 3], weight: [6, 2, 3, 3], options: { groups: 2, padding: 1 } }),
  convolving({
    x: [1, 6, 5, 5],
    weight: [6, 2, 3, 3],
    options: { groups: 3, stride: 2, padding: 1 },
    bias: true,
  }),
  convolving({ x: [2, 3, 5, 4], weight: [3, 1, 3, 3], options: { groups: 3, padding: 1 } }),
  convolving({ x: [1, 2, 7, 7], weight: [2, 1, 7, 7], options: { groups: 2, padding: 3 } }),
  convolving({ x: [1, 2, 5, 5], weight: [4, 1, 3, 3], options: { groups: 2, stride: 2 } }),
  convolving({ x: [1, 1, 4, 4], weight: [1, 1, 3, 3], options: { padding: [2, 0, 1, 1] } }),
  convolving({ x: [1, 1, 4, 5], weight: [1, 1, 4, 4], options: { stride: 4 } }),
  // More inputs than one product of all entries takes.
  convolving({
    x: [2, 29, 3, 4],
    weight: [1, 29, 3, 3],
    options: { stride: 2, padding: 1 },
    declared: ["batch", 29, 3, 4],
  }),
  ...[1, 3].map((batch) =>
    convolving({
      x: [batch, 2, 5, 4],
      weight: [2, 2, 3, 3],
      options: { stride: 2, padding: 1 },
      bias: true,
      declared: ["batch", 2, 5, 4],
    })
  ),
  convolving({
    x: [2, 2, 3, 4],
    weight: [2, 1, 1, 3],
    options: { groups: 2, padding: [0, 1] },
    declared: ["batch", 2, 3, 4],
  }),
  convolving({ x: [2, 2, 3, 4], weight: [3, 2, 1, 1], declared: ["batch", 2, 3, 4] }),
];

export const convTransposeCases: readonly Case[] = [
  transposing({ x: [2, 2, 3, 2], weight: [2, 3, 1, 1] }),
  transposing({ x: [1, 2, 3, 4], weight: [2, 2, 3, 3], options: { padding: 1 } }),
  transposing({
    x: [2, 2, 3, 2],
    weight: [2, 2, 3, 3],
    options: { stride: 2, padding: 1, outputPadding: [1, 0] },
  }),
  transposing({
    x: [1, 4, 2, 3],
    weight: [4, 1, 2, 2],
    options: { stride: 2, groups: 2, dilation: 2 },
    declared: ["batch", 4, 2, 3],
  }),
  transposing({ x: [1, 2, 3, 3], weight: [2, 1, 3, 3], options: { groups: 2 } }),
];

function pooling(
  pool: (
    x: Parameters<typeof w.maxPool>[0],
    kernel: w.Pair,
    options: w.AveragePoolOptions,
  ) => ReturnType<typeof w.maxPool>,
): Case[] {
  const on = (x: Four, kernel: w.Pair, options: w.AveragePoolOptions = {}, declared?: Shape) => ({
    name: describe(x, kernel, options, declared),
    of: (x: Parameters<typeof w.maxPool>[0]) => pool(x, kernel, options),
    at: [{ ...apart(x), declared }],
  });
  return [
    on([2, 2, 4, 6], 2),
    on([1, 2, 5, 5], 2),
    on([1, 2, 5, 7], 2, { ceilMode: true }),
    on([2, 1, 7, 6], 3, { stride: 2, padding: 1 }),
    on([1, 1, 6, 7], 3, { stride: 2, padding: 1, ceilMode: true }),
    on([1, 1, 5, 5], 3, { stride: 1, padding: 1 }),
    on([1, 1, 5, 7], [3, 2], { stride: [1, 3], padding: [1, 0] }),
    on([1, 1, 6, 6], 2, { stride: 3, ceilMode: true }),
    on([1, 1, 7, 7], 1, { stride: 2 }),
    on([2, 2, 4, 4], 2, { stride: 1 }, ["batch", 2, 4, 4]),
    on([1, 2, 4, 4], 3, { stride: 2, padding: 1 }, ["batch", 2, 4, 4]),
  ];
}

export const maxPoolCases: readonly Case[] = pooling(w.maxPool);

export const averagePoolCases: readonly Case[] = [
  ...pooling(w.averagePool),
  ...pooling((x, kernel, options) =>
    w.averagePool(x, kernel, { ...options, countIncludePad: false })
  )
    .map((example) => ({ ...example, name: `${example.name} without padding` })),
];
