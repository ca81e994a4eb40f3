/**
 * What an exported file says of itself, so that whoever gets it need not ask: ONNX's
 * `metadata_props`, names and texts.
 * @module
 */
import { createHash } from "node:crypto";
import { basename, dirname, resolve } from "node:path";
import { IR_VERSION, type ModelMetadata, OPSET } from "../../engine/onnx/encode.ts";
import { hostInfo } from "../../engine/platform/host.ts";
import { runtimeVersion } from "../../engine/runtime/session.ts";
import { VERSION } from "../../engine/version.ts";
import type { ImageTransform } from "../../registry/plugin.ts";
import type { LoadedModel } from "../predict/load_model.ts";

/** How a file was made. */
export interface ExportFacts {
  /** The models that are inside. */
  readonly models: readonly LoadedModel[];
  /** Bits of a stored weight. */
  readonly precision: 16 | 32;
  /** What becomes of an image before the model, for models of images. */
  readonly transform?: ImageTransform;
  /** Whether the file does that itself. */
  readonly withPreprocessing: boolean;
  /** By which versions. */
  readonly versions: ExportVersions;
}

/** Versions of what wrote a file and checked it, and of the format that it is in. */
export interface ExportVersions extends Readonly<Record<string, string | number>> {
  /** Version of the package. */
  readonly glovita: string;
  /** Version of the runtime that ran the file before it got its name. */
  readonly "onnxruntime-node": string;
  /** Version of ONNX's operators. */
  readonly opset: number;
  /** Version of ONNX's file format. */
  readonly ir: number;
}

/** The versions of this program: its runtime's under `deno` or `node`. */
export async function exportVersions(): Promise<ExportVersions> {
  const { deno, node } = hostInfo();
  return {
    glovita: VERSION,
    "onnxruntime-node": await runtimeVersion(),
    ...{ opset: OPSET, ir: IR_VERSION },
    ...(deno === undefined ? { node } : { deno }),
  };
}

/**
 * Says what a file is.
 * @param facts How it was made.
 * @returns Texts by name; lists and trees are JSON.
 */
export function modelMetadata(
  { models, precision, transform, withPreprocessing, versions }: ExportFacts,
): ModelMetadata {
  const [{ config, model, directory, classNames }] = models;
  const { features } = directory.readRuntimeInfo();
  return {
    producer: `glovita ${versions.glovita}`,
    versions: JSON.stringify(versions),
    task: model.task,
    subtask: model.subtask,
    num_classes: String(model.numClasses),
    ...(classNames && { class_names: JSON.stringify(classNames) }),
    input: withPreprocessing ? "image" : model.bags ? "bags" : transform ? "images" : "features",
    sample_shape: JSON.stringify(model.sampleShape),
    encoder: JSON.stringify(config.model.encoder),
    head: JSON.stringify(config.model.head),
    feature_aggregation_method: config.model.feature_aggregation_method,
    ...(features !== undefined && { features: JSON.stringify(features) }),
    ...(transform && { transform: JSON.stringify(transform) }),
    precision: String(precision),
    run: models.length === 1 ? runName(directory) : groupName(directory),
    checkpoints: JSON.stringify(models.map(checkpointName)),
    config_sha256: createHash("sha256").update(JSON.stringify(config)).digest("hex"),
  };
}

/** `dataset/group/fold`, which says nothing of the machine. */
function runName({ path }: LoadedModel["directory"]): string {
  return resolve(path).split(/[\\/]/).slice(-3).join("/");
}

/** `dataset/group`, of several folds. */
function groupName(directory: LoadedModel["directory"]): string {
  return dirname(runName(directory));
}

function checkpointName({ checkpoint, directory }: LoadedModel): string {
  return `${runName(directory)}/checkpoints/${basename(checkpoint)}`;
}
