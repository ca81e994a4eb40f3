/**
 * What a plan finds in the labels of a feature file: how many classes there are.
 */
import { openFeatureFile } from "../../engine/features/feature_file.ts";
import { isPlainObject, type PlainObject } from "../../registry/config/objects.ts";
import type { Decision } from "./decision.ts";
import { needs } from "./_needs.ts";

/**
 * Finds the number of classes, and whether each sample may have several.
 * @param data The options of the dataset that somebody set.
 * @throws {ConfigError} if the labels may be several things.
 */
export async function decideTargets(data: Readonly<PlainObject>): Promise<Decision[]> {
  const { train_features_file: path, val_features_file, task, subtask } = data;
  if (typeof path !== "string") throw needs("train_features_file", "the features to train on");
  if (typeof val_features_file !== "string") {
    throw needs("val_features_file", "the features to validate on");
  }
  const names = isPlainObject(data.dataset_kwargs) ? data.dataset_kwargs : {};
  const { labels } = await openFeatureFile(path, { ...names, labels: "regression" });
  const { values, width } = labels;
  const targets = `"${path}" has ${width} target${width === 1 ? "" : "s"} per sample`;
  if (task === "Regression" || subtask === "regression") {
    return [{ path: "data.num_classes", value: width, reason: targets }];
  }
  const given = subtask === "multilabel" || subtask === "multiclass" ? subtask : undefined;
  const binary = values.every((value) => value === 0 || value === 1);
  if (given === "multilabel" || (given === undefined && width > 1 && binary)) {
    return [
      { path: "data.subtask", value: "multilabel", reason: `${targets}, all of them 0 or 1` },
      { path: "data.num_classes", value: width, reason: targets },
    ];
  }
  if (width > 1 || !values.every((value) => Number.isInteger(value) && value >= 0)) {
    const several = width > 1 ? '"multilabel" or ' : "";
    throw needs("subtask", `${several}"regression": ${targets}, not classes`);
  }
  let classes = 0;
  for (const value of values) classes = Math.max(classes, value + 1);
  const reason = `"${path}" has classes 0 to ${classes - 1}`;
  return [{ path: "data.num_classes", value: classes, reason }];
}
