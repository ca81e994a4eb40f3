/**
 * Folding the adapters of a PEFT method into the weights of a model, which then needs neither the
 * method nor its parameters. What a method has put in the place of a linear map is asked what it
 * gives for the rows of the identity, so a method need not know of it.
 * @module
 */
import { input, scalar } from "../../engine/ir/create.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import { reachable } from "../../engine/ir/reachable.ts";
import { isSameValue } from "../../engine/ir/same_value.ts";
import { isAffine } from "../../engine/nn/affine.ts";
import { RandomStream } from "../../engine/nn/random.ts";
import type { GivenLinear, GivenParameter, ScopeRecord } from "../../engine/nn/recorded_scope.ts";
import { type ForwardContext, linear, type Parameter } from "../../engine/nn/scope.ts";
import { Random } from "../../engine/random.ts";
import { Session, type Value } from "../../engine/runtime/session.ts";
import { ConfigError, quote } from "../errors.ts";
import { keyPath, SLOTS } from "../slots.ts";

type Values = Float32Array<ArrayBuffer>;

/** A model with adapters, and its weights. */
export interface AdaptedWeights {
  /** Key of the PEFT method, for messages. */
  readonly method: string;
  /** What the model's layers were given. */
  readonly record: ScopeRecord;
  /** Parameters of the model, those of adapters among them. */
  readonly parameters: readonly Parameter[];
  /** Their values. */
  readonly values: ReadonlyMap<string, Values>;
  /** Parameters of the model without adapters. */
  readonly plain: readonly Parameter[];
}

/** Weights of a model whose adapters are merged. */
export interface MergedWeights {
  /** Values of the parameters of the model without adapters. */
  readonly values: ReadonlyMap<string, Values>;
  /** Linear maps, norms and other layers whose weights have changed. */
  readonly layers: number;
}

/** Input that rows are fed to. */
const ROWS = "merge/rows";
/** How far a row may be from what merged weights give, as a share of the largest number. */
const TOLERANCE = 1e-4;
/** Rows that are tried on merged weights. */
const TRIED = 4;

/** Nothing of adapters that train is merged: dropout is none. */
const CONTEXT: ForwardContext = {
  training: false,
  random: new RandomStream(scalar(0, "uint32")),
};

/**
 * Folds adapters into weights.
 * @param adapted The model.
 * @throws {ConfigError} if something of the method is not part of a weight.
 */
export async function mergeAdapters(adapted: AdaptedWeights): Promise<MergedWeights> {
  const { record, values, plain } = adapted;
  const replaced = record.parts.find((part) => part.isReplaced(CONTEXT));
  if (replaced !== undefined) {
    throw refusal(adapted, `${quote(replaced.name)} is made of several layers`);
  }
  const merged = new Map(plain.map(({ name }) => [name, values.get(name)!]));
  const used = new Set(merged.keys());
  const parameters = changedParameters(record);
  for (const [name, value] of await valuesOf(parameters, adapted)) merged.set(name, value);
  for (const { tensor } of parameters) noteInputs(tensor, used);
  const layers = new Set(parameters.map(({ name }) => name.replace(/\.?[^.]*$/, "")));
  for (const given of record.linears) {
    const map = changedMap(given, adapted);
    if (map === undefined) continue;
    for (const [name, value] of await weightAndBias(map, adapted)) merged.set(name, value);
    noteInputs(map.y, used);
    layers.add(given.name);
  }
  const left = adapted.parameters.find(({ name }) => !used.has(name));
  if (left !== undefined) throw refusal(adapted, `${quote(left.name)} acts elsewhere`);
  return { values: merged, layers: layers.size };
}

/** Notes what a value is computed from. */
function noteInputs(value: Tensor, names: Set<string>): void {
  for (const { op, attributes } of reachable([value])) {
    if (op === "Input") names.add(attributes.name);
  }
}

function refusal({ method }: AdaptedWeights, state: string): ConfigError {
  const message = `cannot merge the adapters of ${quote(method)} into weights: ${state}`;
  return new ConfigError([{ path: keyPath(SLOTS.peft), message }]);
}

/** Parameters that layers get otherwise than they are stored, such as norms that are scaled. */
function changedParameters({ parameters }: ScopeRecord): readonly GivenParameter[] {
  return parameters.filter(({ name, tensor: { node } }) =>
    node.op !== "Input" || node.attributes.name !== name
  );
}

async function valuesOf(
  parameters: readonly GivenParameter[],
  adapted: AdaptedWeights,
): Promise<Map<string, Values>> {
  if (parameters.length === 0) return new Map();
  const named = parameters.map(({ name, tensor }) => [`merged/${name}`, tensor] as const);
  const session = await Session.create(Object.fromEntries(named));
  const results = await session.run(feedsOf(adapted));
  await session.release();
  return new Map(parameters.map(({ name }) => [name, floats(results[`merged/${name}`])]));
}

