/** What timm knows of its models: arguments, and what the weights of each tag expect. */
import type { Preprocessing } from "../../engine/images/preprocessing.ts";
import { didYouMean, quote } from "../../registry/errors.ts";
import efficientnet from "./_timm_efficientnet.json" with { type: "json" };
import eva from "./_timm_eva.json" with { type: "json" };
import base from "./_timm_models.json" with { type: "json" };
import others from "./_timm_others.json" with { type: "json" };
import swin from "./_timm_swin.json" with { type: "json" };

/** What the tag of a model says. */
export type TagPreprocessing = Required<Omit<Preprocessing, "nominalSize">>;

/** Architectures, by the names of timm's modules. */
export type Family =
  | "convnext"
  | "efficientnet"
  | "eva"
  | "resnet"
  | "swin_transformer"
  | "swin_transformer_v2"
  | "vision_transformer";

/** A tag's entry in the table; what is left out is as in most tags. */
interface TagEntry {
  /** Height and width in pixels. */
  readonly size: number;
  /** Which mean and standard deviation. */
  readonly statistics: string;
  /** How images are resized. @default {"bicubic"} */
  readonly interpolation?: string;
  readonly crop_pct: number;
  /** How images are cropped. @default {"center"} */
  readonly crop_mode?: string;
  /** Repository on the hub, `null` where there are no weights. @default {`timm/<name>.<tag>`} */
  readonly repository?: string | null;
}

/** Of each channel, on a scale from 0 to 1. */
type Statistics = Required<Pick<Preprocessing, "mean" | "std">>;

interface ModelEntry {
  readonly family: string;
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Arguments that only the model with weights of a tag has. @default {none} */
  readonly pretrained_kwargs?: Readonly<Record<string, unknown>>;
  /** The first one is what a name without tag stands for. */
  readonly tags: Readonly<Record<string, TagEntry>>;
}

/** One table for each file. */
const TABLES: readonly { readonly models: Readonly<Record<string, ModelEntry>> }[] = [
  base,
  efficientnet,
  eva,
  swin,
];
const MODELS: Readonly<Record<string, ModelEntry>> = Object.assign(
  {},
  ...TABLES.map(({ models }) => models),
);
const STATISTICS: Readonly<Record<string, Statistics>> = base.statistics;

/** What the models of timm are that are not built here, by name. */
const OTHERS: ReadonlyMap<string, string> = new Map(
  Object.entries(others.models).flatMap(([what, names]) => names.map((name) => [name, what])),
);

/** Names of all models, without tags. */
export const MODEL_NAMES: readonly string[] = Object.keys(MODELS);

/** A model with the weights of one tag. */
export interface TimmModel {
  /** Name without tag. */
  readonly name: string;
  /** Tag of the weights. */
  readonly tag: string;
  /** Its architecture. */
  readonly family: Family;
  /** Arguments of the architecture. */
  readonly kwargs: Readonly<Record<string, unknown>>;
  /** Arguments that it has besides where it starts from the weights of a tag. */
  readonly pretrainedKwargs: Readonly<Record<string, unknown>>;
  /** Repository on the hub that holds the weights, where there is one. */
  readonly repository: string | undefined;
  /** What the weights expect of images, in three channels. */
  readonly preprocessing: TagPreprocessing;
}

/** Copies of a name that users find on the hub: `hf_hub:timm/resnet50.a1_in1k`. */
const HUB_PREFIX = /^(?:hf[-_]hub:)?timm\//;

/**
 * Looks a model up.
 * @param type A name, with or without a tag: `resnet50`, `resnet50.a1_in1k`.
 * @throws {RangeError} if there is no such model or tag, with what it is in timm, the nearest name
 *   or the known tags.
 */
export function timmModel(type: string): TimmModel {
  const [name, ...rest] = type.replace(HUB_PREFIX, "").split(".");
  if (!Object.hasOwn(MODELS, name)) throw unknownModel(type, name);
  const { family, kwargs, pretrained_kwargs: pretrainedKwargs = {}, tags } = MODELS[name];
  const tag = rest.length > 0 ? rest.join(".") : Object.keys(tags)[0];
  if (!Object.hasOwn(tags, tag)) {
    const known = Object.keys(tags).map(quote).join(", ");
    throw new RangeError(
      `expected a tag of ${quote(name)} out of ${known}, received ${quote(tag)}`,
    );
  }
  const { repository = `timm/${name}.${tag}`, ...entry } = tags[tag];
  return {
    name,
    tag,
    family: family as Family,
    kwargs,
    pretrainedKwargs,
    repository: repository ?? undefined,
    preprocessing: preprocessingOf(entry),
  };
}

/** Says what a name stands for that is not built, or which one is near. */
function unknownModel(type: string, name: string): RangeError {
  const expected = `expected one of ${MODEL_NAMES.length} models of timm, received ${quote(type)}`;
  const what = OTHERS.get(name);
  return new RangeError(
    what === undefined
      ? `${expected}${didYouMean(name, [...MODEL_NAMES, ...OTHERS.keys()])}`
      : `${expected}, timm's ${what}, which is not built here: export it to an ONNX file in Python ` +
        "and use encoder_type onnx with that file",
  );
}

function preprocessingOf(entry: TagEntry): TagPreprocessing {
  const { size, statistics, interpolation = "bicubic", crop_pct, crop_mode = "center" } = entry;
  return {
    channels: 3,
    imageSize: [size, size],
    ...STATISTICS[statistics],
    interpolation: interpolation as TagPreprocessing["interpolation"],
    cropPct: crop_pct,
    cropMode: crop_mode as TagPreprocessing["cropMode"],
  };
}
