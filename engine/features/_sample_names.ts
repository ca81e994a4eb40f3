/**
 * What feature files say of their samples besides features and targets: names, patients, and names of
 * the classes.
 * @module
 */
import { DataError } from "../errors.ts";
import type { Hdf5File } from "../storage/hdf5/hdf5.ts";

/** Names in a file. */
export interface SampleNames {
  /** Names of the samples. */
  readonly ids?: readonly string[];
  /** Their patients. */
  readonly patients?: readonly string[];
  /** Names of the classes. */
  readonly classNames?: readonly string[];
  /** Lines for the user. */
  readonly notices: readonly string[];
}

/**
 * Reads the names in a file: `sample_ids`, `patient_ids`, and the attribute `class_names`, all of
 * which may be missing.
 * @param file The open file.
 * @param samples Number of its samples.
 * @throws {DataError} if there is a name too many or too few, or a dataset is damaged.
 */
export function sampleNames(file: Hdf5File, samples: number): SampleNames {
  const notices: string[] = [];
  const textsOf = (name: string) => {
    if (file.kindOf(name) !== "dataset") return undefined;
    if (!file.holdsTexts(name)) {
      notices.push(`"${file.path}": dataset "${name}" holds no texts and is left out`);
      return undefined;
    }
    const texts = file.texts(name);
    if (texts.length === samples) return texts;
    throw new DataError(
      `Cannot read "${file.path}": dataset "${name}" has ${texts.length} texts but there are ` +
        `${samples} samples`,
      { file: file.path, dataset: name },
    );
  };
  const [ids, patients] = [textsOf("sample_ids"), textsOf("patient_ids")];
  const classNames = listOf(file.text("class_names"));
  return {
    ...(ids && { ids }),
    ...(patients && { patients }),
    ...(classNames && { classNames }),
    notices,
  };
}

/** A list of texts as JSON; `undefined` for anything else. */
function listOf(json: string | undefined): readonly string[] | undefined {
  if (json === undefined) return undefined;
  try {
    const list: unknown = JSON.parse(json);
    return Array.isArray(list) && list.every((name) => typeof name === "string") ? list : undefined;
  } catch {
    return undefined;
  }
}
