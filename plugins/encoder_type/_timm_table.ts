/** What timm knows of its models: arguments, and what the weights of each tag expect. */
import type { Preprocessing } from "../../engine/images/preprocessing.ts";
import { didYouMean, quote } from "../../registry/errors.ts";
import table from "./_timm_models.json" with { type: "json" };

/** What the tag of a model says. */
export type TagPreprocessing = Required<Omit<Preprocessing, "nominalSize">>;

/** Architectures, by the names of timm's modules. */
export type Family = "vision_transformer" | "resnet" | "convnext";

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
  /** The first one is what a name without tag stands for. */
  readonly tags: Readonly<Record<string, TagEntry>>;
}

const MODELS: Readonly<Record<string, ModelEntry>> = table.models;
const STATISTICS: Readonly<Record<string, Statistics>> = table.statistics;

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
 * @throws {RangeError} if timm has no such model or tag, with the nearest name or the known tags.
 */
export function timmModel(type: string): TimmModel {
  const [name, ...rest] = type.replace(HUB_PREFIX, "").split(".");
  if (!Object.hasOwn(MODELS, name)) {
    throw new RangeError(
      `expected one of ${MODEL_NAMES.length} models of timm, ` +
        `received ${quote(type)}${didYouMean(name, MODEL_NAMES)}`,
    );
  }
  const { family, kwargs, tags } = MODELS[name];
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
    repository: repository ?? undefined,
    preprocessing: preprocessingOf(entry),
  };
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
