/**
 * From a config to the model stack: encoder, feature aggregation, head, with PEFT applied.
 * @module
 */
import type { Tensor } from "../../engine/ir/node.ts";
import {
  AGGREGATION_METHODS,
  type AggregationMethod,
  poolMaps,
  poolTokens,
} from "../../engine/nn/pooling.ts";
import { type ForwardContext, type Parameter, Parameters } from "../../engine/nn/scope.ts";
import type { Split } from "../../engine/data/data.ts";
import type { Model } from "../../engine/train/model.ts";
import { keyPath, SLOTS } from "../slots.ts";
import type { ModelConfig } from "../config/tree.ts";
import { describeChoices } from "../config/schema.ts";
import { ConfigError, quote } from "../errors.ts";
import type { Encoder, Head, Peft, TaskInfo } from "../plugin.ts";
import { type BuildSources, create, guardOf } from "./create.ts";
import { requireFittingWeights } from "./data_contract.ts";
import type { Guard } from "./guard.ts";

/** Where the encoder's parameters stand in the state dict, as in GloViTa. */
const ENCODER_PATH = "encoder.model";
/** Where the head's parameters stand in the state dict, as in GloViTa. */
const HEAD_PATH = "head";

/**
 * Tells whether a parameter belongs to the encoder, adapters included.
 * @param name Name of the parameter in the model.
 */
export function isOfEncoder(name: string): boolean {
  return name.startsWith(`${ENCODER_PATH}.`);
}

/** Names under which GloViTa's state dicts hold the same parameters a second time. */
const ALIASES: readonly (readonly [string, string])[] = [
  [`${ENCODER_PATH}.`, "model."],
  [`${HEAD_PATH}.`, "cls_head."],
];

/**
 * The second name of a parameter in a state dict.
 * @param name Name of the parameter.
 * @param peft What the PEFT method calls the encoder's parameters there, if otherwise.
 */
export function parameterAliases(name: string, peft?: PeftName): string[] {
  return ALIASES.filter(([prefix]) => name.startsWith(prefix)).map(([prefix, alias]) => {
    const bare = name.slice(prefix.length);
    return alias + (prefix === `${ENCODER_PATH}.` && peft ? peft(bare) : bare);
  });
}

/** What a PEFT method calls a parameter of the encoder. */
export type PeftName = (name: string) => string;

/** Other names, in files of others, of what a plugin calls a name. */
export type OtherNames = (name: string) => readonly string[];

/**
 * All names that a parameter may have in files made elsewhere: its second name, the bare name that
 * it has in timm's and CLAM's own state dicts, and those that its plugin knows.
 * @param name Name of the parameter.
 * @param others Names that the encoder, the head and the PEFT method know.
 */
export function aliasesOf(
  name: string,
  others: {
    readonly encoder?: OtherNames;
    readonly head?: OtherNames;
    readonly peft?: PeftName;
  } = {},
): string[] {
  const { peft } = others;
  const encoder = (
    bare: string,
  ) => [...(others.encoder?.(bare) ?? []), ...(peft ? [peft(bare)] : [])];
  const places = [[`${ENCODER_PATH}.`, encoder], [`${HEAD_PATH}.`, others.head]] as const;
  const more = places.filter(([prefix]) => name.startsWith(prefix)).flatMap(([prefix, known]) => {
    const bare = name.slice(prefix.length);
    const names = known?.(bare) ?? [];
    const long = names.flatMap((other) => [prefix + other, ...parameterAliases(prefix + other)]);
    return [bare, ...long, ...names];
  });
  return [...parameterAliases(name), ...more];
}

/**
 * Values of an encoder's parameters under their names in the model.
 * @param values Values by name within the encoder's scope.
 */
export function encoderParameters<V>(values: ReadonlyMap<string, V>): Map<string, V> {
  return new Map([...values].map(([name, value]) => [`${ENCODER_PATH}.${name}`, value]));
}

/** The samples that a model is for. */
export interface ModelSamples {
  /** Where they come from, for messages. */
  readonly name: string;
  /** Shape of one sample, or of one instance, as the dataset gives it. */
  readonly sampleShape: readonly number[];
  /** Whether they are bags of instances. */
  readonly bags: boolean;
}

