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
import { recordScope, type ScopeRecord } from "../../engine/nn/recorded_scope.ts";
import type { Split } from "../../engine/data/data.ts";
import type { Model, ModelOutput } from "../../engine/train/model.ts";
import { keyPath, SLOTS } from "../slots.ts";
import type { ModelConfig } from "../config/tree.ts";
import { describeChoices } from "../config/schema.ts";
import { ConfigError, quote } from "../errors.ts";
import type { CalibratedParameter, Calibration, Encoder, Head, Peft, TaskInfo } from "../plugin.ts";
import { type BuildSources, create, guardOf } from "./create.ts";
import { requireFittingWeights } from "./data_contract.ts";
import type { Guard } from "./guard.ts";
import { groupOf, notedScope } from "./parameter_groups.ts";
import {
  aliasesOf,
  ENCODER_PATH,
  encoderParameters,
  HEAD_PATH,
  type OtherNames,
  parameterAliases,
} from "./parameter_names.ts";

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
  /** The method that decides what trains. */
  readonly peft: Peft;
  /** From samples to embeddings. */
  readonly embed: Pick<EncoderStack, "inputShape" | "forward">;
  /** From embeddings to predictions; its parameters are those of the whole model. */
  readonly rest: Model;
  /** Other names that a parameter has in files made elsewhere. */
  names(name: string): readonly string[];
  /** Other names that a parameter has in checkpoints. */
  aliases(name: string): readonly string[];
  /** What a parameter is a part of: `encoder`, `peft` or `head`. */
  groupOf(name: string): string;
  /** How entries that train are chosen before training, by names in the model. */
  readonly calibration?: ModelCalibration;
}

/** Chooses entries of a model's parameters; all entries of those that it has no mask for train. */
export interface ModelCalibration extends Pick<Calibration, "batches"> {
  /** See {@linkcode Calibration.mask}. */
  mask(parameter: CalibratedParameter): Uint8Array<ArrayBuffer> | undefined;
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

/** What becomes of adapters. */
export interface AdapterOptions {
  /** Whether the PEFT method is applied. @default {true} */
  readonly adapters?: boolean;
  /** Notes what layers are given, so that adapters can be merged into weights. */
  readonly record?: ScopeRecord;
}

/**
 * Builds encoder and feature aggregation, with PEFT applied.
 * @param sources Config and registry.
 * @param samples The samples that the encoder is for.
 * @param options How the encoder's output becomes an embedding, and what becomes of adapters.
 * @throws {ConfigError} if the parts do not fit each other or the samples.
 */
export async function buildEncoder(
  sources: BuildSources<ModelConfig>,
  samples: Pick<ModelSamples, "name" | "sampleShape">,
  options: EncoderOptions & AdapterOptions = {},
): Promise<EncoderStack> {
  const parameters = new Parameters();
  const peft = peftOf(sources, options);
  const stack = await encoderStack(parameters, { sources, samples, peft, options });
  const others = { encoder: stack.encoder.otherNames, peft: peftNames(peft) };
  const names = (name: string) => aliasesOf(name, others);
  return { ...stack, parameters: parameters.list(), names };
}

/**
 * Builds the model stack.
 * @param sources Config and registry.
 * @param task What is predicted.
 * @param samples The samples that the model is for.
 * @param options What becomes of adapters.
 * @throws {ConfigError} if the parts do not fit each other or the samples.
 */
export async function assembleModel(
  sources: BuildSources<ModelConfig>,
  task: TaskInfo,
  samples: ModelSamples,
  options: AdapterOptions = {},
): Promise<ModelStack> {
  const parameters = new Parameters();
  const peft = peftOf(sources, options);
  const own = { encoder: new Set<string>(), head: new Set<string>() };
  const names = own.encoder;
  const stack = await encoderStack(parameters, { sources, samples, peft, names, options: {} });
  const root = parameters.scope(guardOf("head_type", sources).part);
  const head = create("head_type", {
    ...pickTask(task),
    scope: notedScope(peft.head(root.child(HEAD_PATH)), own.head),
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
      const output = rest.forward(
        { ...others, features: stack.forward(features, context) },
        context,
      );
      return context.training ? withLosses(output, peft.losses?.(context)) : output;
    },
  };
  const { encoder } = stack;
  const others = { encoder: encoder.otherNames, head: head.otherNames, peft: peftNames(peft) };
  return {
    model,
    encoder,
    peft,
    embed: stack,
    rest,
    names: (name) => aliasesOf(name, others),
    aliases: (name) => parameterAliases(name, peft.otherName),
    groupOf: (name) => groupOf(name, own),
    calibration: calibrationOf(peft),
  };
}

/** All names that a method knows for a parameter of the encoder. */
function peftNames({ otherName, moreNames }: Peft): OtherNames {
  return (name) => [...(otherName ? [otherName(name)] : []), ...(moreNames?.(name) ?? [])];
}

/** A method's calibration, which is asked for the encoder's parameters alone. */
function calibrationOf({ calibration }: Peft): ModelCalibration | undefined {
  if (calibration === undefined) return undefined;
  const prefix = `${ENCODER_PATH}.`;
  return {
    batches: calibration.batches,
    mask({ name, ...rest }) {
      if (!name.startsWith(prefix)) return undefined;
      return calibration.mask({ ...rest, name: name.slice(prefix.length) });
    },
  };
}

/** The PEFT method, or none. What layers get of it is noted where somebody asks for that. */
function peftOf(
  sources: BuildSources<ModelConfig>,
  { adapters = true, record }: AdapterOptions,
): Peft {
  if (!adapters) return { encoder: (scope) => scope, head: (scope) => scope };
  const peft = create("peft", {}, sources);
  if (record === undefined) return peft;
  return {
    ...peft,
    encoder: (scope) => recordScope(peft.encoder(scope), record),
    head: (scope) => recordScope(peft.head(scope), record),
  };
}

/** What a head computes, with the terms that a PEFT method adds to the loss. */
function withLosses(output: ModelOutput, losses: ModelOutput["losses"]): ModelOutput {
  if (losses === undefined) return output;
  const [twice] = Object.keys(losses).filter((name) => name in (output.losses ?? {}));
  if (twice === undefined) return { ...output, losses: { ...output.losses, ...losses } };
  throw new TypeError(`Cannot add loss "${twice}": the head has one of the same name`);
}

/**
 * A split as the graph gets it: behind the encoder's own stage, where it has one.
 * @param split A split of a dataset.
 * @param encoder The encoder that reads it.
 * @param options Threads of the stage, for each thread that reads.
 */
export function encodeWhileReading(
  split: Split,
  { reader }: Pick<Encoder, "reader">,
  options: { readonly threads: number },
): Split {
  if (reader === undefined) return split;
  return { ...split, sampleShape: reader.inputShape, source: reader.wrap(split.source, options) };
}

interface StackSources {
  readonly sources: BuildSources<ModelConfig>;
  readonly samples: Pick<ModelSamples, "name" | "sampleShape">;
  readonly peft: Peft;
  /** Takes the names of the parameters that the encoder asks for. */
  readonly names?: Set<string>;
  readonly options: EncoderOptions;
}

async function encoderStack(
  parameters: Parameters,
  { sources, samples, peft, names = new Set(), options }: StackSources,
): Promise<Omit<EncoderStack, "parameters" | "names">> {
  const { sampleShape, name } = samples;
  const guard = guardOf("encoder_type", sources);
  const created = await create("encoder_type", {
    scope: notedScope(peft.encoder(parameters.scope(guard.part).child(ENCODER_PATH)), names),
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
