/**
 * Names of extracted feature files.
 * @module
 */
import { basename, extname, join } from "node:path";
import type { ExtractConfig } from "../../registry/config/extract.ts";
import { ConfigError, didYouMean, quote } from "../../registry/errors.ts";
import type { Shard } from "../../registry/config/shards.ts";
import type { SplitName } from "../../registry/plugin.ts";
import { partPath } from "../shards/parts.ts";

/** Template of a file's name where the config gives none, as in GloViTa. */
const DEFAULT_TEMPLATE = "agg_{method}_{model}_{dataset}_{split}_size{imgsize}_float{precision}.h5";

/** What a file's name may tell besides the config. */
export interface NameFacts {
  /** Split. */
  readonly split: SplitName;
  /** Shape of a sample: images have a size. */
  readonly sampleShape: readonly number[];
  /** Which part of the split. */
  readonly shard?: Shard;
}

/**
 * Checks the template of the names, before there is anything to name.
 * @param config The resolved config.
 * @throws {ConfigError} if a placeholder is unknown, or several files would get one name.
 */
export function checkTemplate(config: ExtractConfig): void {
  const template = config.output_filename ?? DEFAULT_TEMPLATE;
  const known = Object.keys(placeholders(config, { split: "train", sampleShape: [] }));
  const path = "output_filename";
  for (const [, name] of template.matchAll(/\{([^{}]*)\}/g)) {
    if (known.includes(name)) continue;
    const listed = known.map((name) => `{${name}}`).join(" ");
    const message = `expected placeholders of ${listed}, received ${quote(`{${name}}`)}`;
    throw new ConfigError([{ path, message: message + didYouMean(name, known) }]);
  }
  if (/[{}]/.test(template.replace(/\{[^{}]*\}/g, ""))) {
    const message = `expected closed braces, received ${quote(template)}`;
    throw new ConfigError([{ path, message }]);
  }
  if (config.split === null && !template.includes("{split}")) {
    const message = `expected {split} in the name of several splits' files, or --split; ` +
      `received ${quote(template)}`;
    throw new ConfigError([{ path, message }]);
  }
}

/**
 * Names the file of a split.
 * @param config The resolved config, whose template has been checked.
 * @param facts Split, image size and shard.
 * @returns Path of the file.
 */
export function outputPath(config: ExtractConfig, facts: NameFacts): string {
  const values: Readonly<Record<string, string>> = placeholders(config, facts);
  const template = config.output_filename ?? DEFAULT_TEMPLATE;
  const name = template.replace(/\{([^{}]*)\}/g, (_, key: string) => values[key]);
  const path = join(config.output_dir, name);
  return facts.shard === undefined ? path : partPath(path, facts.shard);
}

function placeholders(
  { method, model, data, precision, checkpoint_path }: ExtractConfig,
  { split, sampleShape }: NameFacts,
): Record<string, string> {
  return {
    method,
    model: modelName(model.encoder),
    dataset: data.dataset,
    split,
    imgsize: sampleShape.length === 3 ? String(sampleShape[2]) : "na",
    precision: String(precision),
    checkpoint: checkpoint_path === null
      ? "none"
      : basename(checkpoint_path, extname(checkpoint_path)),
  };
}

/** An encoder's name as GloViTa writes it: no slashes, no dots. */
function modelName(encoder: ExtractConfig["model"]["encoder"]): string {
  const { type, variant, encoder_type } = encoder;
  const name = [type, variant].find((name) => typeof name === "string") ?? encoder_type;
  return String(name).replace(/[/\\.]/g, "_");
}
