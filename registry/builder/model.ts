/**
 * From a config to the model stack: encoder, feature aggregation, head, with PEFT applied.
 * @module
 */
import { Parameters } from "../../engine/nn/scope.ts";
import { poolMaps, poolTokens } from "../../engine/nn/pooling.ts";
import type { Tensor } from "../../engine/ir/node.ts";
import type { Model } from "../../engine/train/model.ts";
import { ConfigError } from "../errors.ts";
import type { Encoder, Head, TaskInfo } from "../plugin.ts";
import { keyPath } from "../config/select.ts";
import { SLOTS } from "../slots.ts";
import { type BuildSources, create } from "./create.ts";

/** Where the encoder's parameters stand in the state dict, as in GloViTa. */
const ENCODER_PATH = "encoder.model";
/** Where the head's parameters stand in the state dict, as in GloViTa. */
const HEAD_PATH = "head";

/** Names under which GloViTa's state dicts hold the same parameters a second time. */
const ALIASES: readonly (readonly [string, string])[] = [
  [`${ENCODER_PATH}.`, "model."],
  [`${HEAD_PATH}.`, "cls_head."],
];

/**
 * The second name of a parameter in a state dict.
 * @param name Name of the parameter.
 */
export function parameterAliases(name: string): string[] {
  return ALIASES.filter(([prefix]) => name.startsWith(prefix)).map(
    ([prefix, alias]) => alias + name.slice(prefix.length),
  );
}

/**
 * All names that a parameter may have in files made elsewhere: its second name, and the bare name
 * that it has in timm's and CLAM's own state dicts.
 * @param name Name of the parameter.
 */
export function foreignNames(name: string): string[] {
  const bare = ALIASES.filter(([prefix]) => name.startsWith(prefix)).map(([prefix]) =>
    name.slice(prefix.length)
  );
  return [...parameterAliases(name), ...bare];
}

/** The samples that a model is for. */
export interface ModelSamples {
  /** Where they come from, for messages. */
  readonly name: string;
  /** Shape of one sample, or of one instance. */
  readonly sampleShape: readonly number[];
  /** Whether they are bags of instances. */
  readonly bags: boolean;
}

/**
 * Builds the model stack.
 * @param sources Config and registry.
 * @param task What is predicted.
 * @param samples The samples that the model is for.
 * @throws {ConfigError} if the parts do not fit each other or the samples.
 */
export function buildModel(sources: BuildSources, task: TaskInfo, samples: ModelSamples): Model {
  const parameters = new Parameters();
  const root = parameters.scope();
  const peft = create("peft", {}, sources);
  const encoder = create("encoder_type", {
    scope: peft.encoder(root.child(ENCODER_PATH)),
    sampleShape: samples.sampleShape,
    source: samples.name,
  }, sources);
  const method = sources.config.model.feature_aggregation_method;
  const pooled = encoder.output === "tokens" && method === "joint";
  const head = create("head_type", {
    ...pickTask(task),
    scope: peft.head(root.child(HEAD_PATH)),
    embed_dim: pooled ? 2 * encoder.embed_dim : encoder.embed_dim,
  }, sources);
  checkBags(head, samples, sources);
  return {
    ...pickTask(task),
    bags: samples.bags,
    sampleShape: samples.sampleShape,
    parameters: parameters.list(),
    forward({ features, ...rest }, context) {
      const encoded = encoder.forward(features, context);
      return head.forward({ ...rest, features: aggregate(encoder, encoded, method) }, context);
    },
  };
}

function pickTask({ task, subtask, num_classes }: TaskInfo): TaskInfo {
  return { task, subtask, num_classes };
}

function checkBags(head: Head, { bags, name }: ModelSamples, { config }: BuildSources): void {
  if (bags === (head.input === "bag")) return;
  const found = bags ? "bags of instances" : "single instances";
  const wanted = bags ? "one embedding a sample" : "bags of instances";
  const message = `"${config.model.head.head_type}" takes ${wanted}, "${name}" holds ${found}`;
  throw new ConfigError([{ path: keyPath(SLOTS.head_type), message }]);
}

function aggregate(
  encoder: Encoder,
  encoded: Tensor,
  method: BuildSources["config"]["model"]["feature_aggregation_method"],
): Tensor {
  switch (encoder.output) {
    case "features":
      return encoded;
    case "tokens":
      return poolTokens(encoded, method, encoder.num_prefix_tokens ?? 0);
    case "map":
      return poolMaps(encoded);
  }
}