/** A model stack, with the encoder that is a part of it. */
export interface ModelStack {
  /** The whole model. */
  readonly model: Model;
  /** Its encoder. */
  readonly encoder: Encoder;
  /** From samples to embeddings. */
  readonly embed: Pick<EncoderStack, "inputShape" | "forward">;
  /** From embeddings to predictions; its parameters are those of the whole model. */
  readonly rest: Model;
  /** Other names that a parameter has in files made elsewhere. */
  names(name: string): readonly string[];
  /** Other names that a parameter has in checkpoints. */
  aliases(name: string): readonly string[];
}

/** The part of a model stack that makes one embedding of a sample. */
export interface EncoderStack {
  /** The encoder. */
  readonly encoder: Encoder;
  /** Its parameters, under their names in a state dict. */
  readonly parameters: readonly Parameter[];
  /** Other names that a parameter has in files made elsewhere. */
  names(name: string): readonly string[];
  /** Shape of one sample as the graph takes it. */
  readonly inputShape: readonly number[];
  /** Width of an embedding. */
  readonly embedDim: number;
  /**
   * Builds the graph of encoder and feature aggregation.
   * @param samples `[batch, ...inputShape]`.
   * @param context Mode and random numbers.
   * @returns `[batch, embed_dim]`.
   */
  forward(samples: Tensor, context: ForwardContext): Tensor;
}

/** How the encoder's output becomes an embedding. */
export interface EncoderOptions {
  /** The method. @default {model.feature_aggregation_method} */
  readonly method?: AggregationMethod;
  /** Dotted path of the field that names the method, for messages. */
  readonly methodPath?: string;
}

/**
 * Builds encoder and feature aggregation, with PEFT applied.
 * @param sources Config and registry.
 * @param samples The samples that the encoder is for.
 * @param options How the encoder's output becomes an embedding.
 * @throws {ConfigError} if the parts do not fit each other or the samples.
 */
export async function buildEncoder(
  sources: BuildSources<ModelConfig>,
  samples: Pick<ModelSamples, "name" | "sampleShape">,
  options: EncoderOptions = {},
): Promise<EncoderStack> {
  const parameters = new Parameters();
  const peft = create("peft", {}, sources);
  const stack = await encoderStack(parameters, { sources, samples, peft, options });
  const others = { encoder: stack.encoder.otherNames, peft: peft.otherName };
  const names = (name: string) => aliasesOf(name, others);
  return { ...stack, parameters: parameters.list(), names };
}

/**
 * Builds the model stack.
 * @param sources Config and registry.
 * @param task What is predicted.
 * @param samples The samples that the model is for.
 * @throws {ConfigError} if the parts do not fit each other or the samples.
 */
export async function assembleModel(
  sources: BuildSources<ModelConfig>,
  task: TaskInfo,
  samples: ModelSamples,
): Promise<ModelStack> {
  const parameters = new Parameters();
  const peft = create("peft", {}, sources);
  const stack = await encoderStack(parameters, { sources, samples, peft, options: {} });
  const root = parameters.scope(guardOf("head_type", sources).part);
  const head = create("head_type", {
    ...pickTask(task),
    scope: peft.head(root.child(HEAD_PATH)),
    embedDim: stack.embedDim,
  }, sources);
  checkBags(head, samples, sources);
  const rest: Model = {
    ...pickTask(task),
    bags: samples.bags,
    sampleShape: [stack.embedDim],
    parameters: parameters.list(),
    forward: (inputs, context) => head.forward(inputs, context),
  };
  const model: Model = {
    ...rest,
    sampleShape: stack.inputShape,
    forward({ features, ...others }, context) {
      return rest.forward({ ...others, features: stack.forward(features, context) }, context);
    },
  };
  const { encoder } = stack;
  const others = { encoder: encoder.otherNames, head: head.otherNames, peft: peft.otherName };
  return {
    model,
    encoder,
    embed: stack,
    rest,
    names: (name) => aliasesOf(name, others),
    aliases: (name) => parameterAliases(name, peft.otherName),
  };
}