/** What stands in the place of a linear map. */
interface ChangedMap extends GivenLinear {
  /** What it gets. */
  readonly x: Tensor;
  /** What it gives. */
  readonly y: Tensor;
  /** Whether the map has a bias. */
  readonly biased: boolean;
}

/** What stands in the place of a linear map, or nothing where it is as it was asked for. */
function changedMap(given: GivenLinear, adapted: AdaptedWeights): ChangedMap | undefined {
  const { name, inputs } = given;
  const x = input(ROWS, "float32", [1, "rows", inputs]);
  const y = given.layer(x, CONTEXT);
  const tensorOf = (wanted: string) =>
    adapted.parameters.find((parameter) => parameter.name === wanted)?.tensor;
  const [weight, bias] = [tensorOf(`${name}.weight`), tensorOf(`${name}.bias`)];
  if (weight === undefined) throw refusal(adapted, `${quote(name)} has no weight`);
  if (isSameValue(y, linear(x, weight, bias))) return undefined;
  return { ...given, x, y, biased: bias !== undefined };
}

/** Weight and bias that do what stands in the place of a linear map. */
async function weightAndBias(
  { name, inputs, outputs, x, y, biased }: ChangedMap,
  adapted: AdaptedWeights,
): Promise<Map<string, Values>> {
  if (!isAffine(y, x)) throw refusal(adapted, `${quote(name)} is not a linear map`);
  const session = await Session.create({ y });
  const rowsFor = async (data: Values, values = adapted.values) => {
    const fed: Value = { dtype: "float32", shape: [1, data.length / inputs, inputs], data };
    const feeds = { ...feedsOf({ ...adapted, values }), [ROWS]: fed };
    return floats((await session.run(feeds)).y);
  };
  // Without the bias, the weight's numbers lose no digits to it.
  const without = new Map(adapted.values);
  if (biased) without.set(`${name}.bias`, new Float32Array(outputs));
  const columns = await rowsFor(identity(inputs), without);
  const merged = {
    weight: weightOf(columns, inputs, outputs),
    bias: await rowsFor(new Float32Array(inputs)),
  };
  const random = new Random(inputs);
  const tried = Float32Array.from({ length: TRIED * inputs }, () => random.normal());
  const rows = await rowsFor(tried);
  await session.release();
  if (!biased && merged.bias.some((value) => value !== 0)) {
    throw refusal(adapted, `${quote(name)} has no bias`);
  }
  if (!fits(merged, { tried, rows })) {
    throw refusal(adapted, `${quote(name)} does not map rows one by one`);
  }
  const found = new Map([[`${name}.weight`, merged.weight]]);
  if (biased) found.set(`${name}.bias`, merged.bias);
  return found;
}

/** The rows of the identity, and one of zeros. */
function identity(size: number): Values {
  const rows = new Float32Array((size + 1) * size);
  for (let i = 0; i < size; i++) rows[i * size + i] = 1;
  return rows;
}

/** The weight `[outputs, inputs]` of a map, from what it gives for each input and for none. */
function weightOf(rows: Values, inputs: number, outputs: number): Values {
  const weight = new Float32Array(outputs * inputs);
  const none = rows.subarray(inputs * outputs);
  for (let i = 0; i < inputs; i++) {
    for (let o = 0; o < outputs; o++) weight[o * inputs + i] = rows[i * outputs + o] - none[o];
  }
  return weight;
}

/** Whether a map gives for rows what a weight and a bias give. */
function fits(
  { weight, bias }: { readonly weight: Values; readonly bias: Values },
  { tried, rows }: { readonly tried: Values; readonly rows: Values },
): boolean {
  const [outputs, inputs] = [bias.length, weight.length / bias.length];
  let [largest, worst] = [0, 0];
  for (const [i, row] of rows.entries()) {
    const [at, o] = [Math.floor(i / outputs), i % outputs];
    let value = bias[o];
    for (let k = 0; k < inputs; k++) value += weight[o * inputs + k] * tried[at * inputs + k];
    largest = Math.max(largest, Math.abs(row));
    worst = Math.max(worst, Math.abs(row - value));
  }
  return worst <= TOLERANCE * largest;
}

function feedsOf({ parameters, values }: AdaptedWeights): Record<string, Value> {
  return Object.fromEntries(parameters.map(({ name, shape }): [string, Value] => {
    return [name, { dtype: "float32", shape, data: values.get(name)! }];
  }));
}

function floats({ data }: Value): Values {
  return Float32Array.from(data as Float32Array);
}
