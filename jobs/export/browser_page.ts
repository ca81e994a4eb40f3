/**
 * From an exported model to the page that opens it in a browser.
 * @module
 */
import { dirname } from "node:path";
import { DataError } from "../../engine/errors.ts";
import type { ModelMetadata } from "../../engine/onnx/encode.ts";
import { predictionGraph } from "../../engine/train/model.ts";
import type { ImageTransform } from "../../registry/plugin.ts";
import type { Registry } from "../../registry/registry.ts";
import type { LoadedModel } from "../predict/load_model.ts";
import type { ModelFiles } from "./model_file.ts";
import { type Page, writePage } from "./page/files.ts";
import { type TrainFiles, trainFiles } from "./train_graph.ts";

/** What a page is made of. */
export interface BrowserPageSources {
  /** The models that are inside the file. */
  readonly models: readonly LoadedModel[];
  /** Where plugins are looked up. */
  readonly registry: Registry;
  /** What becomes of an image before the model, for models of images. */
  readonly transform?: ImageTransform;
  /** What the model's file says of itself. */
  readonly metadata: ModelMetadata;
  /** The model's file, which lies in the folder. */
  readonly files: ModelFiles;
  /** Called with lines for the user. */
  readonly onNotice: (message: string) => void;
}

/**
 * Writes the page around a model.
 * @param folder The folder.
 * @param sources The model.
 * @throws {DataError} if the model is too large for browsers, or a file cannot be written.
 */
export async function writeBrowserPage(
  folder: string,
  { models, registry, transform, metadata, files, onNotice }: BrowserPageSources,
): Promise<void> {
  if (files.dataFile !== undefined) {
    throw new DataError(
      `Cannot write the page "${folder}": the model has ${files.bytes} bytes, browsers take 2 GB; ` +
        "it is halved by --precision 16",
      { file: dirname(files.file) },
    );
  }
  const [{ model, classNames }] = models;
  const { attention, attentionPerClass } = predictionGraph(model);
  const { producer, run, features } = metadata;
  const about: Page["about"] = {
    ...{ producer, run, models: models.length, bytes: files.bytes },
    input: model.bags ? "bags" : transform ? "images" : "features",
    subtask: model.subtask,
    numClasses: model.numClasses,
    ...(classNames && { classNames }),
    sampleShape: model.sampleShape,
    ...(transform && { transform }),
    ...(model.bags && attention && {
      attention: { perClass: attentionPerClass && model.subtask === "multiclass" },
    }),
    ...(features && { features: JSON.parse(features) }),
  };
  const train = about.input === "images" ? undefined : await training(models, registry, metadata);
  if (typeof train === "string") onNotice(`the page cannot train the model: ${train}`);
  await writePage(folder, { about, ...(typeof train === "object" && { train }) });
}

async function training(
  models: readonly LoadedModel[],
  registry: Registry,
  metadata: ModelMetadata,
): Promise<TrainFiles | string> {
  if (models.length > 1) return "it is several models in one";
  // What is trained there runs there: nothing here has checked it.
  const { "onnxruntime-node": _, ...versions } = JSON.parse(metadata.versions);
  const own = {
    ...{ ...metadata, checkpoints: "[]", precision: "32", trained_in: "browser" },
    versions: JSON.stringify(versions),
  };
  return await trainFiles(models[0], registry, own);
}