/**
 * A split as the graph gets it: behind the encoder's own stage, where it has one.
 * @param split A split of a dataset.
 * @param encoder The encoder that reads it.
 * @param options Threads of the stage, for each thread that reads.
 */
export function encodeWhileReading(
  split: Split,
  { reader }: Encoder,
  options: { readonly threads: number },
): Split {
  if (reader === undefined) return split;
  return { ...split, sampleShape: reader.inputShape, source: reader.wrap(split.source, options) };
}

interface StackSources {
  readonly sources: BuildSources<ModelConfig>;
  readonly samples: Pick<ModelSamples, "name" | "sampleShape">;
  readonly peft: Peft;
  readonly options: EncoderOptions;
}

async function encoderStack(
  parameters: Parameters,
  { sources, samples, peft, options }: StackSources,
): Promise<Omit<EncoderStack, "parameters" | "names">> {
  const { sampleShape, name } = samples;
  const guard = guardOf("encoder_type", sources);
  const created = await create("encoder_type", {
    scope: peft.encoder(parameters.scope(guard.part).child(ENCODER_PATH)),
    sampleShape,
    source: name,
  }, sources);
  peft.finish?.();
  const encoder = withFittingWeights(created, parameters, guard);
  const method = encoder.output === "tokens" ? methodFor(encoder, sources, options) : undefined;
  return {
    encoder,
    inputShape: encoder.reader?.inputShape ?? sampleShape,
    embedDim: method === "joint" ? 2 * encoder.embedDim : encoder.embedDim,
    forward: (input, context) => aggregate(encoder, encoder.forward(input, context), method),
  };
}

/** An encoder whose pretrained weights are those of its parameters. */
function withFittingWeights(encoder: Encoder, parameters: Parameters, guard: Guard): Encoder {
  const { pretrained } = encoder;
  if (pretrained === undefined) return encoder;
  return {
    ...encoder,
    async pretrained(options) {
      const weights = await pretrained(options);
      const values = encoderParameters(weights.values);
      guard.call("pretrained", () => requireFittingWeights(values, parameters.list()));
      return weights;
    },
  };
}

/** How the tokens of an encoder become one embedding. */
function methodFor(
  encoder: Encoder,
  { config }: BuildSources<ModelConfig>,
  options: EncoderOptions,
): AggregationMethod {
  const { methodPath = "model.feature_aggregation_method" } = options;
  const method = options.method ?? config.model.feature_aggregation_method;
  checkMethod(encoder, method, methodPath);
  return method;
}

function pickTask({ task, subtask, numClasses }: TaskInfo): TaskInfo {
  return { task, subtask, numClasses: numClasses };
}

function checkBags(
  head: Head,
  { bags, name }: ModelSamples,
  { config }: BuildSources<ModelConfig>,
): void {
  if (bags === (head.input === "bag")) return;
  const found = bags ? "bags of instances" : "single instances";
  const wanted = bags ? "one embedding per sample" : "bags of instances";
  const message = `"${config.model.head.head_type}" takes ${wanted}, "${name}" holds ${found}`;
  throw new ConfigError([{ path: keyPath(SLOTS.head_type), message }]);
}

/** Methods that read the class token. */
const NEEDS_CLASS_TOKEN: ReadonlySet<AggregationMethod> = new Set(["cls_token", "joint"]);

function checkMethod(encoder: Encoder, method: AggregationMethod, path: string): void {
  if (encoder.hasClassToken || !NEEDS_CLASS_TOKEN.has(method)) return;
  const others = AGGREGATION_METHODS.filter((other) => !NEEDS_CLASS_TOKEN.has(other)).map(quote);
  const message = `expected ${describeChoices(others)}, received ${quote(method)}: ` +
    "the encoder has no class token";
  throw new ConfigError([{ path, message }]);
}

function aggregate(encoder: Encoder, encoded: Tensor, method?: AggregationMethod): Tensor {
  switch (encoder.output) {
    case "features":
      return encoded;
    case "tokens":
      return poolTokens(encoded, method!, encoder.numPrefixTokens ?? 0);
    case "map":
      return poolMaps(encoded);
  }
}
